"""From days of masses to the service's figures and index values; one module per kind of figure."""
