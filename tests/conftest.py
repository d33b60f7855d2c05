"""The demonstration city, built once through the command and shared by tests that only read it."""

from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from pipelines.cli import main
from warehouse import snapshot


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests of one city or case stay with one worker, so that it is built once."""
    for item in items:
        if "city" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.xdist_group("city"))
        elif "case" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.xdist_group(item.callspec.id))  # type: ignore[attr-defined]


@pytest.fixture(scope="session")
def city(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The data folder of the demonstration city, run and published."""
    data = tmp_path_factory.mktemp("city")
    assert main(["demo", "--no-serve", "--data", str(data)]) == 0
    return data


@pytest.fixture
def city_snapshot(city: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """The demonstration city's published snapshot, read-only."""
    path = snapshot.published(city)
    assert path is not None
    with snapshot.open_snapshot(path) as con:
        yield con
