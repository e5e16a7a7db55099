"""What a monitoring team gets: rules, dashboards, and what writes them from the catalogues."""
