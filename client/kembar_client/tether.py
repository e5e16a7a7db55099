"""Run a program that the kernel ends as soon as the one that started it ends.

`kembar up` runs its services through this file, so that none outlives it, not even when it is
killed. Linux only (`PR_SET_PDEATHSIG`); elsewhere an orderly stop alone ends the services.

    python tether.py PARENT_PID PROGRAM ARGUMENT...
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1


def main() -> None:
    """Tie this process to its parent, then become the program."""
    parent, program = int(sys.argv[1]), sys.argv[2:]
    if sys.platform == "linux":
        # SIGKILL, since nobody is left to wait for an orderly stop; stored uploads survive it.
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:
            sys.exit(1)
    os.execv(program[0], program)  # noqa: S606 - one process, not two, and no shell wanted


if __name__ == "__main__":
    main()
