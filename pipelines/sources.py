"""Sources besides the inbox: databases, JSON interfaces and mail folders. What they give lands in the inbox as a file, so contracts, provenance and
supersession are the same. A source that is down leaves its last good file in place and is marked with its age."""

import email.policy
import hashlib
import logging
import time
from collections.abc import Callable, Iterator
from pathlib import Path, PurePosixPath
from typing import Any

import httpx
import pandas as pd
import sqlalchemy

from warehouse.refusal import RunRefused
from warehouse.settings import Api, Database, MailFolder, Pull, Settings, secret
from warehouse.source_state import FILE, SourceState, source_states, written
from warehouse.submissions import SUFFIXES
from warehouse.whole import write_whole

FOLDER = "来源"
LARGEST_PAGES = 100_000
log = logging.getLogger("majorwatch")


def pull_all(settings: Settings, inbox: Path, data: Path, now: Callable[[], float] = time.time) -> list[SourceState]:
    """Asks every source; each dataset becomes inbox/来源/NAME/DATASET.parquet, replaced only when all of the source answered."""
    before = {state.name: state for state in source_states(data)}
    states = []
    for source in settings.source:
        last = before.get(source.name, SourceState(source.name, 0, 0, ""))
        try:
            contents, rows = _attachments(source) if source.kind == "mail" else _tables(source)
        except (sqlalchemy.exc.SQLAlchemyError, httpx.HTTPError, ValueError, KeyError, OSError, RunRefused) as problem:
            log.warning("source did not answer", extra={"source": source.name, "problem": type(problem).__name__})
            states.append(SourceState(source.name, last.answered, last.rows, f"{type(problem).__name__}: {problem}"[:300]))
            continue
        for name, content in contents.items():
            _land(content, inbox / FOLDER / source.name / name)
        log.info("source pulled", extra={"source": source.name, "rows": rows})
        states.append(SourceState(source.name, now(), rows, ""))
    if settings.source:
        write_whole(data / FILE, written(states))
    return states


def _tables(source: Database | Api) -> tuple[dict[str, bytes], int]:
    """Every dataset of the source as a Parquet file, and how many rows they have together."""
    frames = {name: _pulled(source, name, pull) for name, pull in source.datasets.items()}
    return {f"{name}.parquet": frame.to_parquet(index=False) for name, frame in frames.items()}, sum(map(len, frames.values()))


def _attachments(source: MailFolder) -> tuple[dict[str, bytes], int]:
    """Attached forms of every mail, and how many. Their names begin with the mail's date and a digest; nothing else of a mail is kept."""
    if not source.folder.is_dir():
        raise FileNotFoundError(source.folder)
    found = {}
    for path in sorted(path for path in source.folder.rglob("*") if path.is_file() and path.parent.name != "tmp"):
        mail = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
        sent = mail["date"].datetime if mail["date"] and mail["date"].datetime else None
        for part in mail.iter_attachments():
            name = PurePosixPath((part.get_filename() or "").replace("\\", "/")).name
            content = part.get_content() if Path(name).suffix.lower() in SUFFIXES else b""
            content = content.encode() if isinstance(content, str) else content
            if isinstance(content, bytes) and content:
                digest = hashlib.sha256(content).hexdigest()[:8]
                found[f"{f'{sent:%Y%m%d}_' if sent else ''}{digest}_{name}"] = content
    return found, len(found)


def _pulled(source: Database | Api, dataset: str, pull: Pull) -> pd.DataFrame:
    frame = _from_database(source, dataset, pull) if source.kind == "database" else _from_api(source, dataset, pull)
    renamed = frame.rename(columns={theirs: ours for ours, theirs in pull.columns.items()})
    return renamed.astype("string")


def _from_database(source: Database, dataset: str, pull: Pull) -> pd.DataFrame:
    engine = sqlalchemy.create_engine(secret(source.url_env), pool_pre_ping=True)
    try:
        with engine.connect() as connection:
            question = (
                sqlalchemy.text(pull.query)
                if pull.query
                else sqlalchemy.select(sqlalchemy.Table(pull.table or dataset, sqlalchemy.MetaData(), autoload_with=connection))
            )
            answer = connection.execute(question)
            return pd.DataFrame(answer.fetchall(), columns=list(answer.keys()))
    finally:
        engine.dispose()


def _from_api(source: Api, dataset: str, pull: Pull) -> pd.DataFrame:
    headers = {"Authorization": f"Bearer {secret(source.token_env)}"} if source.token_env else {}
    rows: list[dict] = []
    with httpx.Client(base_url=source.url, headers=headers, timeout=source.timeout_seconds) as client:
        for page in _pages(source, client, pull.path or dataset):
            rows += page
    return pd.DataFrame(rows)


def _pages(source: Api, client: httpx.Client, path: str) -> Iterator[list[dict]]:
    """Every page until one is empty, or, with cursors, until no further one is named. ValueError where LARGEST_PAGES did not reach the end."""
    asked: dict[str, Any] = {} if source.next_cursor else {source.page_parameter: 1}
    for number in range(1, LARGEST_PAGES + 1):
        answer = _asked(source, client, path, asked)
        rows = _place(answer, source.rows)
        if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
            raise ValueError(f"{source.rows} is not a list of rows")
        if rows:
            yield rows
        if source.next_cursor:
            cursor = _place(answer, source.next_cursor)
            if not cursor:
                return
            asked = {source.cursor_parameter: cursor}
        elif not rows:
            return
        else:
            asked = {source.page_parameter: number + 1}
    raise ValueError(f"no end after {LARGEST_PAGES} pages")


def _asked(source: Api, client: httpx.Client, path: str, parameters: dict) -> Any:
    """The parsed answer; asks again after 1, 2, 4 … seconds where the server fails or does not answer."""
    for attempt in range(1, source.attempts + 1):
        try:
            answer = client.get(path, params=parameters)
            if answer.status_code < 500:
                answer.raise_for_status()
                return answer.json()
            problem: httpx.HTTPError = httpx.HTTPStatusError(f"status {answer.status_code}", request=answer.request, response=answer)
        except httpx.TransportError as error:
            problem = error
        if attempt < source.attempts:
            time.sleep(2 ** (attempt - 1))
    raise problem


def _place(answer: Any, dotted: str) -> Any:
    for part in dotted.split("."):
        answer = answer.get(part) if isinstance(answer, dict) else None
    return answer


def _land(content: bytes, target: Path) -> None:
    """Writes the file, unless the very same content already stands there."""
    if not target.exists() or target.read_bytes() != content:
        write_whole(target, content)
