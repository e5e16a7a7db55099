"""What every service shares: how it lives (chassis) and what it measures (measurement)."""

import os

# Polars' allocator keeps what is freed for ten seconds, which a large upload never sees again, and
# gives it back only while it is asked for more. It reads this when it is loaded, and so before
# anything of ours can be told; see docs/operations.md.
os.environ.setdefault(  # noqa: TID251  set, not read, and for a library
    "_RJEM_MALLOC_CONF", "dirty_decay_ms:10,muzzy_decay_ms:0,narenas:1,background_thread:true"
)
