"""Published formulas for waste on arrays, each with its source; one module per idea."""
