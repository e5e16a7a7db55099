"""The waste service of Kembar."""
