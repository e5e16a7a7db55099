"""The air service of Kembar."""
