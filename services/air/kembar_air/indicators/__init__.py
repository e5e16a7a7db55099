"""From days and hours to the indices of stations, and from days to the service's figures."""
