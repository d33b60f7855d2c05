"""Cities built once through the command: the demonstration city, shared by tests that only read it, and a small one to copy."""

import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from pipelines.cli import main
from tests.small_city import write_inbox
from warehouse import snapshot


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests of one city or case stay with one worker, so that it is built once."""
    for item in items:
        if "city" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.xdist_group("city"))
        elif "case" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.xdist_group(item.callspec.id))  # type: ignore[attr-defined]


@pytest.fixture(autouse=True)
def main_module_as_before(monkeypatch: pytest.MonkeyPatch) -> None:
    """A page drawn in the test's process takes the place of __main__, which the workers that later tests start would load."""
    monkeypatch.setitem(sys.modules, "__main__", sys.modules["__main__"])


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


@pytest.fixture(scope="session")
def run_before(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with one offering, run and published."""
    folder = tmp_path_factory.mktemp("before")
    write_inbox(folder / "inbox", enrolment=[(2023, "S0", "730301", 40, 40, 30)], graduates=[(2023, "S0", "730301", 20, 18, 1)])
    assert main(["run", "--data", str(folder)]) == 0
    return folder


@pytest.fixture
def data(run_before: Path, tmp_path: Path) -> Path:
    """A copy of it, of this test's own."""
    return Path(shutil.copytree(run_before, tmp_path / "data"))
