"""The kembar command."""
