"""Real forms, broken at random: every one is read or gets its entry, rows always add up, and good files beside them are untouched.

FUZZ_FILES says how many (default 120; `make fuzz` takes more); FUZZ_SEED which ones.
"""

import io
import os
import random
import zipfile
from pathlib import Path

import pytest

from warehouse.staging import read_submission_summary, stage

FILES = int(os.environ.get("FUZZ_FILES", "120"))
SEED = int(os.environ.get("FUZZ_SEED", "20191"))


def _flip(content: bytes, dice: random.Random) -> bytes:
    changed = bytearray(content)
    for _ in range(dice.randint(1, 12)):
        changed[dice.randrange(len(changed))] = dice.randrange(256)
    return bytes(changed)


def _cut(content: bytes, dice: random.Random) -> bytes:
    return content[: dice.randrange(1, len(content))]


def _double(content: bytes, dice: random.Random) -> bytes:
    start = dice.randrange(len(content))
    piece = content[start : start + dice.randint(1, 4000)]
    return content[:start] + piece * dice.randint(2, 40) + content[start:]


def _inside(content: bytes, dice: random.Random) -> bytes:
    """Breaks one part of a workbook and packs it again, so that the zip itself is whole."""
    if not zipfile.is_zipfile(io.BytesIO(content)):
        return _flip(content, dice)
    whole, packed = zipfile.ZipFile(io.BytesIO(content)), io.BytesIO()
    victim = dice.choice(whole.namelist())
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as book:
        for name in whole.namelist():
            part = whole.read(name)
            book.writestr(name, dice.choice([_flip, _cut, _double])(part, dice) if name == victim and part else part)
    return packed.getvalue()


def _words(content: bytes, dice: random.Random) -> bytes:
    """Puts hostile text where numbers stood."""
    hostile = [
        b"=1+1",
        b"'; drop table schools; --",
        b"<script>alert(1)</script>",
        "合计".encode(),
        b"\x00",
        b"1e309",
        b"-0",
        "９９９９９９９９９９９９".encode(),
        b'"',
    ]
    for _ in range(dice.randint(1, 5)):
        place = content.find(b",", dice.randrange(len(content)))
        content = content[: place + 1] + dice.choice(hostile) + content[place + 1 :]
    return content


@pytest.mark.slow
def test_broken_forms_never_break_the_reading(city: Path, tmp_path: Path) -> None:
    dice = random.Random(SEED)
    forms = sorted(path for path in (city / "inbox").iterdir() if path.suffix in (".xlsx", ".csv") and path.stat().st_size)
    inbox = tmp_path / "inbox"
    inbox.mkdir()
    (tmp_path / "data").mkdir()
    for number in range(FILES):
        form = dice.choice(forms)
        broken = dice.choice([_flip, _cut, _double, _inside, _inside, _words])(form.read_bytes(), dice)
        (inbox / f"{number:05d}{form.suffix}").write_bytes(broken)
    good = next(path for path in forms if path.suffix == ".xlsx" and "招生" in path.name)
    (inbox / "good.xlsx").write_bytes(good.read_bytes())
    (tmp_path / "alone").mkdir()
    (tmp_path / "alone" / "good.xlsx").write_bytes(good.read_bytes())
    (unbroken,) = stage(tmp_path / "alone", tmp_path / "elsewhere")
    staged = {entry.file: read_submission_summary(entry.folder) for entry in stage(inbox, tmp_path / "data")}
    assert len(staged) == FILES + 1
    for name, told in staged.items():
        assert told["rows_found"] == told["rows_accepted"] + told["rows_rejected"] + told["rows_skipped"], name
        assert min(told["rows_accepted"], told["rows_rejected"], told["rows_skipped"]) >= 0, name
        assert told["rows_accepted"] or told["rejects"] or told["rows_skipped"], name
        assert all(reject["reason_zh"] for reject in told["rejects"]), name
    assert staged["good.xlsx"] == read_submission_summary(unbroken.folder)
    assert staged["good.xlsx"]["rows_accepted"] > 0
