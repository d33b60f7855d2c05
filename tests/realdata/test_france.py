"""Real data of another country through the front door."""

from pathlib import Path

import pandas as pd
import pytest

from pipelines.cli import main
from tests.realdata import france
from warehouse import snapshot

SOURCE = Path(__file__).parents[3] / "shared" / "realdata"
pytestmark = pytest.mark.skipif(not SOURCE.is_dir(), reason="the real data (../shared/realdata) are not here")


def _run(data: Path, *options: str) -> pd.DataFrame:
    assert main(["run", "--data", str(data), *options]) == 0
    output = data / "list.csv"
    assert main(["export", "warnings", "--all", "--data", str(data), "--output", str(output)]) == 0
    return pd.read_csv(output, dtype={"school_id": str, "major_code": str})


@pytest.mark.slow
def test_employment_after_a_professional_bachelor_gives_a_plausible_list(tmp_path: Path) -> None:
    kept = france.write_licence_pro(SOURCE, tmp_path / "inbox")
    found = _run(tmp_path)
    assert kept["school_id"].nunique() <= 78
    with snapshot.open_snapshot(snapshot.published(tmp_path)) as con:  # type: ignore[arg-type]
        assert con.execute("select count(*), count(distinct year) from schools, (select distinct year from graduates)").fetchall()[0] == (
            78 * 4,
            4,
        )
        assert con.execute("select count(*) from graduates").fetchall() == [(len(kept),)]
        assert con.execute("select count(*) from reject").fetchall() == [(0,)]
        reds = con.execute(
            "select min(run_years), min(certainty) from warning_reason where rule_id = 'employment-failing' and level = 'red'"
        ).fetchall()
        published = con.execute(
            "select year, school_id, major_code, value, denominator from indicator_value where indicator = 'employment_rate'"
        ).df()
        backtest = dict(
            con.execute(
                "select case when warning.level_rank >= 2 then 'flagged' else 'not' end, avg((later.value < 0.9)::integer) from warning "
                "join indicator_value as later on later.indicator = 'employment_rate' and later.year = warning.year + 1 "
                "and later.school_id = warning.school_id and later.major_code = warning.major_code group by 1"
            ).fetchall()
        )
        scores = dict(con.execute("select method, brier from forecast_score").fetchall())
    last = kept[kept["year"] == "2016"]
    assert len(found) == len(last)
    told = published.merge(kept.assign(year=kept["year"].astype(int)), on=["year", "school_id", "major_code"])
    assert len(told) == len(kept)
    assert ((told["value"] - told["rate"].astype(float) / 100).abs() <= 0.5 / told["graduates"] + 1e-9).all()
    assert reds[0][0] >= 2
    assert backtest["flagged"] > 2 * backtest["not"], "who was flagged stayed low the year after"
    assert reds[0][1] >= 0.9
    below = (last["employed"] / last["graduates"] < 0.9).mean()
    assert 0 < (found["level"] == "red").mean() < (found["level"] != "normal").mean() <= below + 0.15
    assert scores["probability"] < min(scores["last_value"], scores["area_mean"])


@pytest.mark.slow
def test_every_french_vocational_school_of_a_year_runs_through(tmp_path: Path) -> None:
    rows = france.write_lycee_pro(SOURCE, tmp_path / "inbox")
    assert len(rows) == 44_446
    known = set(pd.read_csv(tmp_path / "inbox" / "catalogue.csv", dtype=str)["major_code"])
    repeated = rows.duplicated(["school_id", "major_code"], keep=False)
    expected = rows[rows["major_code"].isin(known) & ~repeated]
    found = _run(tmp_path, "--policy", "guizhou-2014")
    with snapshot.open_snapshot(snapshot.published(tmp_path)) as con:  # type: ignore[arg-type]
        assert con.execute("select count(*), sum(registered) from enrolment").fetchall() == [
            (len(expected), expected["registered"].astype(int).sum())
        ]
        assert con.execute(
            "select rows_found, rows_accepted + rows_rejected + rows_skipped from submission where file = 'enrolment.csv'"
        ).fetchall() == [(44_447, 44_447)]
    small = expected["registered"].astype(int)
    active = expected[(small > 0) | (expected["plan"].astype(int) > 0)]
    assert len(found) == len(active)
    assert (found["level"] == "watch").sum() == (active["registered"].astype(int) < 50).sum()
