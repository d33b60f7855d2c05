"""The heavy models on Spark: the same tables as the database makes, from the same SQL files."""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb
import pandas as pd
import pyspark
import pytest

from pipelines.cli import main
from tests.bench.scale import write_country
from tests.pipelines.test_cases import CASES, NAMES
from tests.serving import free_port
from warehouse.lineage import models
from warehouse.snapshot import published
from warehouse.spark import STAYS, in_spark_words, is_heavy

OPTIONS = {"spark.sql.shuffle.partitions": "2", "spark.driver.memory": "2g"}
ON_CLUSTER = "bad-rows"
WORKERS = ("worker0", "worker1")


@pytest.mark.parametrize("model", [model for model in models() if is_heavy(model)], ids=lambda model: model.name)
def test_spark_can_say_every_heavy_model(model) -> None:
    assert in_spark_words(model.sql)


def test_what_stays_is_no_larger_than_the_catalogue_and_the_rejects() -> None:
    assert {model.name for model in models()} >= STAYS
    assert {"record_count", "reported_row", "graduates", "indicator_value"} <= {model.name for model in models() if is_heavy(model)}


def _country(inbox: Path) -> list[str]:
    """A million records, some handed in again at another school, some of no known school or major, some with figures of work."""
    write_country(inbox, 1_000_000)
    first = pd.read_parquet(inbox / "records2014-0000.parquet")
    again = first.head(700).assign(school_id="S00040", destination="none", matched=None, salary=None)
    unknown = first.iloc[700:720].assign(school_id=["S99999"] * 10 + ["S00001"] * 10, major_code=["730301"] * 10 + ["999999"] * 10)
    unknown["student_id"] = "U" + unknown["student_id"]
    told = first.iloc[:300].assign(destination="employed", matched=True, salary=3456.78)
    told["student_id"] = "T" + told["student_id"]
    pd.concat([again, unknown, told]).to_parquet(inbox / "records-later.parquet", index=False)
    return ["--inbox", str(inbox)]


def _case(name: str) -> list[str]:
    year = (CASES / name / "year.txt").read_text().strip()
    return ["--inbox", str(CASES / name / "inbox"), "--policy", str(CASES / name / "policy.toml"), "--year", year]


@contextmanager
def running_cluster(folder: Path) -> Iterator[str]:
    """The address of a master with two workers, each a process of its own, as they would stand on several machines."""
    home, port = Path(pyspark.__file__).parent, free_port()
    processes: list[subprocess.Popen] = []

    def start(name: str, part: str, *options: str) -> Path:
        log = folder / f"{name}.log"
        command = [
            str(home / "bin" / "spark-class"),
            f"org.apache.spark.deploy.{part}",
            "--host",
            "127.0.0.1",
            "--webui-port",
            "0",
            *options,
        ]
        with log.open("w") as told:
            processes.append(subprocess.Popen(command, stdout=told, stderr=told, env={**os.environ, "SPARK_HOME": str(home)}))
        return log

    try:
        _wait_for("I have been elected leader", start("master", "master.Master", "--port", str(port)))
        for name in WORKERS:
            address = f"spark://127.0.0.1:{port}"
            log = start(name, "worker.Worker", "--cores", "1", "--memory", "1g", "--work-dir", str(folder / name), address)
            _wait_for("Successfully registered with master", log)
        yield f"spark://127.0.0.1:{port}"
    finally:
        for process in reversed(processes):
            process.kill()
            process.wait()


def _wait_for(text: str, log: Path) -> None:
    """Returns once the log says so; AssertionError where it never does."""
    for _ in range(300):
        if text in log.read_text("utf-8"):
            return
        time.sleep(0.2)
    raise AssertionError(f"{log.name} never said: {text}\n{log.read_text('utf-8')[-2000:]}")


def _write_settings(path: Path, master: str, shared: str, **more: str) -> None:
    options = "".join(f'"{name}" = "{setting}"\n' for name, setting in {**OPTIONS, **more}.items())
    path.write_text(f'[spark]\nmaster = "{master}"\nshared = "{shared}"\n[spark.options]\n{options}', "utf-8")


@pytest.fixture
def settings(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Spark in this process; for one case on a cluster, whose executors find the data folder under another path than the driver."""
    path = tmp_path / "majorwatch.toml"
    monkeypatch.setenv("MAJORWATCH_CONFIG", str(path))
    if name != ON_CLUSTER:
        _write_settings(path, "local[2]", "")
        yield
        return
    (tmp_path / "spark").mkdir()
    (tmp_path / "mounted").symlink_to(tmp_path / "spark")
    with running_cluster(tmp_path) as master:
        here = {"spark.driver.host": "127.0.0.1", "spark.pyspark.python": sys.executable, "spark.executor.memory": "512m"}
        _write_settings(path, master, (tmp_path / "mounted").as_uri(), **here)
        yield
        assert all(any((tmp_path / name).glob("app-*")) for name in WORKERS), "a worker had nothing to do"


@pytest.mark.slow
@pytest.mark.skipif(not shutil.which("java"), reason="Spark needs Java, which make test installs")
@pytest.mark.parametrize("name", ["country", *(name for name in NAMES if name in (ON_CLUSTER, "city-mixed-old-codes"))])
@pytest.mark.usefixtures("settings")
def test_spark_and_the_database_make_the_same_tables(name: str, tmp_path: Path) -> None:
    inputs = _country(tmp_path / "inbox") if name == "country" else _case(name)
    snapshots = []
    for engine in ("duckdb", "spark"):
        data = tmp_path / engine
        assert main(["run", "--data", str(data), "--engine", engine, *inputs]) == 0
        snapshots.append(published(data))
    here, there = snapshots
    assert here
    assert there
    assert here.name == there.name
    with duckdb.connect(str(here), read_only=True) as con:
        con.execute(f"attach '{there}' as other (read_only)")
        for model in models():
            columns = [column for (column,) in con.execute(f"select column_name from (describe {model.name})").fetchall()]
            assert con.execute(f"describe {model.name}").fetchall() == con.execute(f"describe other.main.{model.name}").fetchall()
            ordered = ", ".join(f'"{column}"' for column in columns)
            one, other = (con.execute(f"from {table} order by {ordered}").df() for table in (model.name, f"other.main.{model.name}"))
            pd.testing.assert_frame_equal(one, other, rtol=0, atol=1e-9, obj=model.name)
        assert con.execute("select count(*) from graduates").fetchall()[0][0] > 0


@pytest.mark.slow
def test_without_java_a_run_on_spark_says_what_to_do(tmp_path: Path) -> None:
    inbox = tmp_path / "inbox"
    inbox.mkdir()
    (inbox / "学校名册.csv").write_text("学校代码,学校名称,县区代码\nS1,一校,360102\n", "utf-8")
    run = [sys.executable, "-m", "pipelines.cli", "run", "--data", str(tmp_path / "data"), "--inbox", str(inbox), "--engine", "spark"]
    done = subprocess.run(run, env={**os.environ, "JAVA_HOME": str(tmp_path / "nowhere")}, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "Java 17" in done.stderr
    assert "Traceback" not in done.stderr
