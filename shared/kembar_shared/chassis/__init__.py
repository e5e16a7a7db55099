"""How a service lives; knows nothing of the environment."""
