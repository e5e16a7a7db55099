"""Files of evidence: what the register names by a digest, kept so that others can look at it.

media     what a file is, by what it holds
naming    which entries name which digests
store     the statements
reception how a file comes in
routes    sending, listing and fetching them
"""
