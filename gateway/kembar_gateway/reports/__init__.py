"""Reports of a cooperation: made from stored figures, reviewed, signed, and never changed again."""
