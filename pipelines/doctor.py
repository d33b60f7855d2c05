"""majorwatch doctor: is everything in place, and if not, what to do. Looks, and changes nothing."""

import os
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from warehouse import snapshot
from warehouse.policy import PolicyError, read_policy
from warehouse.refusal import RunRefused
from warehouse.settings import read_settings
from warehouse.source_state import source_states
from warehouse.texts import sentence

LEAST_FREE_BYTES = 2 * 2**30


@dataclass(frozen=True)
class Finding:
    """One thing looked at: whether it is in order, and the sentence that says so or what to do."""

    is_fine: bool
    text: str


def examine(data: Path, inbox: Path, policy: str) -> Iterator[Finding]:
    """Python, folders, disk, inbox, policy, settings, sources and what is published, in this order."""
    yield _finding(sys.version_info >= (3, 11), "python", version=".".join(map(str, sys.version_info[:3])))
    folder = next(path for path in (data, *data.absolute().parents) if path.exists())
    yield _finding(os.access(folder, os.W_OK), "writable", folder=data)
    free = shutil.disk_usage(folder).free
    yield _finding(free >= LEAST_FREE_BYTES, "disk", free=f"{free / 2**30:.1f}")
    files = sum(path.is_file() for path in inbox.rglob("*")) if inbox.is_dir() else 0
    yield _finding(files > 0, "inbox", folder=inbox, files=files)
    yield from _refusals("policy", lambda: read_policy(policy), policy=policy)
    yield from _refusals("settings", read_settings)
    for state in source_states(data):
        yield _finding(not state.problem, "source", name=state.name, rows=state.rows, problem=state.problem)
    standing = snapshot.published(data)
    yield _finding(standing is not None, "published", snapshot=standing.stem if standing else "", data=data)


def _finding(is_fine: bool, key: str, **values: object) -> Finding:
    return Finding(is_fine, sentence(f"doctor.{key}_{'fine' if is_fine else 'amiss'}", "zh", **values))


def _refusals(key: str, read, **values: object) -> Iterator[Finding]:
    try:
        read()
    except (RunRefused, PolicyError) as refusal:
        yield Finding(False, str(refusal))
    else:
        yield Finding(True, sentence(f"doctor.{key}_fine", "zh", **values))
