"""Next year's plan: what was decided and suggested, summed up against the total the bureau wants, and the places freed shifted to scarce majors.

A linear program over whole places (scipy's HiGHS): as many places as possible go to majors on the shortage list, the scarcest first, while
- no offering grows beyond the largest plan or intake seen in earlier years, and flagged offerings never grow;
- no school grows by more than the policy's share ([exit] school_growth);
- no major gets more than its vacancies exceed its graduates by;
- the total stays within what the bureau wants, and within the general schools' intake and the policy's share more ([exit] vocational_excess: 职普大体相当).
"""

from dataclasses import dataclass

import duckdb
import numpy as np
import pandas as pd
from scipy.optimize import LinearConstraint, milp
from scipy.sparse import csr_array

from warehouse.texts import Language, sentence


@dataclass(frozen=True)
class NextPlan:
    """`rows`: one per active offering with plan, base (after decisions and suggestions), extra, next_plan (persons) and why (a key of
    plan_reason). `total`: the total allowed; `general`: registered at general schools (None where unknown); `excess`: persons by which the
    plans exceed the total before anything is shifted."""

    rows: pd.DataFrame
    wanted: int
    total: int
    general: int | None
    excess: int

    def told(self, language: Language) -> pd.Series:
        """Why each offering gets what it gets, in words."""
        return pd.Series([sentence(f"plan_reason.{why}", language) for why in self.rows["why"]], index=self.rows.index)


def next_plan(
    con: duckdb.DuckDBPyConnection,
    decided: pd.DataFrame,
    wanted: int | None = None,
    growth: float | None = None,
    follows_suggestions: bool = True,
) -> NextPlan:
    """The plan for the year after the assessment year. `decided`: decisions.standing; `wanted`: the total (default: this year's);
    `growth`: share a school may grow by (default: the policy's); with `follows_suggestions` offerings nobody decided on take the suggested plan."""
    rows = _offerings(con)
    general = _general(con)
    rows = rows.merge(decided[["school_id", "major_code", "act", "decided_plan"]], on=["school_id", "major_code"], how="left")
    suggested = rows["recommended_plan"].where(rows["act"].isna() & follows_suggestions, rows["plan"]).fillna(rows["plan"])
    rows["base"] = rows["decided_plan"].astype("Float64").fillna(suggested).astype(int)
    rows["base"] = rows[["base", "plan"]].min(axis=1)
    wanted = int(rows["plan"].sum()) if wanted is None else wanted
    ((allowed_growth, excess_share),) = con.execute("select school_growth, vocational_excess from policy_exit").fetchall()
    total = wanted if general is None else min(wanted, int(general * (1 + excess_share)))
    limit = allowed_growth if growth is None else growth
    room = np.where(rows["is_scarce"] & (rows["level_rank"] == 0) & rows["act"].isna(), np.maximum(rows["capacity"] - rows["base"], 0), 0)
    by_school = rows.groupby("school_id")[["plan", "base"]].sum()
    school_room = np.maximum(np.floor(by_school["plan"] * (1 + limit) + 1e-9) - by_school["base"], 0)
    major_room = rows.groupby("major_code")["gap"].first().clip(lower=0)
    free = total - int(rows["base"].sum())
    rows["extra"] = _shifted(rows, room, school_room, major_room, max(free, 0))
    rows["next_plan"] = rows["base"] + rows["extra"]
    used_school = rows.groupby("school_id")["extra"].transform("sum") >= rows["school_id"].map(school_room)
    used_major = rows.groupby("major_code")["extra"].transform("sum") >= rows["major_code"].map(major_room)
    rows["why"] = np.select(
        [
            rows["base"] < rows["plan"],
            ~rows["is_scarce"],
            (rows["level_rank"] > 0) | rows["act"].notna(),
            rows["extra"] >= room,
            used_major,
            used_school,
        ],
        ["cut", "not_scarce", "flagged", "capacity", "demand", "school"],
        "total",
    )
    return NextPlan(rows, wanted, total, general, max(-free, 0))


def _shifted(rows: pd.DataFrame, room: np.ndarray, school_room: pd.Series, major_room: pd.Series, free: int) -> np.ndarray:
    """Whole places per offering: the most weighted by scarcity that the limits allow."""
    places = np.flatnonzero(room > 0)
    extra = np.zeros(len(rows), dtype=int)
    if not len(places) or not free:
        return extra
    chosen = rows.iloc[places]
    schools, majors = (pd.factorize(chosen[name]) for name in ("school_id", "major_code"))
    count = len(places)
    matrix = csr_array(
        (np.ones(3 * count), (np.concatenate([schools[0], len(schools[1]) + majors[0], np.full(count, len(schools[1]) + len(majors[1]))]), np.tile(np.arange(count), 3))),
        shape=(len(schools[1]) + len(majors[1]) + 1, count),
    )  # fmt: skip
    limits = np.concatenate([school_room[schools[1]], major_room[majors[1]], [free]])
    found = milp(
        -(1 + chosen["scarcity"].to_numpy()),
        constraints=LinearConstraint(matrix, ub=limits),
        bounds=(0, room[places]),
        integrality=np.ones(count),
    )
    extra[places] = np.round(found.x).astype(int)
    return extra


def _offerings(con: duckdb.DuckDBPyConnection) -> pd.DataFrame:
    """Every offering with a plan in the assessment year: what it may grow to, whether its major is scarce, how scarce (0 to 1), and the gap."""
    return con.execute(
        """
        with largest as (
            select school_id, major_code, max(greatest(plan, registered)) as capacity
            from enrolment join snapshot on year <= assessment_year group by school_id, major_code
        ),
        scarce as (
            select area_id, major_code, vacancies - graduates as gap, 1 - least(graduates / nullif(vacancies, 0), 1) as scarcity
            from major_list join snapshot on year = assessment_year where list = 'shortage'
        )
        select warning.school_id, school_name, district_name, warning.major_code, major_name, group_name, warning.plan::bigint as plan, warning.level, warning.level_rank,
               warning.recommended_plan::double as recommended_plan, largest.capacity::bigint as capacity,
               scarce.major_code is not null as is_scarce, coalesce(scarce.scarcity, 0) as scarcity, coalesce(scarce.gap, 0)::bigint as gap
        from warning
        join snapshot on warning.year = assessment_year and warning.plan_year = assessment_year
        join schools on schools.school_id = warning.school_id
        join catalogue on catalogue.major_code = warning.major_code
        join largest on largest.school_id = warning.school_id and largest.major_code = warning.major_code
        join offering on offering.school_id = warning.school_id and offering.major_code = warning.major_code
        left join scarce on scarce.area_id = offering.area_id and scarce.major_code = warning.major_code
        order by warning.school_id, warning.major_code
        """
    ).df()


def _general(con: duckdb.DuckDBPyConnection) -> int | None:
    """Registered at general schools of all districts, latest month of the assessment year; None where nobody said."""
    found = con.execute(
        "select sum(general_registered) from district_enrolment join snapshot on year = assessment_year "
        "where month = (select max(month) from district_enrolment join snapshot on year = assessment_year)"
    ).fetchall()[0][0]
    return None if found is None else int(found)
