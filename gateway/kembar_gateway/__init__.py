"""The gateway of Kembar: identity, register and outcomes of the cooperation."""
