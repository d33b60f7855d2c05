"""Many people read while new snapshots are published: no page fails, and no page shows two snapshots."""

import asyncio
import re
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import duckdb
import pytest

from dashboards.navigation import VIEWS
from tests.serving import serve
from tests.session import Drawn, Session
from warehouse import snapshot

pytestmark = pytest.mark.browser
SESSIONS, PUBLICATIONS, SECONDS_BETWEEN = 30, 20, 1.0
EDITION = re.compile(rb"ED(\d+)Z")


@pytest.fixture
def data(city: Path, tmp_path: Path) -> Path:
    """The demonstration city, and twenty editions of its snapshot in which every school's name says the edition."""
    data = Path(shutil.copytree(city, tmp_path / "data"))
    standing = snapshot.published(data)
    assert standing is not None
    for number in range(PUBLICATIONS):
        edition = Path(shutil.copy(standing, tmp_path / _id(number)))
        with duckdb.connect(str(edition)) as con:
            con.execute(f"update snapshot set snapshot_id = '{_id(number)}'")
            con.execute(f"update schools set school_name = 'ED{number}Z' || school_name")
    return data


def _id(number: int) -> str:
    return f"ed{number:010d}"


async def _publish(data: Path, editions: Path) -> None:
    for number in range(PUBLICATIONS):
        building = shutil.copy(editions / _id(number), data / "snapshots" / ".building-edition")
        await asyncio.to_thread(snapshot.publish, data, _id(number), Path(building))
        await asyncio.sleep(SECONDS_BETWEEN)


async def _read(address: str, first: int, is_over: asyncio.Event) -> list[Drawn]:
    names, drawn, place = list(VIEWS), [], first
    async with Session(address) as session:
        while not is_over.is_set():
            drawn.append(await session.draw(names[place % len(names)]))
            place += 1
    return drawn


async def _read_while_publishing(address: str, data: Path, editions: Path) -> list[Drawn]:
    is_over = asyncio.Event()
    readers = [asyncio.create_task(_read(address, number, is_over)) for number in range(SESSIONS)]
    await _publish(data, editions)
    is_over.set()
    return [drawn for read in await asyncio.gather(*readers) for drawn in read]


def test_thirty_sessions_read_while_twenty_snapshots_are_published(data: Path, tmp_path: Path) -> None:
    with serve(data) as address, ThreadPoolExecutor(1) as apart:  # the browser of other tests keeps a loop running in this thread
        pages = apart.submit(asyncio.run, _read_while_publishing(address, data, tmp_path)).result()
    assert not [fault for page in pages for fault in page.exceptions]
    editions = [set(EDITION.findall(page.received)) for page in pages]
    assert max(map(len, editions)) == 1
    assert len(set.union(*editions)) > 3, "the sessions saw the publications go by"
    for page, seen in zip(pages, editions, strict=True):
        for number in seen:
            assert re.search(rb"ed0*%d\b" % int(number), page.received), "the page names the snapshot that it shows"
