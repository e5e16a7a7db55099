"""How fast Kembar is beside floors that run in the same minute: `make bench`."""
