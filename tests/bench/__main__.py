"""Measure Kembar beside floors that run in the same minute, and tell it in tables.

Everything runs on this machine and is made anew: a gateway, a water service per case, a
PostgreSQL server from the wheel. Every file's receipt and every sum is checked against what was
sent; a number that does not fit ends the run.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
import time
import traceback
from pathlib import Path
from typing import Final

import psycopg

from tests.bench import files, indices, posts, product, reads, report, scrapes, trust
from tests.bench.ground import Ground, prepared
from tests.bench.results import Run, machine, now

CASES: Final = ("files", "naive", "posts", "trust", "reads", "indices", "scrapes")
SIZES: Final = (1000, 100_000, 1_000_000)
BLOCKS: Final = (1, 10)
LARGE_BLOCKS: Final = (1, 10, 48)
WEEK_H: Final = 7 * 24
"""Between two readings of a series in the quick run's history."""

NAMED: Final = "KEMBAR_BENCH_DATABASE_URL"


def main() -> None:
    """Do what the command line asks."""
    asked = _arguments()
    names = ("quick", "large", "rounds", "only", "rows", "blocks")
    options = {name: getattr(asked, name) for name in names}
    # Told to end, it ends as after Ctrl-C: what it started, it stops.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    began = time.monotonic()
    named = os.environ.get(NAMED)
    with prepared(asked.dir, named, asked.database or product.DATABASES, asked.rounds) as ground:
        failed = [case for case in asked.only if not _is_measured(ground, case, asked)]
        run = Run(now(), machine(ground.postgres_version()), options, ground.results)
    print(report.plain(run.results))
    print(f"\n{run.at}, {time.monotonic() - began:.0f} s, load average {os.getloadavg()[0]:.1f}")
    if asked.out:
        asked.out.write_text(
            json.dumps(run.as_json(), indent=1, ensure_ascii=False) + "\n", "utf-8"
        )
    if failed:
        sys.exit(f"failed: {', '.join(failed)}")
    if asked.docs:
        report.keep("large" if asked.large else "bench", run)


def _is_measured(ground: Ground, case: str, asked: argparse.Namespace) -> bool:
    """Measure *case*; what goes wrong ends it, and the others go on."""
    try:
        _measure(ground, case, asked)
    except (AssertionError, OSError, ValueError, psycopg.Error):
        traceback.print_exc()
        return False
    return True


def _measure(ground: Ground, case: str, asked: argparse.Namespace) -> None:
    before = len(ground.results)
    if case == "files":
        files.run(ground, asked.rows)
    elif case == "naive":
        files.run_naive(ground, 10_000 if asked.quick else 100_000)
    elif case == "posts":
        posts.run(ground)
    elif case == "trust":
        trust.run(ground)
    elif case == "indices":
        indices.run(ground)
    elif case == "scrapes":
        scrapes.run(ground, scrapes.QUICK if asked.quick else scrapes.SERIES)
    else:
        reads.run(ground, asked.blocks, hours_apart=WEEK_H if asked.quick else 1)
    ground.say("\n" + report.plain(ground.results[before:]))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="make bench", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="small sizes, one round: two minutes")
    parser.add_argument("--large", action="store_true", help="reads alone, up to 50 million rows")
    parser.add_argument("--rounds", type=int, help="how often each case runs (3; quick: 1)")
    parser.add_argument("--only", nargs="+", choices=CASES, help="these cases alone")
    parser.add_argument(
        "--database", action="append", choices=product.DATABASES, help="this one alone"
    )
    parser.add_argument("--rows", type=int, nargs="+", help="sizes of the files")
    parser.add_argument(
        "--blocks", type=int, nargs="+", help="sizes of the stores that are read, in uploads"
    )
    parser.add_argument("--dir", type=Path, help="where databases are made (temporary files)")
    parser.add_argument("--out", type=Path, help="write the results here as JSON")
    parser.add_argument(
        "--docs",
        action=argparse.BooleanOptionalAction,
        help="renew docs/performance.* (by default where everything was measured)",
    )
    asked = parser.parse_args()
    is_whole = not (asked.quick or asked.only or asked.database or asked.rows or asked.blocks)
    asked.docs = is_whole if asked.docs is None else asked.docs
    asked.rounds = asked.rounds or (1 if asked.quick else 3)
    asked.rows = asked.rows or (SIZES[:-1] if asked.quick else SIZES)
    asked.blocks = asked.blocks or (LARGE_BLOCKS if asked.large else BLOCKS)
    asked.only = asked.only or (["reads"] if asked.large else list(CASES))
    return asked


if __name__ == "__main__":
    main()
