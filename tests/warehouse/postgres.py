"""A PostgreSQL server of the tests' own: Debian's programs, a socket in a folder of its own, no port."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import sqlalchemy


class Postgres:
    """A running server; PostgreSQL refuses to run as root, so then as the account postgres."""

    def __init__(self, programs: Path, folder: Path) -> None:
        self.programs, self.folder = programs, folder
        folder.mkdir(mode=0o777)
        folder.chmod(0o777)
        self._do("initdb", "-D", f"{folder}/base", "-A", "trust", "-U", "bureau")
        self.start()

    def address(self, database: str = "postgres") -> str:
        """The SQLAlchemy address of a database."""
        return f"postgresql+psycopg://bureau@/{database}?host={self.folder}"

    def new_database(self, name: str) -> str:
        """Makes an empty database and gives its address."""
        engine = sqlalchemy.create_engine(self.address(), isolation_level="AUTOCOMMIT")
        with engine.connect() as con:
            con.execute(sqlalchemy.text(f"create database {name}"))
        engine.dispose()
        return self.address(name)

    def start(self) -> None:
        """Starts it and waits until it answers."""
        options = f"-k {self.folder} -c listen_addresses=''"
        self._do("pg_ctl", "-D", f"{self.folder}/base", "-w", "-l", f"{self.folder}/log", "-o", options, "start")

    def stop(self) -> None:
        """Stops it as a fault would: at once."""
        self._do("pg_ctl", "-D", f"{self.folder}/base", "-m", "immediate", "stop")

    def _do(self, program: str, *options: str) -> None:
        as_postgres = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
        subprocess.run([*as_postgres, self.programs / program, *options], check=True, stdout=subprocess.DEVNULL, cwd="/tmp")


@contextmanager
def running_postgres() -> Iterator[Postgres]:
    """A server for as long as it is used; skips where PostgreSQL is not installed."""
    programs = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    if not programs:
        pytest.skip("PostgreSQL is not installed: make test installs it")
    server = Postgres(programs[-1].parent, Path("/tmp") / f"majorwatch-postgres-{os.urandom(4).hex()}")
    try:
        yield server
    finally:
        server.stop()
        shutil.rmtree(server.folder)
