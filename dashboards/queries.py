"""What the views read from a published snapshot. Frames out; no Streamlit, no figures."""

from functools import lru_cache
from pathlib import Path

import duckdb
import pandas as pd

from warehouse.snapshot import open_snapshot

_OFFERINGS = """
    select warning.*, schools.school_name, schools.district_code, schools.district_name,
           catalogue.major_name, catalogue.group_code, catalogue.group_name
    from warning
    join schools on schools.school_id = warning.school_id
    join catalogue on catalogue.major_code = warning.major_code
"""


@lru_cache(maxsize=4)
def connection(path: Path) -> duckdb.DuckDBPyConnection:
    """One read-only connection per snapshot; every query takes a cursor of its own."""
    return open_snapshot(path)


def ask(path: Path, query: str, **values: object) -> pd.DataFrame:
    """A frame from the snapshot; `$name` in the query takes the value of that name."""
    return connection(path).cursor().execute(query, values or None).df()


def snapshot_row(path: Path) -> pd.Series:
    """Id, policy, years, and whether the data are simulated."""
    return ask(path, "select * from snapshot").iloc[0]


def assessed_years(path: Path) -> list[int]:
    """Years with a warning list, latest first."""
    return ask(path, "select distinct year from warning order by year desc")["year"].tolist()


def levels(path: Path) -> pd.DataFrame:
    """The policy's levels, worst last: level, level_rank, action, cut, title_zh, title_en."""
    return ask(path, "select level, level_rank, action, cut::double as cut, title_zh, title_en from policy_level order by level_rank")


def level_counts(path: Path) -> pd.DataFrame:
    """Offerings per year and level."""
    return ask(path, "select year, level, level_rank, count(*) as offerings from warning group by all order by year, level_rank")


def warnings_of_year(path: Path, year: int) -> pd.DataFrame:
    """Every offering assessed in the year with names, worst first."""
    return ask(path, f"{_OFFERINGS} where warning.year = $year order by level_rank desc, district_code, school_id, major_code", year=year)


def changes(path: Path, year: int) -> pd.DataFrame:
    """Offerings whose level differs from the year before; `change` is new_warning, raised, lowered or lifted."""
    return ask(
        path,
        f"""select *, case when level_rank = 0 then 'lifted' when coalesce(previous_rank, 0) = 0 then 'new_warning'
                      when level_rank > previous_rank then 'raised' else 'lowered' end as change
            from ({_OFFERINGS} where warning.year = $year)
            where level_rank <> coalesce(previous_rank, 0)
            order by level_rank desc, district_code, school_id, major_code""",
        year=year,
    )


def rules(path: Path) -> pd.DataFrame:
    """The policy's rules in order: rule_id, title_zh, title_en and their settings."""
    return ask(path, "select * from policy_rule order by rule_order")


def offerings(path: Path) -> pd.DataFrame:
    """Every offering with names."""
    return ask(
        path,
        """select offering.*, school_name, district_name, major_name, group_name from offering
           join schools using (school_id) join catalogue using (major_code) order by school_name, major_name""",
    )


def offering_history(path: Path, school: str, major: str) -> pd.DataFrame:
    """The warning rows of one offering, by year."""
    return ask(
        path, f"{_OFFERINGS} where warning.school_id = $school and warning.major_code = $major order by year", school=school, major=major
    )


def offering_indicators(path: Path, school: str, major: str) -> pd.DataFrame:
    """Every indicator of one offering over the years."""
    return ask(
        path,
        "select * from indicator_value where school_id = $school and major_code = $major order by indicator, year",
        school=school,
        major=major,
    )


def offering_states(path: Path, school: str, major: str) -> pd.DataFrame:
    """State of every rule in every year."""
    return ask(
        path,
        """select rule_state.*, policy_rule.title_zh, policy_rule.title_en, policy_rule.rule_order from rule_state
           join policy_rule using (rule_id) where school_id = $school and major_code = $major order by rule_order, year""",
        school=school,
        major=major,
    )


def offering_reasons(path: Path, school: str, major: str, year: int) -> pd.DataFrame:
    """Rules reached in the year, with run, k, n, certainty, threshold and words."""
    return ask(
        path,
        """select warning_reason.*, coalesce(policy_rule.title_zh, '') as title_zh, coalesce(policy_rule.title_en, '') as title_en
           from warning_reason left join policy_rule using (rule_id)
           where school_id = $school and major_code = $major and year = $year order by kind desc, rule_order""",
        school=school,
        major=major,
        year=year,
    )


def targets(path: Path) -> pd.DataFrame:
    """Thresholds of the policy by indicator."""
    return ask(path, "select indicator, comparison, threshold from policy_condition order by indicator, threshold")


def offering_sources(path: Path, school: str, major: str) -> pd.DataFrame:
    """Rows of files that speak of the offering, and what became of them."""
    return ask(
        path,
        """select year, dataset, file, sheet, "row", code, standing, replaced_by from reported_row
           where school_id = $school and major_code = $major order by year desc, dataset, file, "row" limit 2000""",
        school=school,
        major=major,
    )


def submissions(path: Path) -> pd.DataFrame:
    """One row per file, reconciled."""
    return ask(
        path,
        """select submission.*, coalesce(entries, 0) as entries from submission
           left join (select file, count(*) as entries from reject group by file) using (file) order by entries desc, file""",
    )


def totals_that_disagree(path: Path) -> pd.DataFrame:
    """合计 figures that differ from the sum of their rows."""
    return ask(path, "select * from total_mismatch order by file, sheet, row")


def superseded_rows(path: Path) -> pd.DataFrame:
    """Accepted rows that a later file replaced."""
    return ask(
        path,
        """select dataset, year, school_id, code, file, sheet, "row", replaced_by from reported_row where standing = 'superseded' order by file, "row" """,
    )
