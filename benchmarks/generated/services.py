"""Valkey and PostgreSQL from the generated service's development dependencies, until stdin ends."""

import json
import sys
from pathlib import Path

from orbit.chassis.servers.postgresql import postgresql  # type: ignore[import-not-found]
from orbit.chassis.servers.valkey import valkey  # type: ignore[import-not-found]

if __name__ == "__main__":
    folder = Path(sys.argv[1])
    with valkey(folder / "valkey") as redis, postgresql(folder / "postgresql") as database:
        print(json.dumps({"REDIS_URL": redis, "DATABASE_URL": database}), flush=True)
        sys.stdin.read()
