"""Webhooks: partners' machines are told what changed, at least once and in order."""
