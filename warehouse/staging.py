"""The inbox -> data/staged: per distinct file content, accepted rows (Parquet) and what was rejected; nothing is read twice.

Reading happens in worker processes with a memory and a time limit, so that a hostile file costs one entry and not the run.
"""

import errno
import hashlib
import json
import os
import secrets
import shutil
from collections.abc import Iterator, Sequence
from concurrent.futures import TimeoutError as ReadTimeout
from dataclasses import asdict, dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path

from warehouse.texts import Language, sentence
from warehouse.whole import write_whole

READING_CODE = (
    "submissions.py",
    "contracts.py",
    "staging.py",
    "dictionary.toml",
    "dictionary.py",
    "texts/zh.toml",
    "texts/en.toml",
)
FILES_A_BATCH = 60
BYTES_A_BATCH = 8 * 2**20
PARQUET_GROWS = 5  # student records as text in memory, against other files of the same size
SECONDS_A_FILE = 120
MEMORY_OF_A_WORKER = 1536 * 2**20
LARGEST_FILE = 512 * 2**20
LOOKS_AT_A_CHANGING_FILE = 5
_COMPLETE = "submission.json"


@dataclass(frozen=True)
class StagedFile:
    """One submission: its path within the inbox, the hash of its content, and the folder of what was read from it."""

    file: str
    content_hash: str
    folder: Path


def stage(inbox: Path, data: Path) -> list[StagedFile]:
    """Reads every new content once; returns all submissions of the inbox in order of submission, earliest first.

    Earlier is: first seen earlier; on the same run, older by modification time; then by file name (docs/data).
    """
    root = data / "staged" / _fingerprint()
    root.mkdir(parents=True, exist_ok=True)
    paths = sorted(path for path in inbox.rglob("*") if path.is_file() and not path.name.startswith((".", "~$")))
    for _ in range(LOOKS_AT_A_CHANGING_FILE):
        found = [(path, _name(path.relative_to(inbox)), _content_hash(path)) for path in paths]
        unread = {content: path for path, _, content in found if not (root / content / _COMPLETE).exists()}
        if unread:
            _read_all(unread, root, _salt(data))
        changed = [content for content, path in unread.items() if _content_hash(path) != content]
        for content in changed:  # what was read may be neither the old nor the new content
            shutil.rmtree(root / content)
        if not changed:
            break
    else:
        raise OSError(errno.EBUSY, sentence("run.changing", "zh"), str(unread[changed[0]]))
    batches = _batches_seen(data, [f"{name}|{content}" for _, name, content in found])
    order = [(batches[f"{name}|{content}"], path.stat().st_mtime_ns, name, content) for path, name, content in found]
    return [StagedFile(file, content, root / content) for _, _, file, content in sorted(order)]


@cache
def read_submission_summary(folder: Path) -> dict:
    """The parsed submission.json of a staged folder: counts, sheets, ignored columns, totals, rejects, scopes."""
    return json.loads((folder / _COMPLETE).read_text("utf-8"))


@cache
def _fingerprint() -> str:
    """Changes with the reading code, so that a new version of it reads everything again."""
    digest = hashlib.sha256()
    for name in READING_CODE:
        digest.update((files("warehouse") / name).read_bytes())
    return digest.hexdigest()[:12]


def _name(path: Path) -> str:
    """The path as it is shown; a name that isn't UTF-8, as archives packed on Chinese Windows leave it, is read as GB18030."""
    name = os.fsencode(path.as_posix())
    try:
        return name.decode("utf-8")
    except UnicodeDecodeError:
        return name.decode("gb18030", "replace")


def _content_hash(path: Path) -> str:
    """Of the bytes and the suffix, which says how they are read: text handed in again as .csv is another submission."""
    with path.open("rb") as content:
        digest = hashlib.file_digest(content, "sha256")
    digest.update(path.suffix.lower().encode())
    return digest.hexdigest()[:32]


def _salt(data: Path) -> bytes:
    """The salt of student ids: from MAJORWATCH_SALT, else random and kept beside the data, readable by its owner only."""
    if given := os.environ.get("MAJORWATCH_SALT"):
        return given.encode()[:64]
    path = data / "salt"
    if not path.exists():
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as new:
            new.write(secrets.token_bytes(32))
    return path.read_bytes()


def _batches_seen(data: Path, names: list[str]) -> dict[str, int]:
    """In which run each path and content was seen first; new ones are noted."""
    path = data / "staged" / "seen.json"
    seen: dict[str, int] = json.loads(path.read_text("utf-8")) if path.exists() else {}
    new = [name for name in names if name not in seen]
    if new:
        batch = max(seen.values(), default=0) + 1
        seen |= dict.fromkeys(new, batch)
        write_whole(path, json.dumps(seen, ensure_ascii=False).encode())
    return seen


# ------------------------------------------------------------------------------------------------ workers


def _read_all(unread: dict[str, Path], root: Path, salt: bytes) -> None:
    """Reads in batches; a batch whose worker dies or takes too long is read again file by file, and the file at fault gets its entry."""
    import multiprocessing

    from pebble import ProcessExpired, ProcessPool
    from pyarrow import ArrowException

    workers = min(os.cpu_count() or 1, 4)
    with ProcessPool(max_workers=workers, context=multiprocessing.get_context("spawn"), initializer=_confine) as pool:
        waiting = [(batch, pool.schedule(read_batch, args=[batch, root, salt], timeout=SECONDS_A_FILE)) for batch in _in_batches(unread)]
        while waiting:
            batch, reading = waiting.pop(0)
            try:
                reading.result()
            except (ReadTimeout, ProcessExpired, MemoryError, ArrowException) as failure:  # the last: no memory left, as arrow tells it
                if len(batch) > 1:
                    waiting += [([one], pool.schedule(read_batch, args=[[one], root, salt], timeout=SECONDS_A_FILE)) for one in batch]
                else:
                    ((content, _),) = batch
                    _stage_unreadable(root, content, "too_slow" if isinstance(failure, ReadTimeout) else "too_large")


def _in_batches(unread: dict[str, Path]) -> Iterator[list[tuple[str, Path]]]:
    batch: list[tuple[str, Path]] = []
    size = 0
    for content, path in unread.items():
        weight = path.stat().st_size * (PARQUET_GROWS if path.suffix.lower() == ".parquet" else 1)
        if batch and (len(batch) >= FILES_A_BATCH or size + weight > BYTES_A_BATCH):
            yield batch
            batch, size = [], 0
        batch.append((content, path))
        size += weight
    if batch:
        yield batch


def _confine() -> None:
    """Holds a worker to what it starts with plus MEMORY_OF_A_WORKER of address space (Linux).

    What a native reader prints as it dies of a hostile file is dropped; what read_batch raises still reaches the run.
    """
    import resource

    import pyarrow.parquet  # noqa: F401
    import python_calamine  # noqa: F401

    import warehouse.contracts  # noqa: F401  # what every batch needs is loaded before the limit is set

    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
    status = Path("/proc/self/statm")
    if status.exists():
        started_with = int(status.read_text().split()[0]) * os.sysconf("SC_PAGE_SIZE")
        limit = started_with + MEMORY_OF_A_WORKER
        resource.setrlimit(resource.RLIMIT_AS, (limit, limit))


def read_batch(batch: Sequence[tuple[str, Path]], root: Path, salt: bytes) -> None:
    """Reads some files together (one contract call per dataset) and stages each. Runs in a worker."""
    import pandas as pd

    from warehouse.contracts import judge
    from warehouse.dictionary import dictionary
    from warehouse.submissions import Submission

    submissions: dict[str, Submission] = {}
    for content, path in batch:
        submission = _read_one(path, content)
        if isinstance(submission, str):
            _stage_unreadable(root, content, submission)
        else:
            submissions[content] = submission
    accepted: dict[str, dict[str, pd.DataFrame]] = {content: {} for content in submissions}
    rejects: dict[str, list[dict]] = {content: [] for content in submissions}
    for dataset in dictionary().datasets.values():
        blocks = [
            (content, block)
            for content, submission in submissions.items()
            for block in submission.blocks
            if block.dataset.name == dataset.name
        ]
        if not blocks:
            continue
        raw = pd.concat(
            [block.cells.assign(submission=content, sheet=block.sheet, block=place) for place, (content, block) in enumerate(blocks)],
            ignore_index=True,
        )
        for name in set(raw.columns) - {"row", "block"}:
            raw[name] = raw[name].fillna("").astype("str")
        good, faults = judge(raw.drop(columns="sheet"), dataset, salt, [list(block.cells.columns) for _, block in blocks])
        good.insert(1, "sheet", raw["sheet"].loc[good.index].astype("string"))
        for content, rows in good.groupby("submission", sort=False):
            accepted[str(content)][dataset.name] = rows.drop(columns="submission")
        for fault in faults:
            row = raw.loc[fault.position]
            headers = blocks[row["block"]][1].headers
            rejects[row["submission"]].append(
                {
                    "sheet": row["sheet"],
                    "row": int(row["row"]),
                    "header": headers.get(fault.column) or headers.get("school_name", ""),
                    "value": fault.value,
                    "reason_zh": fault.reason_zh,
                    "reason_en": fault.reason_en,
                }
            )
    for content, submission in submissions.items():
        _stage_one(root, content, submission, accepted[content], rejects[content])


def _read_one(path: Path, content_hash: str):  # a Submission, or the key of why there is none
    from warehouse.submissions import SUFFIXES, Problem, Submission, UnreadableSubmission, read_submission

    suffix = path.suffix.lower()
    if suffix not in SUFFIXES:
        return "unsupported"
    if path.stat().st_size > LARGEST_FILE:
        return "too_large"
    content = path.read_bytes()
    if _content_hash(path) != content_hash:
        return "changed_while_read"
    try:
        return read_submission(content, suffix)
    except UnreadableSubmission as error:
        return Submission(problems=[Problem(error.key, error.values)])
    except MemoryError:
        return "too_large"
    except BaseException as error:
        if type(error).__name__ == "PanicException":  # the workbook reader met a file that its authors didn't foresee
            return "not_a_workbook"
        raise


def _stage_one(root: Path, content: str, submission, accepted: dict, rejects: list[dict]) -> None:
    scopes: set[tuple[str, int | None, str | None]] = set()
    for name, rows in accepted.items():
        if "year" in rows and "school_id" in rows:
            pairs = rows[["year", "school_id", "school_name"]].drop_duplicates()
            scopes |= {
                (name, int(year), str(school))
                for year, school in zip(pairs["year"], pairs["school_id"].fillna(pairs["school_name"]), strict=True)
            }
        else:
            scopes.add((name, None, None))
    summary = {
        "rows_found": submission.rows_found,
        "rows_skipped": submission.rows_skipped,
        "rows_accepted": sum(len(rows) for rows in accepted.values()),
        "rows_rejected": len(rejects),
        "datasets": sorted({block.dataset.name for block in submission.blocks}),
        "sheets": [
            {
                "sheet": block.sheet,
                "dataset": block.dataset.name,
                "header_row": block.header_row,
                "headers": block.headers,
            }
            for block in submission.blocks
        ],
        "ignored_columns": submission.ignored_columns,
        "totals": [asdict(total) for total in submission.totals],
        "rejects": [_entry(problem) for problem in submission.problems] + rejects,
        "scopes": sorted(scopes, key=str),
    }
    aside = root / f".{content}-{os.getpid()}"
    shutil.rmtree(aside, ignore_errors=True)
    aside.mkdir()
    for name, rows in accepted.items():
        rows.to_parquet(aside / f"{name}.parquet", index=False)
    (aside / _COMPLETE).write_text(json.dumps(summary, ensure_ascii=False), "utf-8")
    shutil.rmtree(root / content, ignore_errors=True)
    aside.replace(root / content)


def _stage_unreadable(root: Path, content: str, key: str) -> None:
    from warehouse.submissions import Problem, Submission

    _stage_one(root, content, Submission(problems=[Problem(key, {})]), {}, [])


def _entry(problem) -> dict:
    def told(language: Language) -> str:
        values = {name: value for name, value in problem.values.items() if not name.endswith("_en")}
        if language == "en":
            values |= {name.removesuffix("_en"): value for name, value in problem.values.items() if name.endswith("_en")}
        return sentence(f"reading.{problem.key}", language, **values)

    return {
        "sheet": problem.sheet,
        "row": problem.row,
        "header": problem.header,
        "value": None,
        "reason_zh": told("zh"),
        "reason_en": told("en"),
    }
