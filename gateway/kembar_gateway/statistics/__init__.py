"""Say of a series no more than it bears: trends, and effects beside a control.

Numpy arrays or plain points in, frozen dataclasses out; `guard.assess` is what outcomes ask.
"""
