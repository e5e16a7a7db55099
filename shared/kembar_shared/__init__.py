"""What every service shares: how it lives (chassis) and what it measures (measurement)."""
