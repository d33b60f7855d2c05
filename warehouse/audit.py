"""The audit log: who exported, uploaded, decided, changed the policy or was refused, when. One line of JSON each, only ever added to."""

import json
import os
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd

FILE = "audit.jsonl"
COLUMNS = ["moment", "person", "role", "deed", "subject"]


def record(data: Path, person: str, role: str, deed: str, subject: str) -> None:
    """Adds one entry. `deed` is a code of the texts (deed.export …), `subject` what it was done to: a file, an offering, a policy."""
    entry = dict(zip(COLUMNS, [datetime.now(UTC).isoformat(timespec="seconds"), person, role, deed, subject], strict=True))
    line = json.dumps(entry, ensure_ascii=False) + "\n"
    handle = os.open(data / FILE, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    try:
        os.write(handle, line.encode())  # one write, so that entries of several processes never mix
    finally:
        os.close(handle)


def entries(data: Path) -> pd.DataFrame:
    """The whole log, latest first: moment (UTC), person, role, deed, subject."""
    path = data / FILE
    lines = path.read_text("utf-8").splitlines() if path.exists() else []
    return pd.DataFrame([json.loads(line) for line in reversed(lines)], columns=COLUMNS)
