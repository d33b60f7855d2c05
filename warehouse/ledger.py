"""The ledger: every decision, opinion, response, appeal and undoing, on which snapshot, by whom and when. Only ever added to, never rebuilt.

SQLite beside the snapshots (ledger.db, write-ahead log), or any database by its SQLAlchemy address. Entries of one offering are numbered 1, 2, 3 …;
the number is unique, so of two people who decide the same offering at once the second is told.
"""

import json
import threading
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import pandas as pd
import sqlalchemy as sa
from alembic import command
from alembic.config import Config

from warehouse.settings import read_settings, secret

FILE = "ledger.db"
SECONDS_TO_WAIT = 30
metadata = sa.MetaData()
entry_table = sa.Table(
    "entry",
    metadata,
    sa.Column("school_id", sa.String(64), primary_key=True),
    sa.Column("major_code", sa.String(32), primary_key=True),
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("year", sa.Integer, nullable=False),
    sa.Column("act", sa.String(32), nullable=False),
    sa.Column("case_state", sa.String(32), nullable=False),
    sa.Column("plan", sa.Integer),
    sa.Column("until", sa.String(10), nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("document", sa.Text, nullable=False),
    sa.Column("details", sa.Text, nullable=False),
    sa.Column("suggested", sa.String(32), nullable=False),
    sa.Column("suggested_plan", sa.Integer),
    sa.Column("level", sa.String(64), nullable=False),
    sa.Column("undoes", sa.Integer),
    sa.Column("person", sa.String(255), nullable=False),
    sa.Column("role", sa.String(32), nullable=False),
    sa.Column("moment", sa.String(32), nullable=False),
    sa.Column("snapshot_id", sa.String(32), nullable=False),
    sa.Column("policy_id", sa.String(255), nullable=False),
)
ENTRY_COLUMNS = [*(column.name for column in entry_table.columns), "is_effective"]
_upgrading = threading.Lock()


class Contested(Exception):
    """Somebody else wrote an entry on this offering first; `entry` is theirs. Nothing was lost: look at it and decide again."""

    def __init__(self, entry: Mapping[str, Any]) -> None:
        self.entry = entry
        super().__init__(f"entry {entry['number']} by {entry['person']}")


class Ledger:
    """One ledger, brought to the newest form when it is first opened."""

    def __init__(self, address: str) -> None:
        self.engine = _engine(address)

    def entries(self) -> pd.DataFrame:
        """Every entry, in order of offering and number: ENTRY_COLUMNS; `is_effective` is false for an undoing and for what was undone."""
        frame = pd.DataFrame(self._read(), columns=ENTRY_COLUMNS)
        for count in ("plan", "suggested_plan", "undoes"):
            frame[count] = frame[count].astype("Int64")
        return frame

    def of_offering(self, school_id: str, major_code: str) -> list[dict[str, Any]]:
        """The entries of one offering, oldest first, as in `entries`."""
        return self._read(entry_table.c.school_id == school_id, entry_table.c.major_code == major_code)

    def _read(self, *where: sa.ColumnElement[bool]) -> list[dict[str, Any]]:
        """The entries of whole offerings."""
        key = (entry_table.c.school_id, entry_table.c.major_code, entry_table.c.number)
        with self.engine.connect() as con:
            rows = con.execute(sa.select(entry_table).where(*where).order_by(*key)).mappings().all()
        undone = {(row["school_id"], row["major_code"], row["undoes"]) for row in rows}
        return [
            {**row, "is_effective": row["act"] != "undo" and (row["school_id"], row["major_code"], row["number"]) not in undone}
            for row in rows
        ]

    def add(self, entry: Mapping[str, Any]) -> None:
        """Adds one entry under its number. Contested where that number is taken."""
        try:
            with self.engine.begin() as con:
                con.execute(entry_table.insert().values(**entry))
        except sa.exc.IntegrityError:
            earlier = self.of_offering(entry["school_id"], entry["major_code"])
            raise Contested(earlier[-1]) from None

    def back_up(self, target: Path) -> None:
        """Writes a whole and consistent copy of a SQLite ledger, also while others write."""
        with self.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as con:
            con.execute(sa.text("vacuum into :target"), {"target": str(target)})


def address_of(data: Path) -> str:
    """The SQLAlchemy address of the ledger: of the settings' database, else of the file beside the snapshots."""
    settings = read_settings()
    return secret(settings.ledger_env) if settings.ledger_env else f"sqlite:///{data.resolve() / FILE}"


def is_begun(data: Path) -> bool:
    """Whether there is a ledger to read; reading alone never makes one."""
    return bool(read_settings().ledger_env) or (data / FILE).exists()


def ledger_of(data: Path) -> Ledger:
    """The ledger of a data folder."""
    return Ledger(address_of(data))


def entries_of(data: Path) -> pd.DataFrame:
    """Every entry (Ledger.entries); none where no ledger was begun."""
    return ledger_of(data).entries() if is_begun(data) else pd.DataFrame(columns=ENTRY_COLUMNS)


def details_of(entry: Mapping[str, Any]) -> dict[str, Any]:
    """What belongs to one sort of entry only: merge_into, pupils, teachers, findings …"""
    return json.loads(entry["details"] or "{}")


@cache
def _engine(address: str) -> sa.Engine:
    is_file = address.startswith("sqlite")
    engine = sa.create_engine(address, pool_pre_ping=True, connect_args={"timeout": SECONDS_TO_WAIT} if is_file else {})
    if is_file:

        @sa.event.listens_for(engine, "connect")
        def _write_ahead(connection: Any, _: Any) -> None:
            connection.execute("pragma journal_mode = wal")
            connection.execute("pragma synchronous = full")

    with _upgrading, engine.begin() as con:
        migrations = Config()
        migrations.set_main_option("script_location", str(files("warehouse") / "migrations"))
        migrations.attributes["connection"] = con
        command.upgrade(migrations, "head")
    if is_file:
        Path(address.removeprefix("sqlite:///")).chmod(0o600)
    return engine
