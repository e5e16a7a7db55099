"""From days to index values of samples and years, and from those to the service's figures."""
