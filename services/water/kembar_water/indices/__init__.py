"""Published water quality formulas on arrays; limits and constants are arguments."""
