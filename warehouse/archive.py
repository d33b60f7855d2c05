"""What a deployment must not lose, in one file: snapshots, the pointer, staged submissions, the inbox, saved views, the salt and settings."""

import tarfile
from pathlib import Path

from warehouse.refusal import RunRefused
from warehouse.snapshot import published
from warehouse.texts import sentence

LEFT_OUT = {"dagster", ".run.lock"}


def back_up(data: Path, target: Path) -> int:
    """Writes everything under `data` (but Dagster's own state and half-written files) to a tar.gz; returns how many files."""
    if published(data) is None:
        raise RunRefused(sentence("run.not_published", "zh", data=data))
    aside = target.with_name(f".{target.name}.part")
    count = 0
    with tarfile.open(aside, "w:gz") as archive:
        for path in sorted(data.rglob("*")):
            name = path.relative_to(data)
            if path.is_file() and name.parts[0] not in LEFT_OUT and not path.name.startswith((".building-", ".current-")):
                archive.add(path, name.as_posix())
                count += 1
    aside.replace(target)
    return count


def restore(source: Path, data: Path) -> int:
    """Unpacks a backup into an empty or absent folder; returns how many files. RunRefused where anything stands there, or it is no backup."""
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
