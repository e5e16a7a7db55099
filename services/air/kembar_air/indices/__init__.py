"""Published formulas of air quality on arrays, each module one of them."""
