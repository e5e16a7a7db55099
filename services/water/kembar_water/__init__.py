"""The water service of Kembar."""
