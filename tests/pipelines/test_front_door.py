"""Through the commands: what must always hold of a small city, whatever is in it."""

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from itertools import pairwise
from pathlib import Path

import duckdb
import openpyxl
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipelines.cli import main
from pipelines.demo import write_city
from tests.small_city import HEADING, LEVELS, REGISTER, form_of, read_here, write_inbox
from warehouse import build, exports, snapshot, staging
from warehouse.build import RunInputs
from warehouse.lineage import models
from warehouse.policy import Policy, parse_policy
from warehouse.staging import read_submission_summary, stage

RULES = """
[[rule]]
id = "employment"
conditions = [ {{ indicator = "employment_rate", below = {target} }} ]
min_denominator = 5
max_gap = 1
steps = [ {{ years = 1, level = "watch" }}, {{ years = 2, level = "red", certainty = 0.8 }} ]
[[rule]]
id = "crowded"
conditions = [ {{ indicator = "same_major_points", above = 1 }}, {{ indicator = "area_rank", above = 1 }} ]
steps = [ {{ years = 2, level = "yellow" }} ]
"""
MAJORS = ["610101", "730301", "710201"]


def _policy(target: str = "0.9") -> Policy:
    return parse_policy(_policy_text(target), "small.toml")


def _policy_text(target: str = "0.9") -> str:
    return HEADING.replace('"city"', '"district"') + LEVELS + RULES.format(target=target)


def _write(inbox: Path, graduates: list[tuple], enrolment: list[tuple], schools: int = 4) -> None:
    write_inbox(inbox, schools=REGISTER[:schools], graduates=graduates, enrolment=enrolment)


def _judged(folder: Path, policy: Policy | None = None) -> pd.DataFrame:
    """The whole warning list of all years, straight from the models (no Dagster: hypothesis asks for many)."""
    with build.connect_for_models() as con:
        judged = policy or _policy()
        build.load_inputs(con, RunInputs(tuple(stage(folder / "inbox", folder / "data")), judged))
        for _ in build.run_models(con, judged, tuple(model for model in models() if model.folder != "advice")):
            pass
        return con.execute(
            "select warning.*, district_code from warning join schools using (school_id) order by year, school_id, major_code"
        ).df()


@st.composite
def _cities(draw: st.DrawFn) -> tuple[list[tuple], list[tuple]]:
    graduates, enrolment = [], []
    for school in range(4):
        for major in MAJORS:
            for year in range(2020, 2024):
                if draw(st.booleans()):
                    count = draw(st.integers(0, 30))
                    employed = draw(st.integers(0, count))
                    graduates.append((year, f"S{school}", major, count, employed, draw(st.integers(0, count - employed))))
                if draw(st.booleans()):
                    enrolment.append((year, f"S{school}", major, draw(st.integers(0, 50)), 20, draw(st.integers(0, 20))))
    graduates.append((2023, "S0", "660103", 20, 10, 5))
    enrolment.append((2023, "S0", "660103", 20, 20, 20))
    return graduates, enrolment


def _fresh(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("small")
    (folder / "data").mkdir()
    return folder


@pytest.fixture(autouse=True)
def _read_in_process(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> None:
    """Properties read hundreds of small files."""
    if "property" in request.node.name:
        monkeypatch.setattr(staging, "_read_all", read_here)


_slow = settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])


@_slow
@given(city=_cities(), seed=st.integers(0, 99))
def test_property_row_order_changes_nothing(city, seed: int, tmp_path_factory: pytest.TempPathFactory) -> None:
    one, other = _fresh(tmp_path_factory), _fresh(tmp_path_factory)
    _write(one / "inbox", *city)
    shuffled = [list(rows) for rows in city]
    for rows in shuffled:
        random.Random(seed).shuffle(rows)
    _write(other / "inbox", *shuffled)
    pd.testing.assert_frame_equal(_judged(one), _judged(other))


@_slow
@given(city=_cities())
def test_property_a_stricter_threshold_never_flags_fewer(city, tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = _fresh(tmp_path_factory)
    _write(folder / "inbox", *city)
    flagged = [
        set(map(tuple, found.loc[found["rules"].str.contains("employment"), ["year", "school_id", "major_code"]].to_numpy()))
        for found in (_judged(folder, _policy(target)) for target in ("0.7", "0.8", "0.9", "0.95"))
    ]
    assert all(fewer <= more for fewer, more in pairwise(flagged))


@pytest.mark.slow
@_slow
@given(city=_cities())
def test_property_an_unrelated_school_changes_nothing_outside_its_area(city, tmp_path_factory: pytest.TempPathFactory) -> None:
    one, other = _fresh(tmp_path_factory), _fresh(tmp_path_factory)
    _write(one / "inbox", *city, schools=6)
    graduates, enrolment = city
    _write(other / "inbox", [*graduates, (2023, "S5", "730301", 30, 3, 3)], [*enrolment, (2023, "S5", "730301", 50, 50, 50)], schools=6)
    before, after = _judged(one), _judged(other)
    pd.testing.assert_frame_equal(
        before[before["district_code"] == "D0"].reset_index(drop=True), after[after["district_code"] == "D0"].reset_index(drop=True)
    )


@pytest.mark.slow
@_slow
@given(city=_cities())
def test_property_the_same_file_twice_changes_nothing(city, tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = _fresh(tmp_path_factory)
    _write(folder / "inbox", *city)
    before = _judged(folder)
    (folder / "inbox" / "again.csv").write_bytes((folder / "inbox" / "graduates.csv").read_bytes())
    pd.testing.assert_frame_equal(before, _judged(folder))


@_slow
@given(
    lines=st.lists(
        st.lists(
            st.sampled_from(["2023", "2024届", "S0", "730301", "12", "合计", "", "三十", "-1", "填报人：某某", "年份", "毕业生数"]),
            max_size=7,
        ),
        max_size=12,
    )
)
def test_property_rows_found_are_accepted_rejected_or_skipped(lines, tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = _fresh(tmp_path_factory)
    _write(folder / "inbox", [], [])
    (folder / "inbox" / "graduates.csv").write_text(form_of("graduates", *lines), "utf-8")
    for entry in stage(folder / "inbox", folder / "data"):
        told = read_submission_summary(entry.folder)
        assert told["rows_found"] == told["rows_accepted"] + told["rows_rejected"] + told["rows_skipped"]
        assert min(told["rows_accepted"], told["rows_rejected"], told["rows_skipped"]) >= 0


# ------------------------------------------------------------------------------------------------ by hand


def _list(data: Path, *options: str) -> pd.DataFrame:
    output = data / "list.csv"
    assert main(["export", "warnings", "--data", str(data), "--output", str(output), *options]) == 0
    return pd.read_csv(output, dtype=str, keep_default_na=False, encoding="utf-8-sig")


@pytest.fixture
def small(tmp_path: Path) -> Path:
    """S0 fails two years with a gap of one insufficient year between (4 of 5 under 90 %, then 2 graduates, then 3 of 20)."""
    return _small(tmp_path)


def _small(folder: Path) -> Path:
    _write(
        folder / "inbox",
        [
            (2021, "S0", "730301", 20, 10, 2),
            (2022, "S0", "730301", 2, 0, 0),
            (2023, "S0", "730301", 20, 3, 0),
            (2023, "S1", "730301", 20, 20, 0),
        ],
        [(2023, "S0", "730301", 15, 12, 12), (2023, "S1", "730301", 40, 40, 40)],
    )
    (folder / "policy.toml").write_text(_policy_text(), "utf-8")
    return folder


@pytest.fixture(scope="session")
def _published_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = _small(tmp_path_factory.mktemp("published"))
    assert _run(folder) == 0
    return folder


@pytest.fixture
def published(_published_once: Path, tmp_path: Path) -> Path:
    """The small city as `small` has it, run and published; a copy of its own for every test."""
    return Path(shutil.copytree(_published_once, tmp_path / "city"))


def _run(folder: Path, *options: str) -> int:
    return main(["run", "--data", str(folder), "--policy", str(folder / "policy.toml"), *options])


def test_a_run_steps_over_an_insufficient_year(published: Path) -> None:
    found = _list(published, "--all").set_index("school_id")
    # 12 of 20 and 3 of 20: two breach years, 15 of 40 against 0.9 is certain, so red, plan 0
    assert found.loc["S0", ["level", "action", "rules", "plan", "recommended_plan", "employment_rate"]].tolist() == [
        "red",
        "stop",
        "employment",
        "15",
        "0",
        "0.1500",
    ]
    assert "15/40" in found.loc["S0", "reason"]
    assert found.loc["S1", "level"] == "normal"


@pytest.mark.slow
def test_a_gap_longer_than_allowed_ends_the_run(small: Path) -> None:
    policy = (small / "policy.toml").read_text("utf-8").replace("max_gap = 1", "max_gap = 0")
    (small / "policy.toml").write_text(policy, "utf-8")
    assert _run(small) == 0
    assert _list(small).set_index("school_id").loc["S0", "level"] == "watch"


@pytest.mark.slow
def test_the_same_input_gives_the_same_snapshot_and_no_new_build(published: Path, capsys: pytest.CaptureFixture[str]) -> None:
    first = snapshot.published(published)
    assert first is not None
    built = first.stat().st_ino
    assert _run(published) == 0
    assert "没有变化" in capsys.readouterr().out
    assert snapshot.published(published) == first
    assert first.stat().st_ino == built


@pytest.mark.parametrize(
    ("before", "after", "hint"),
    [
        ("employment_rate", "employment_rat", "employment_rate"),
        ('level = "yellow" }', 'level = "yelow" }', "yellow"),
        ("max_gap = 1", "max_gaps = 1", "max_gaps"),
        ("years = 1, level", "years = 3, level", "次序"),
    ],
)
def test_a_policy_at_fault_is_refused_with_its_line(
    published: Path, capsys: pytest.CaptureFixture[str], before: str, after: str, hint: str
) -> None:
    standing = snapshot.published(published)
    text = (published / "policy.toml").read_text("utf-8")
    assert before in text
    at_fault = text.replace(before, after)
    line = next(number for number, written in enumerate(at_fault.splitlines(), 1) if after in written)
    (published / "policy.toml").write_text(at_fault, "utf-8")
    assert _run(published) == 1
    told = capsys.readouterr().err
    assert f"第 {line} 行" in told
    assert hint in told
    assert "Traceback" not in told
    assert snapshot.published(published) == standing


def test_an_inbox_without_a_register_is_one_clear_error(small: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (small / "inbox" / "schools.csv").unlink()
    assert _run(small) == 1
    told = capsys.readouterr().err.strip().splitlines()
    assert len(told) == 1
    assert "学校名册" in told[0]
    assert snapshot.published(small) is None


def test_a_year_without_data_is_refused(small: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert _run(small, "--year", "2035") == 1
    assert "2035" in capsys.readouterr().err


def test_a_refusal_is_one_line(tmp_path: Path) -> None:
    command = [
        sys.executable,
        "-c",
        "import sys; from pipelines.cli import main; sys.exit(main())",
        "run",
        "--data",
        str(tmp_path / "none"),
    ]
    refused = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (refused.returncode, refused.stdout, len(refused.stderr.strip().splitlines())) == (1, "", 1)


def test_check_says_what_would_be_rejected(small: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "--inbox", str(small / "inbox")]) == 0
    (small / "inbox" / "more.csv").write_text(form_of("graduates", (2023, "S9", "730301", 5, 5, 0)), "utf-8")
    assert main(["check", "--inbox", str(small / "inbox")]) == 1
    assert "S9" in capsys.readouterr().out


@pytest.mark.slow
def test_a_later_file_replaces_the_same_key_and_the_replaced_row_stays_listed(published: Path) -> None:
    (published / "inbox" / "a_correction.csv").write_text(form_of("graduates", (2023, "S0", "730301", 20, 20, 0)), "utf-8")
    assert _run(published) == 0
    assert "S0" not in set(_list(published)["school_id"])
    with snapshot.open_snapshot(snapshot.published(published)) as con:  # type: ignore[arg-type]
        rows = con.execute("select file, replaced_by from reported_row where standing = 'superseded'").fetchall()
    assert rows == [("graduates.csv", "a_correction.csv")]


@pytest.mark.slow
def test_a_reader_keeps_the_old_snapshot_while_a_new_one_is_published(published: Path) -> None:
    old = snapshot.published(published)
    assert old is not None
    with snapshot.open_snapshot(old) as reader:
        before = reader.execute("select count(*) from warning").fetchall()
        (published / "inbox" / "more.csv").write_text(form_of("graduates", (2023, "S2", "710201", 30, 3, 0)), "utf-8")
        assert _run(published) == 0
        assert snapshot.published(published) != old
        assert reader.execute("select count(*) from warning").fetchall() == before


def test_the_demonstration_leaves_gaps_in_its_last_year_whichever_that_is(tmp_path: Path) -> None:
    write_city(tmp_path, schools=20, first_year=2019, last_year=2021, points=160)
    assert {path.name[:4] for path in tmp_path.glob("*_MN360100019_*就业*")} == {"2019", "2020"}


@pytest.mark.slow
def test_no_cell_starts_a_formula(city: Path) -> None:
    frame = pd.DataFrame({"school_name": ["=1+1", "+A", "-B", "@C", "普通"], "plan": [1, 2, 3, 4, 5]})
    lines = exports.csv_bytes(frame).decode("utf-8-sig").split()[1:]
    assert [line[0] for line in lines] == ["'", "'", "'", "'", "普"]
    with snapshot.open_snapshot(snapshot.published(city)) as con:  # type: ignore[arg-type]
        from io import BytesIO

        sheet = openpyxl.load_workbook(BytesIO(exports.xlsx_bytes(frame, con))).worksheets[0]
    assert all(cell.data_type != "f" for row in sheet.iter_rows() for cell in row)


# ------------------------------------------------------------------------------------------------ faults


@pytest.mark.slow
def test_a_run_killed_at_any_moment_leaves_what_was_published(published: Path) -> None:
    command = [sys.executable, "-m", "pipelines.cli", "run", "--data", str(published), "--policy", str(published / "policy.toml")]
    for attempt in range(20):
        standing = snapshot.published(published)
        (published / "inbox" / "changing.csv").write_text(form_of("graduates", (2023, "S3", "710201", 30 + attempt, 3, 0)), "utf-8")
        running = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
        time.sleep(random.Random(attempt).uniform(0.2, 6.0))
        os.killpg(running.pid, signal.SIGKILL)
        running.wait()
        now = snapshot.published(published)
        assert now is not None
        with snapshot.open_snapshot(now) as con:
            assert con.execute("select count(*) from snapshot").fetchall() == [(1,)]
        assert now == standing or now.stat().st_mtime_ns >= standing.stat().st_mtime_ns  # type: ignore[union-attr]
    assert _run(published) == 0
    assert not list((published / "snapshots").glob(".building-*"))


HOSTILE = {
    "not_a_workbook.xlsx": b"PK not a workbook",
    "empty.csv": b"",
    "binary.csv": bytes(range(256)) * 50,
    "quote.csv": '年份,学校代码\n"2024,S0\n'.encode(),
    "foreign.csv": "菜名,价格\n米粉,8\n".encode("gb18030"),
    "note.txt": b"hello",
    "broken.parquet": b"PAR1 nothing",
    "twice.csv": "年份,学校代码,专业代码,毕业生数,毕业生数,直接就业人数,升学人数\n2023,S0,730301,1,1,1,0\n".encode(),
    "missing.csv": "年份,学校代码,专业代码,毕业生数,直接就业人数\n2023,S0,730301,1,1\n".encode(),
}


@pytest.mark.slow
def test_every_sort_of_bad_file_gives_one_clear_entry_and_the_rest_goes_on(small: Path) -> None:
    for name, content in HOSTILE.items():
        (small / "inbox" / name).write_bytes(content)
    assert _run(small) == 0
    with snapshot.open_snapshot(snapshot.published(small)) as con:  # type: ignore[arg-type]
        entries = con.execute("select file, count(*), min(reason_zh) from reject group by file").fetchall()
        assert con.execute("select count(*) from graduates").fetchall() == [(4,)]
    assert {file: count for file, count, _ in entries} == dict.fromkeys(HOSTILE, 1)
    assert all("请" in reason for *_, reason in entries)


@pytest.mark.slow
def test_a_huge_cell_rejects_its_row_only(small: Path) -> None:
    text = (
        "年份,学校代码,专业代码,专业名称,毕业生数,直接就业人数,升学人数\n2023,S2,730301,"
        + "长" * 350_000
        + ",9,9,0\n2023,S3,730301,会计事务,9,9,0\n"
    )
    (small / "inbox" / "huge.csv").write_text(text, "utf-8")
    assert _run(small) == 0
    with duckdb.connect(str(snapshot.published(small)), read_only=True) as con:
        assert con.execute('select "row", length(value) < 300 from reject').fetchall() == [(2, True)]
        assert con.execute("select count(*) from graduates where school_id = 'S3'").fetchall() == [(1,)]
