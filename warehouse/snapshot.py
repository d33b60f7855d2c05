"""Snapshots on disk: build aside, publish, open read-only, keep, go back.

A snapshot is one DuckDB file that never changes after it is published. It is built aside under a name of its own;
`current` names the published one and is replaced atomically, so a run that dies anywhere leaves it as it was.
"""

import getpass
import os
import shutil
from pathlib import Path

import duckdb

from warehouse import audit
from warehouse.whole import write_whole

SNAPSHOTS_KEPT = 10


def building_path(data: Path, snapshot_id: str) -> Path:
    """Where a snapshot is built aside; leftovers of runs that died are removed first (the caller holds the run lock)."""
    folder = data / "snapshots"
    folder.mkdir(parents=True, exist_ok=True)
    discard_builds(data)
    return folder / f".building-{snapshot_id}-{os.getpid()}"


def discard_builds(data: Path) -> None:
    """Removes every unfinished build with all that belongs to it (the caller holds the run lock)."""
    for leftover in (data / "snapshots").glob(".building-*"):
        if leftover.is_dir():  # what the database set down because it didn't fit into memory
            shutil.rmtree(leftover)
        else:
            leftover.unlink()


def publish(data: Path, snapshot_id: str, building: Path | None = None) -> None:
    """Names the snapshot as the published one, moving a finished build into place first; then removes the oldest beyond those kept."""
    target = data / "snapshots" / f"{snapshot_id}.duckdb"
    before = _policy_in_force(published(data))
    if building is not None:
        with building.open("rb") as finished:
            os.fsync(finished.fileno())
        building.replace(target)
    os.utime(target)
    write_whole(data / "current", f"{snapshot_id}\n".encode())
    kept = sorted((data / "snapshots").glob("*.duckdb"), key=lambda path: path.stat().st_mtime_ns, reverse=True)
    for old in kept[SNAPSHOTS_KEPT:]:
        if old != target:  # where the clock went back, the newest is not the latest by time
            old.unlink()
    now = _policy_in_force(target)
    if before and now and before != now:
        audit.record(data, getpass.getuser(), "", "policy", f"{before[0]} → {now[0]}")


def _policy_in_force(path: Path | None) -> tuple[str, str] | None:
    """Id and full text of the policy that a snapshot was judged by."""
    if path is None:
        return None
    with open_snapshot(path) as con:
        return con.execute("select policy_id, policy_json from snapshot").fetchall()[0]


def standing_snapshot(data: Path, snapshot_id: str) -> Path | None:
    """The finished file of that snapshot, if it stands: only finished builds are ever moved under this name."""
    path = data / "snapshots" / f"{snapshot_id}.duckdb"
    return path if path.exists() else None


def published(data: Path) -> Path | None:
    """The published snapshot's file, or None where nothing was published yet."""
    current = data / "current"
    return standing_snapshot(data, current.read_text("utf-8").strip()) if current.exists() else None


def open_snapshot(path: Path) -> duckdb.DuckDBPyConnection:
    """A read-only connection. Every snapshot has a path of its own, so a reader of an older one is never disturbed."""
    return duckdb.connect(str(path), read_only=True)
