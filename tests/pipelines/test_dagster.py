"""What Dagster is given: assets with lineage and checks, the schedule, the sensor; and that `dagster dev` comes up on it."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import duckdb
import pytest

from pipelines.assets import Workplace
from pipelines.definitions import definitions
from pipelines.triggers import inbox
from tests.serving import free_port
from tests.small_city import judged
from warehouse.checks import TOTALS, checks, run_checks
from warehouse.dictionary import dictionary
from warehouse.lineage import models

ROOT = Path(__file__).parents[2]


def test_every_dataset_and_every_model_is_an_asset_with_its_lineage() -> None:
    graph = definitions.resolve_asset_graph()
    keys = {key.to_user_string() for key in graph.get_all_asset_keys()}
    assert keys == {f"submitted/{name}" for name in dictionary().datasets} | {model.name for model in models()}
    parents = {key.to_user_string() for key in graph.get(dg.AssetKey(["warning_level"])).parent_keys}
    assert {"offering_year", "enrolment", "rule_reached", "escalation_reached"} <= parents


SPOILT = {
    "reconciliation": "update {table} set rows_accepted = rows_accepted - 1",
    "every_rejected_row_is_listed": "delete from {table}",
    "one_level_each": "update {table} set action = null",
    "unique_key": "insert into {table} ({key}) values (null), (null)",
    "no_orphan": "update {table} set school_id = null",
    **{f"total_{count}": f"update {{table}} set {count} = {count} + 1" for counts, _ in TOTALS.values() for count in counts},
}


@pytest.fixture(scope="module")
def build(tmp_path_factory: pytest.TempPathFactory) -> Iterator[duckdb.DuckDBPyConnection]:
    """A build that passes every check: graduates from a form and from records, and a row rejected."""
    major = "730301"
    with judged(
        tmp_path_factory.mktemp("build"),
        with_variants=True,
        enrolment=[(2023, "S0", major, 40, 40, 30), (2023, "S0", "不明", 40, 40, 30)],
        graduates=[(2023, "S0", major, 20, 18, 1)],
        graduate_records=[(2023, number, "S1", major, where) for number, where in enumerate(("就业", "就业", "升学"))],
        roster=[(2023, "S0", major, 90, 2)],
    ) as con:
        yield con


@pytest.mark.xdist_group("build")
@pytest.mark.parametrize("name", sorted({name for _, name in checks()}))
def test_a_check_finds_what_it_is_there_for(build: duckdb.DuckDBPyConnection, name: str) -> None:
    tables = {table for table, check in checks() if check == name}
    build.begin()
    try:
        for table in tables:
            build.execute(SPOILT[name].format(table=table, key=(dictionary().tables[table].key or ("",))[0]))
        assert {result.table for result in run_checks(build) if result.name == name and not result.has_passed} == tables
    finally:
        build.rollback()


def test_every_model_tells_the_columns_that_its_table_has(tmp_path: Path) -> None:
    graph = definitions.resolve_asset_graph()
    with judged(tmp_path, with_variants=True, enrolment=[(2023, "S0", "730301", 40, 40, 30)]) as con:
        made = dict(con.execute("select table_name, list(column_name order by column_index) from duckdb_columns() group by 1").fetchall())
    for model in models():
        schema = graph.get(dg.AssetKey([model.name])).metadata["dagster/column_schema"]
        assert [column.name for column in schema.columns] == made[model.name], model.name
        assert all(column.description for column in schema.columns if column.name in dictionary().columns)


def test_a_model_is_described_by_its_opening_comment_alone() -> None:
    told = {model.name: model.description for model in models()}
    assert told["window_lift"].endswith("needed is null where not even all would do.")
    assert told["record_count"].endswith("Salaries are added as decimals, exact in any order.")


def test_the_facts_have_checks_that_can_stop_a_publication() -> None:
    found = {(key.asset_key.to_user_string(), key.name) for key in definitions.resolve_asset_graph().asset_check_keys}
    assert {("submission", "reconciliation"), ("warning", "unique_key"), ("enrolment", "no_orphan"), ("enrolment", "total_plan")} <= found


def test_the_schedule_runs_every_night_in_shanghai() -> None:
    (schedule,) = definitions.schedules or []
    assert isinstance(schedule, dg.ScheduleDefinition)
    assert (schedule.cron_schedule, schedule.execution_timezone) == ("0 2 * * *", "Asia/Shanghai")


def test_the_sensor_asks_for_a_run_once_the_inbox_has_come_to_rest(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("one", "utf-8")
    with dg.DagsterInstance.ephemeral() as instance:
        place = Workplace(data=str(tmp_path), inbox=str(tmp_path))

        def look(cursor: str | None) -> tuple[object, str | None]:
            context = dg.build_sensor_context(instance=instance, cursor=cursor, resources={"workplace": place})
            return inbox(context), context.cursor

        first, seen = look(None)
        assert isinstance(first, dg.SkipReason)
        second, seen = look(seen)
        assert isinstance(second, dg.RunRequest)
        (tmp_path / "a.csv").write_text("another", "utf-8")
        third, changed = look(seen)
        assert isinstance(third, dg.SkipReason)
        fourth, _ = look(changed)
        assert isinstance(fourth, dg.RunRequest)
        assert fourth.run_key != second.run_key


@pytest.mark.slow
def test_dagster_dev_comes_up_on_the_house_and_shows_the_job(tmp_path: Path) -> None:
    shutil.copy(ROOT / "dagster.yaml", tmp_path)
    (tmp_path / "data").mkdir()
    port = free_port()
    serving = subprocess.Popen(
        [str(Path(sys.executable).with_name("dagster")), "dev", "-m", "pipelines.definitions", "-p", str(port)],
        cwd=tmp_path,
        env={**os.environ, "DAGSTER_HOME": str(tmp_path)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    question = json.dumps({"query": "{ repositoriesOrError { ... on RepositoryConnection { nodes { pipelines { name } } } } }"}).encode()
    ask = urllib.request.Request(f"http://127.0.0.1:{port}/graphql", question, {"Content-Type": "application/json"})
    told = ""
    try:
        for _ in range(120):
            assert serving.poll() is None, "dagster dev stopped"
            try:
                told = urllib.request.urlopen(ask, timeout=5).read().decode()
            except OSError:
                time.sleep(0.5)
                continue
            if "recompute" in told:
                break
            time.sleep(0.5)
    finally:
        os.killpg(serving.pid, signal.SIGKILL)
        serving.wait()
    assert "recompute" in told
    assert (tmp_path / "data" / "dagster").is_dir()
    assert {path.name for path in tmp_path.iterdir()} <= {"data", "dagster.yaml", ".nux", ".telemetry", ".logs_queue", "logs"}
