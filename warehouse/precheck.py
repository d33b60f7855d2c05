"""What would become of files before they are taken: read and validated aside, nothing published."""

import tempfile
from pathlib import Path

import pandas as pd

from warehouse import build
from warehouse.exports import reject_list
from warehouse.lineage import needed
from warehouse.policy import read_policy
from warehouse.settings import DEFAULT_POLICY
from warehouse.staging import stage
from warehouse.whole import write_whole

TARGETS = {"reject", "submission"}


def would_reject(inbox: Path, scratch: Path) -> tuple[pd.DataFrame, dict[str, int]]:
    """The rejects of an inbox, and its rows by outcome (found, accepted, rejected, skipped). RunRefused where there is no register."""
    return _rejects_of(inbox, scratch, "")


def precheck(files: dict[str, bytes], inbox: Path, reference_files: list[str]) -> tuple[pd.DataFrame, dict[str, int]]:
    """The same of a few new files (name -> content), judged against the registers and catalogues that the inbox already has."""
    with tempfile.TemporaryDirectory() as folder:
        aside, scratch = Path(folder) / "inbox", Path(folder) / "data"
        aside.mkdir()
        scratch.mkdir()
        for name in reference_files:
            if (inbox / name).is_file():
                (aside / f"reference-{Path(name).name}").symlink_to((inbox / name).resolve())
        for name, content in files.items():
            (aside / f"new-{Path(name).name}").write_bytes(content)
        rejects, rows = _rejects_of(aside, scratch, "new-")
    new = rejects["file"].str.startswith("new-")
    return rejects[new].assign(file=rejects["file"].str.removeprefix("new-")), rows


def _rejects_of(inbox: Path, scratch: Path, prefix: str) -> tuple[pd.DataFrame, dict[str, int]]:
    policy = read_policy(DEFAULT_POLICY)  # no policy changes what is accepted
    with build.connect_for_models() as con:
        build.load_inputs(con, build.RunInputs(tuple(stage(inbox, scratch)), policy))
        for _ in build.run_models(con, policy, needed(TARGETS)):
            pass
        counts = con.execute(
            "select sum(rows_found), sum(rows_accepted), sum(rows_rejected), sum(rows_skipped) from submission where starts_with(file, $prefix)",
            {"prefix": prefix},
        ).fetchall()[0]
        return reject_list(con), dict(zip(("found", "accepted", "rejected", "skipped"), (int(count or 0) for count in counts), strict=True))


def take(name: str, content: bytes, inbox: Path) -> Path:
    """Puts a file into the inbox whole or not at all; a file of the same name gets a number behind it and both stay."""
    plain = Path(name.replace("\\", "/")).name.lstrip(".") or "upload"
    target = inbox / plain
    number = 1
    while target.exists():
        number += 1
        target = inbox / f"{Path(plain).stem}-{number}{Path(plain).suffix}"
    write_whole(target, content)
    return target
