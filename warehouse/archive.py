"""What a deployment must not lose, in one file: snapshots, the pointer, staged submissions, the inbox, ledger and documents, views, salt, settings."""

import os
import tarfile
import tempfile
from pathlib import Path

from warehouse import ledger
from warehouse.refusal import RunRefused
from warehouse.settings import FILE as SETTINGS
from warehouse.snapshot import published
from warehouse.texts import sentence

LEFT_OUT = {"dagster", ".run.lock", ledger.FILE, f"{ledger.FILE}-wal", f"{ledger.FILE}-shm"}


def back_up(data: Path, target: Path) -> int:
    """Writes everything under `data` (but Dagster's own state and half-written files) and the settings file to a tar.gz; returns how many
    files. A ledger in a database of its own is not in it: that database is backed up by its own means."""
    if published(data) is None:
        raise RunRefused(sentence("run.not_published", "zh", data=data))
    aside = target.with_name(f".{target.name}.part")
    settings = Path(os.environ.get("MAJORWATCH_CONFIG", SETTINGS))
    with tempfile.TemporaryDirectory() as scratch, tarfile.open(aside, "w:gz") as archive:
        kept = {
            path.relative_to(data).as_posix(): path
            for path in sorted(data.rglob("*"))
            if path.is_file() and path.relative_to(data).parts[0] not in LEFT_OUT and not path.name.startswith((".building-", ".current-"))
        }
        if settings.is_file():
            kept[SETTINGS] = settings
        if (data / ledger.FILE).exists():
            kept[ledger.FILE] = Path(scratch) / ledger.FILE
            ledger.Ledger(f"sqlite:///{data.resolve() / ledger.FILE}").back_up(kept[ledger.FILE])
        for name, path in kept.items():
            archive.add(path, name)
    aside.replace(target)
    return len(kept)


def restore(source: Path, data: Path) -> int:
    """Unpacks a backup into an empty or absent folder; returns how many files. RunRefused where anything stands there, or it is no backup.

    The settings file lands in the folder too, to be put where the commands are started.
    """
    if data.exists() and any(data.iterdir()):
        raise RunRefused(sentence("archive.not_empty", "zh", data=data))
    try:
        with tarfile.open(source, "r:gz") as archive:
            members = [member for member in archive.getmembers() if member.isfile()]
            data.mkdir(parents=True, exist_ok=True)
            archive.extractall(data, members, filter="data")
    except (tarfile.TarError, EOFError) as error:
        raise RunRefused(sentence("archive.broken", "zh", file=source)) from error
    if published(data) is None:
        raise RunRefused(sentence("archive.broken", "zh", file=source))
    return len(members)
