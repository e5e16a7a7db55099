"""What follows from the register's entries: counted, never typed in. Pure.

values         a number with a state; ratios that name their denominator
realisation    how far commitments have come
budget         needed, committed, disbursed and spent, in two currencies
assistance     who gave whom what
composition    what kinds of activities there were
terms          what each entry adds to an outcome of the cooperation itself
disrupted      which months were declared to be disrupted
deadlines      what is overdue, silent, or only a plan
sampling       evidence drawn for an audit
targets        what targets were, and why they were changed
"""
