"""What goes wrong around a run: nothing that was published is lost, and one line says what to do (docs/reliability.md)."""

import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest
import sqlalchemy

from pipelines.cli import main
from pipelines.sources import pull_all
from tests.small_city import form_of
from tests.warehouse.mariadb import running_mariadb
from tests.warehouse.postgres import Postgres, running_postgres
from warehouse import build, snapshot, staging
from warehouse.settings import read_settings
from warehouse.source_state import source_states

pytestmark = pytest.mark.slow
RUN = [sys.executable, "-m", "pipelines.cli", "run", "--data"]


def _more(data: Path, graduates: int = 30) -> None:
    (data / "inbox" / "more.csv").write_text(form_of("graduates", (2023, "S1", "730301", graduates, 3, 0)), "utf-8")


@pytest.fixture
def mounted(tmp_path: Path) -> Iterator[Path]:
    """A disk of 64 MB of its own."""
    folder = tmp_path / "disk"
    folder.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64m", "tmpfs", folder], capture_output=True, check=False).returncode:
        pytest.skip("this account may not mount a disk")
    yield folder
    subprocess.run(["umount", "-l", folder], check=True)


def _one_line(capsys: pytest.CaptureFixture[str]) -> str:
    told = capsys.readouterr().err.strip()
    assert "Traceback" not in told
    assert len(told.splitlines()) == 1, told
    return told


def test_a_full_disk_stops_the_run_and_leaves_what_was_published(
    mounted: Path, run_before: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = Path(shutil.copytree(run_before, mounted / "data"))
    standing = snapshot.published(data)
    (mounted / "ballast").write_bytes(b"x" * (shutil.disk_usage(mounted).free - 2**20))
    _more(data)
    assert main(["run", "--data", str(data)]) == 1
    assert "无法写入" in _one_line(capsys)
    assert snapshot.published(data) == standing
    assert not list((data / "snapshots").glob(".building-*"))
    (mounted / "ballast").unlink()
    assert main(["run", "--data", str(data)]) == 0
    assert snapshot.published(data) != standing


def test_a_read_only_folder_is_said_in_one_line(mounted: Path, run_before: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data = Path(shutil.copytree(run_before, mounted / "data"))
    standing = snapshot.published(data)
    _more(data)
    subprocess.run(["mount", "-o", "remount,ro", mounted], check=True)
    assert main(["run", "--data", str(data)]) == 1
    assert "无法写入" in _one_line(capsys)
    assert snapshot.published(data) == standing


def test_a_clock_that_goes_back_never_removes_what_is_published(data: Path) -> None:
    published = snapshot.published(data)
    assert published is not None
    later = time.time() + 10 * 365 * 86400
    for number in range(snapshot.SNAPSHOTS_KEPT + 2):
        kept = Path(shutil.copy(published, published.with_name(f"{number:012x}.duckdb")))
        os.utime(kept, (later, later))
    _more(data)
    assert main(["run", "--data", str(data)]) == 0
    now = snapshot.published(data)
    assert now not in (None, published)
    with snapshot.open_snapshot(now) as con:  # type: ignore[arg-type]
        assert con.execute("select max(graduates) from graduates").fetchall() == [(30,)]


def test_a_check_that_fails_stops_the_publication(data: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """A table is spoilt after the models made it; test_dagster.py does so for every check."""
    standing = snapshot.published(data)
    _more(data)
    sealed = build.seal

    def seal(con: duckdb.DuckDBPyConnection, inputs: build.RunInputs) -> None:
        sealed(con, inputs)
        con.execute("update graduates set graduates = graduates + 1")

    monkeypatch.setattr(build, "seal", seal)
    assert main(["run", "--data", str(data)]) == 1
    assert "graduates的“total_graduates”有1处问题，首个：[(52, 50)]" in _one_line(capsys)
    assert snapshot.published(data) == standing
    assert not list((data / "snapshots").glob(".building-*"))


def test_two_runs_at_once_wait_for_each_other(data: Path) -> None:
    _more(data)
    both = [subprocess.Popen([*RUN, str(data)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) for _ in range(2)]
    told = [process.communicate(timeout=120) for process in both]
    assert [process.returncode for process in both] == [0, 0], told
    assert not list((data / "snapshots").glob(".building-*"))


def test_a_file_that_changes_while_it_is_read_is_read_again(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The file changes once, between being hashed and being read: what is kept under a hash is always the content of that hash."""
    _more(data, 30)
    reads, changed = staging._read_all, []

    def change_first(unread: dict[str, Path], root: Path, salt: bytes) -> None:
        if not changed:
            changed.append(True)
            _more(data, 40)
        reads(unread, root, salt)

    monkeypatch.setattr(staging, "_read_all", change_first)
    assert main(["run", "--data", str(data)]) == 0
    with snapshot.open_snapshot(snapshot.published(data)) as con:  # type: ignore[arg-type]
        assert con.execute("select max(graduates) from graduates").fetchall() == [(40,)]
    monkeypatch.undo()
    _more(data, 30)
    assert main(["run", "--data", str(data)]) == 0
    with snapshot.open_snapshot(snapshot.published(data)) as con:  # type: ignore[arg-type]
        assert con.execute("select max(graduates) from graduates").fetchall() == [(30,)]


def test_a_file_that_never_rests_is_named(data: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    standing, reads, count = snapshot.published(data), staging._read_all, iter(range(100))

    def change_always(unread: dict[str, Path], root: Path, salt: bytes) -> None:
        reads(unread, root, salt)
        _more(data, next(count))

    _more(data, 99)
    monkeypatch.setattr(staging, "_read_all", change_always)
    assert main(["run", "--data", str(data)]) == 1
    assert "more.csv" in _one_line(capsys)
    assert snapshot.published(data) == standing


# ------------------------------------------------------------------------------------------------ PostgreSQL and MySQL


@pytest.fixture(scope="module")
def postgres() -> Iterator[Postgres]:
    with running_postgres() as server:
        yield server


@pytest.fixture
def platform(postgres: Postgres, data: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The bureau's database as a source, with its own words for columns."""
    return _platform(postgres.address(), data, monkeypatch)


def _platform(address: str, data: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    engine = sqlalchemy.create_engine(address)
    with engine.begin() as con:
        con.execute(sqlalchemy.text("drop table if exists byqk"))
        con.execute(sqlalchemy.text("create table byqk (nf int, xx text, zy text, bys int, jy int, sx int)"))
        con.execute(sqlalchemy.text("insert into byqk select 2023, 'S2', '730301', 50, 20, 5"))
    engine.dispose()
    monkeypatch.setenv("PLATFORM", address)
    monkeypatch.setenv("MAJORWATCH_CONFIG", str(data / "majorwatch.toml"))
    _asks(data, "select * from byqk")
    return data


def _asks(data: Path, query: str) -> None:
    (data / "majorwatch.toml").write_text(
        '[[source]]\nkind = "database"\nname = "学籍平台"\nurl_env = "PLATFORM"\n[source.datasets.graduates]\n'
        f'query = "{query}"\ncolumns = {{ year = "nf", school_id = "xx", major_code = "zy", graduates = "bys", employed = "jy", further_study = "sx" }}\n',
        "utf-8",
    )


def test_mysql_is_read_with_its_own_words_for_columns(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with running_mariadb() as address:
        _read_with_its_own_words(_platform(address, data, monkeypatch))


def test_postgresql_is_read_with_its_own_words_for_columns(platform: Path) -> None:
    _read_with_its_own_words(platform)


def _read_with_its_own_words(platform: Path) -> None:
    assert main(["run", "--data", str(platform)]) == 0
    with snapshot.open_snapshot(snapshot.published(platform)) as con:  # type: ignore[arg-type]
        assert con.execute("select graduates, employed from graduates where school_id = 'S2'").fetchall() == [(50, 20)]
        assert con.execute("select distinct file from reported_row where school_id = 'S2' and dataset = 'graduates'").fetchall() == [
            ("来源/学籍平台/graduates.parquet",)
        ]


def test_postgresql_stopped_in_the_middle_leaves_the_last_good_data(platform: Path, postgres: Postgres) -> None:
    assert main(["run", "--data", str(platform)]) == 0
    good = (platform / "inbox" / "来源" / "学籍平台" / "graduates.parquet").read_bytes()
    _asks(platform, "select byqk.* from byqk, pg_sleep(30)")
    stopping = threading.Timer(2, postgres.stop)
    stopping.start()
    try:
        (state,) = pull_all(read_settings(), platform / "inbox", platform)
    finally:
        stopping.join()
        postgres.start()
    assert state.problem
    assert state.rows == 1
    assert (platform / "inbox" / "来源" / "学籍平台" / "graduates.parquet").read_bytes() == good
    _asks(platform, "select * from byqk")
    assert main(["run", "--data", str(platform)]) == 0
    assert source_states(platform)[0].problem == ""
