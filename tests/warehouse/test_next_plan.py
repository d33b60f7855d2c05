"""Next year's plan: places freed go where they may and should, and never further."""

from collections.abc import Iterator

import duckdb
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.small_city import EMPLOYMENT, judged, policy_of
from warehouse.next_plan import next_plan

NOBODY = pd.DataFrame(columns=["school_id", "major_code", "act", "decided_plan"])
FAILING, SCARCE, PLENTY = "730301", "710201", "740101"


@pytest.fixture(scope="module")
def con(tmp_path_factory: pytest.TempPathFactory) -> Iterator[duckdb.DuckDBPyConnection]:
    """S0 has a failing major of 60 places, which is to be stopped. The scarce major is taught at S1 (40 now, 70 seen) and S2 (50, 50 seen)."""
    years = (2021, 2022, 2023)
    with judged(
        tmp_path_factory.mktemp("plan"),
        policy_of(EMPLOYMENT, "[exit]\nvocational_excess = 0.25\n"),
        enrolment=[
            *((year, "S0", FAILING, 60, 60, 50) for year in years),
            (2021, "S1", SCARCE, 70, 70, 65), *((year, "S1", SCARCE, 40, 40, 40) for year in years[1:]),
            *((year, "S2", SCARCE, 50, 50, 50) for year in years),
            *((year, "S1", PLENTY, 100, 100, 90) for year in years),
        ],
        graduates=[
            *((year, "S0", FAILING, 60, 10, 0) for year in years),
            *((year, "S1", SCARCE, 30, 30, 0) for year in years), *((year, "S2", SCARCE, 40, 40, 0) for year in years),
            *((year, "S1", PLENTY, 90, 89, 0) for year in years),
        ],
        demand=[(2023, SCARCE, "D0", 160), (2023, PLENTY, "D0", 95)],
        district_enrolment=[(2023, 9, "D0", 250, 230, 260)],
        with_variants=True,
    ) as made:  # fmt: skip
        yield made


def _extra(plan) -> dict[tuple[str, str], int]:
    rows = plan.rows[plan.rows["extra"] > 0]
    return {(row.school_id, row.major_code): row.extra for row in rows.itertuples()}


def test_places_freed_go_to_the_scarce_major_up_to_what_was_seen_and_the_schools_limit(con: duckdb.DuckDBPyConnection) -> None:
    plan = next_plan(con, NOBODY)
    assert plan.rows["plan"].sum() == 250
    assert dict(zip(plan.rows["major_code"] + plan.rows["school_id"], plan.rows["base"], strict=True))[FAILING + "S0"] == 0
    assert _extra(plan) == {("S1", SCARCE): 28}, "S1 may grow by a fifth of 140; S2 is as large as it ever was"
    why = {(row.school_id, row.major_code): row.why for row in plan.rows.itertuples()}
    assert why == {("S0", FAILING): "cut", ("S1", SCARCE): "school", ("S1", PLENTY): "not_scarce", ("S2", SCARCE): "capacity"}


def test_each_limit_holds_alone(con: duckdb.DuckDBPyConnection) -> None:
    assert _extra(next_plan(con, NOBODY, growth=0.5)) == {("S1", SCARCE): 30}, "the largest plan seen"
    assert _extra(next_plan(con, NOBODY, wanted=200)) == {("S1", SCARCE): 10}, "the total"
    assert not _extra(next_plan(con, NOBODY, wanted=150))
    assert next_plan(con, NOBODY, wanted=150).excess == 40
    assert not _extra(next_plan(con, NOBODY, follows_suggestions=False)), "nothing was freed"
    assert next_plan(con, NOBODY, wanted=1000).total == 325, "the general schools' intake and, by the policy, a quarter more"


def test_a_decision_goes_before_the_suggestion(con: duckdb.DuckDBPyConnection) -> None:
    decided = pd.DataFrame([["S0", FAILING, "reduce", 45], ["S1", SCARCE, "observe", None]], columns=NOBODY.columns)
    plan = next_plan(con, decided)
    assert plan.rows.set_index("school_id").loc["S0", "next_plan"] == 45
    assert not _extra(plan), "an offering that was decided on does not grow"


@settings(max_examples=40, deadline=None)
@given(wanted=st.integers(0, 600), growth=st.floats(0, 1))
def test_no_limit_is_ever_broken(con: duckdb.DuckDBPyConnection, wanted: int, growth: float) -> None:
    plan = next_plan(con, NOBODY, wanted, growth)
    rows = plan.rows
    assert (rows["extra"] >= 0).all()
    assert (rows["next_plan"] <= rows[["capacity", "base"]].max(axis=1)).all()
    assert rows["next_plan"].sum() <= max(plan.total, rows["base"].sum())
    by_school = rows.groupby("school_id")[["plan", "base", "next_plan"]].sum()
    assert (by_school["next_plan"] <= (by_school["plan"] * (1 + growth) + 1e-6).clip(lower=by_school["base"])).all()
    assert rows.loc[rows["level_rank"] > 0, "extra"].sum() == 0
