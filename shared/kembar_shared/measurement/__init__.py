"""What a service measures; knows no particular service."""
