"""What the views read from a published snapshot. Frames out; no Streamlit, no figures."""

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import duckdb
import pandas as pd

from warehouse import decisions, documents
from warehouse.ledger import entries_of
from warehouse.snapshot import open_snapshot

HELD_BACK_BY = ("school_id", "district_code", "file")  # the first of these that a table has says whose a row is
MOVES = ("new_warning", "raised", "lowered", "lifted")
ROWS = (
    """case when row_count = 1 then "row"::varchar when row_count = last_row - "row" + 1 then concat("row", '–', last_row) """
    """else concat("row", '–', last_row, ' (', row_count, ')') end"""
)

_OFFERINGS = """
    select warning.*, schools.school_name, schools.district_code, schools.district_name,
           catalogue.major_name, catalogue.group_code, catalogue.group_name,
           case when level_rank = coalesce(previous_rank, 0) then null when level_rank = 0 then 'lifted' when coalesce(previous_rank, 0) = 0 then 'new_warning'
                when level_rank > previous_rank then 'raised' else 'lowered' end as moved
    from warning
    join schools on schools.school_id = warning.school_id
    join catalogue on catalogue.major_code = warning.major_code
"""


@dataclass(frozen=True)
class Shown:
    """What somebody may see of a snapshot: everything, or the rows of some schools (codes) or districts (codes) only."""

    path: Path
    schools: tuple[str, ...] | None = None
    districts: tuple[str, ...] | None = None

    @property
    def is_whole(self) -> bool:
        """True where nothing is held back."""
        return self.schools is None and self.districts is None


@lru_cache(maxsize=16)
def connection(shown: Shown) -> duckdb.DuckDBPyConnection:
    """One read-only connection per snapshot and scope; every query takes a cursor of its own.

    Where rows are held back, every table that tells of a school, a district or a file stands behind a view of the same name, so that no
    page, export or query written later can show more.
    """
    if shown.is_whole:
        return open_snapshot(shown.path)
    con = duckdb.connect()
    con.execute(f"attach '{str(shown.path).replace(chr(39), chr(39) * 2)}' as whole (read_only)")
    con.execute("create table own_school as select school_id from whole.schools where school_id in (select unnest($1)) or district_code in (select unnest($2))",
                [list(shown.schools or ()), list(shown.districts or ())])  # fmt: skip
    con.execute("create table own_district as select distinct district_code from whole.schools where school_id in (from own_school)")
    con.execute(
        "create table own_file as select file from whole.reported_row group by file having bool_and(school_id in (from own_school))"
    )
    tables = con.execute(
        "select table_name, list(column_name) from duckdb_columns() where database_name = 'whole' group by table_name"
    ).fetchall()
    for table, columns in tables:
        keep = next(
            (f"{column} in (from own_{column.removesuffix('_id').removesuffix('_code')})" for column in HELD_BACK_BY if column in columns),
            "true",
        )
        con.execute(f'create view "{table}" as select * from whole."{table}" where {keep}')
    return con


def ask(shown: Shown, query: str, **values: object) -> pd.DataFrame:
    """A frame from the snapshot; `$name` in the query takes the value of that name."""
    return connection(shown).cursor().execute(query, values or None).df()


def snapshot_row(shown: Shown) -> pd.Series:
    """Id, policy, years, and whether the data are simulated."""
    return ask(shown, "select * from snapshot").iloc[0]


def assessed_years(shown: Shown) -> list[int]:
    """Years with a warning list, latest first."""
    return ask(shown, "select distinct year from warning order by year desc")["year"].tolist()


def levels(shown: Shown) -> pd.DataFrame:
    """The policy's levels, worst last: level, level_rank, action, cut, title_zh, title_en."""
    return ask(shown, "select level, level_rank, action, cut::double as cut, title_zh, title_en from policy_level order by level_rank")


def level_counts(shown: Shown) -> pd.DataFrame:
    """Offerings per year and level."""
    return ask(shown, "select year, level, level_rank, count(*) as offerings from warning group by all order by year, level_rank")


def warnings_of_year(shown: Shown, year: int) -> pd.DataFrame:
    """Every offering assessed in the year with names, worst first; `moved` says how its level differs from the year before: one of MOVES, or none."""
    return ask(shown, f"{_OFFERINGS} where warning.year = $year order by level_rank desc, district_code, school_id, major_code", year=year)


def policy(shown: Shown) -> pd.Series:
    """The policy in force: titles, basis, note, area, whether the only provider is spared a stop, class_size."""
    return ask(shown, "select * from policy").iloc[0]


def rules(shown: Shown) -> pd.DataFrame:
    """The policy's rules in order: rule_id, title_zh, title_en and their settings."""
    return ask(shown, "select * from policy_rule order by rule_order")


def offerings(shown: Shown) -> pd.DataFrame:
    """Every offering with names."""
    return ask(
        shown,
        """select offering.*, school_name, district_name, major_name, group_name from offering
           join schools using (school_id) join catalogue using (major_code) order by school_name, major_name""",
    )


def offering_history(shown: Shown, school: str, major: str) -> pd.DataFrame:
    """The warning rows of one offering, by year."""
    return ask(
        shown, f"{_OFFERINGS} where warning.school_id = $school and warning.major_code = $major order by year", school=school, major=major
    )


def offering_indicators(shown: Shown, school: str, major: str) -> pd.DataFrame:
    """Every indicator of one offering over the years."""
    return ask(
        shown,
        "select * from indicator_value where school_id = $school and major_code = $major order by indicator, year",
        school=school,
        major=major,
    )


def offering_states(shown: Shown, school: str, major: str) -> pd.DataFrame:
    """State of every rule in every year."""
    return ask(
        shown,
        """select rule_state.*, policy_rule.title_zh, policy_rule.title_en, policy_rule.rule_order from rule_state
           join policy_rule using (rule_id) where school_id = $school and major_code = $major order by rule_order, year""",
        school=school,
        major=major,
    )


def offering_reasons(shown: Shown, school: str, major: str, year: int) -> pd.DataFrame:
    """Rules reached in the year, with run, k, n, certainty, threshold and words."""
    return ask(
        shown,
        """select warning_reason.*, coalesce(policy_rule.title_zh, '') as title_zh, coalesce(policy_rule.title_en, '') as title_en, source_zh, source_en
           from warning_reason left join policy_rule using (rule_id)
           where school_id = $school and major_code = $major and year = $year order by kind desc, rule_order""",
        school=school,
        major=major,
        year=year,
    )


def targets(shown: Shown) -> pd.DataFrame:
    """Thresholds of the policy by indicator."""
    return ask(shown, "select indicator, comparison, threshold from policy_condition where certainty is null order by indicator, threshold")


def offering_sources(shown: Shown, school: str, major: str) -> pd.DataFrame:
    """Rows of files that speak of the offering, and what became of them; monthly reports last, as no rule reads them."""
    return ask(
        shown,
        f"""select year, dataset, file, sheet, {ROWS} as "row", code, standing, replaced_by from reported_row
           where school_id = $school and major_code = $major order by dataset = 'enrolment_monthly', year desc, dataset, file, reported_row."row" limit 2000""",
        school=school,
        major=major,
    )


def submissions(shown: Shown) -> pd.DataFrame:
    """One row per file, reconciled."""
    return ask(
        shown,
        """select submission.*, coalesce(entries, 0) as entries from submission
           left join (select file, count(*) as entries from reject group by file) using (file) order by entries desc, file""",
    )


def totals_that_disagree(shown: Shown) -> pd.DataFrame:
    """合计 figures that differ from the sum of their rows."""
    return ask(shown, "select * from total_mismatch order by file, sheet, row")


def superseded_rows(shown: Shown) -> pd.DataFrame:
    """Accepted rows that a later file replaced."""
    return ask(
        shown,
        f"""select dataset, year, school_id, code, file, sheet, {ROWS} as "row", replaced_by from reported_row where standing = 'superseded'
            order by file, reported_row."row" """,
    )


def recommendations(shown: Shown, year: int) -> pd.DataFrame:
    """What `recommendation` says, of every offering of the year."""
    return ask(shown, "select * from recommendation where year = $year", year=year)


def recommendation(shown: Shown, school: str, major: str, year: int) -> pd.DataFrame:
    """How sure and how stable the level is, what would lift it and what speaks against it: one row, or none where nothing is flagged."""
    return ask(
        shown,
        "select * from recommendation where school_id = $school and major_code = $major and year = $year",
        school=school,
        major=major,
        year=year,
    )


def variant_levels(shown: Shown, school: str, major: str, year: int) -> pd.DataFrame:
    """The offering's level under every other policy."""
    return ask(
        shown,
        "select variant, level, level_rank, action from variant_level where school_id = $school and major_code = $major and year = $year order by variant",
        school=school,
        major=major,
        year=year,
    )


def pooled_rates(shown: Shown, school: str, major: str) -> pd.DataFrame:
    """Raw, pooled and expected employment rates of the offering over the years, with the gain and its interval."""
    return ask(
        shown, "select * from pooled_rate where school_id = $school and major_code = $major order by year", school=school, major=major
    )


def forecast(shown: Shown, school: str, major: str, year: int) -> pd.DataFrame:
    """The forecast for the year after `year`: one row, or none."""
    return ask(
        shown,
        "select * from forecast where school_id = $school and major_code = $major and year = $year + 1",
        school=school,
        major=major,
        year=year,
    )


def forecast_scores(shown: Shown) -> pd.DataFrame:
    """Brier score of each way of forecasting, best first."""
    return ask(shown, "select * from forecast_score order by brier")


def calibration(shown: Shown) -> pd.DataFrame:
    """Forecast tenths: mean forecast and the share that came true."""
    return ask(shown, "select * from forecast_calibration order by tenth")


def doubts(shown: Shown, year: int, school: str = "", major: str = "") -> pd.DataFrame:
    """Figures worth a second look, of the city or of one school or offering."""
    return ask(
        shown,
        """select doubt.*, school_name, district_name, coalesce(major_name, '') as major_name from doubt join schools using (school_id)
           left join catalogue using (major_code)
           where year = $year and ($school = '' or school_id = $school) and ($major = '' or major_code = $major or major_code is null)
           order by kind, school_name, major_name""",
        year=year,
        school=school,
        major=major,
    )


def evaluations(shown: Shown, school: str, major: str) -> pd.DataFrame:
    """What a third party found of an offering's graduates, year by year."""
    return ask(shown, "from evaluation where school_id = $school and major_code = $major order by year", school=school, major=major)


def missing_reports(shown: Shown, year: int) -> pd.DataFrame:
    """Offerings with pupils due to graduate in the year and no graduates row."""
    return ask(
        shown,
        """select missing_report.*, school_name, district_name, district_code, major_name from missing_report
           join schools using (school_id) join catalogue using (major_code) where year = $year order by district_code, school_id, major_code""",
        year=year,
    )


def peers(shown: Shown, major: str, year: int) -> pd.DataFrame:
    """The offerings of a major in the year, largest first."""
    return ask(
        shown,
        f"{_OFFERINGS} where warning.major_code = $major and warning.year = $year order by registered desc nulls last",
        major=major,
        year=year,
    )


def warnings_of(shown: Shown, column: str, code: str) -> pd.DataFrame:
    """Every assessed year of the offerings of one school, major or district; `column` is school_id, major_code or district_code."""
    known = {"school_id": "warning.school_id", "major_code": "warning.major_code", "district_code": "schools.district_code"}
    return ask(
        shown, f"{_OFFERINGS} where {known[column]} = $code order by warning.year, level_rank desc, school_id, major_code", code=code
    )


def school_indicators(shown: Shown, year: int) -> pd.DataFrame:
    """School indicators of the year with names."""
    return ask(
        shown,
        """select school_indicator.*, own.school_name, own.district_name, own.district_code, twin.school_name as twin_school
           from school_indicator join schools as own using (school_id) left join schools as twin on twin.school_id = twin_school_id
           where year = $year order by own.district_code, school_id""",
        year=year,
    )


def school_warnings(shown: Shown, year: int) -> pd.DataFrame:
    """School rules broken in the year."""
    return ask(
        shown,
        """select school_warning.*, school_name, district_name, title_zh, title_en, source_zh, source_en
           from school_warning join schools using (school_id) join policy_school_rule using (rule_id)
           where year = $year order by rule_id, school_id""",
        year=year,
    )


def active_offerings(shown: Shown, year: int, district: str = "") -> pd.DataFrame:
    """Active offerings of the year (in a district) with names, level and cluster."""
    return ask(
        shown,
        """select active_offering.*, school_name, district_name, major_name, cluster_code, coalesce(level, 'normal') as level
           from active_offering join schools using (school_id) join catalogue using (major_code) join major_cluster using (major_code)
           left join warning using (year, school_id, major_code)
           where active_offering.year = $year and $district in ('', schools.district_code)""",
        year=year,
        district=district,
    )


def crowding(shown: Shown, year: int) -> pd.DataFrame:
    """Crowded clusters of the year, most points first, with the names of their majors."""
    return ask(
        shown,
        """select cluster_crowding.*, names.major_name from cluster_crowding
           join (select cluster_code, string_agg(major_name, '、' order by major_code) as major_name from major_cluster join catalogue using (major_code)
                 group by cluster_code) as names using (cluster_code)
           where year = $year order by cluster_points desc, cluster_code""",
        year=year,
    )


def cluster_points(shown: Shown, year: int, area: str, cluster: str) -> pd.DataFrame:
    """The points of one crowded cluster by place, with what the place rests on."""
    return ask(
        shown,
        """select cluster_point.*, school_name, district_name, district_code, major_name from cluster_point
           join schools using (school_id) join catalogue using (major_code)
           where year = $year and area_id = $area and cluster_code = $cluster order by keep_rank""",
        year=year,
        area=area,
        cluster=cluster,
    )


def major_pairs(shown: Shown) -> pd.DataFrame:
    """Majors that resemble each other most, with the evidence."""
    return ask(
        shown,
        """select major_pair.*, one.major_name, other.major_name as other_name from major_pair
           join catalogue as one on one.major_code = major_pair.major_code join catalogue as other on other.major_code = other_code
           order by similarity desc limit 200""",
    )


def school_pairs(shown: Shown, year: int, district: str = "") -> pd.DataFrame:
    """Similarity of every pair of schools (of a district) with a major in common."""
    return ask(
        shown,
        """select school_pair.*, own.school_name, other.school_name as other_school from school_pair
           join schools as own on own.school_id = school_pair.school_id join schools as other on other.school_id = other_id
           where year = $year and ($district = '' or own.district_code = $district and other.district_code = $district)""",
        year=year,
        district=district,
    )


def class_supply(shown: Shown, year: int) -> pd.DataFrame:
    """Graduates and vacancies by class."""
    return ask(shown, "select * from class_supply where year = $year order by ratio desc nulls last", year=year)


def major_supply(shown: Shown, year: int) -> pd.DataFrame:
    """Graduates and vacancies by major and area."""
    return ask(
        shown,
        """select indicator_value.major_code, major_name, offering_year.area_id, min(numerator) as graduates, min(denominator) as vacancies, min(value) as ratio
           from indicator_value join offering_year using (year, school_id, major_code) join catalogue using (major_code)
           where year = $year and indicator = 'supply_demand_ratio' group by all order by ratio desc nulls last""",
        year=year,
    )


def industry_match(shown: Shown, year: int) -> pd.DataFrame:
    """Shares of pupils and of employment by industry."""
    return ask(shown, "select * from industry_match where year = $year order by employment_share desc", year=year)


def match_index(shown: Shown) -> pd.DataFrame:
    """The overlap index over the years."""
    return ask(shown, "select * from match_index order by area_id, year")


def major_lists(shown: Shown, year: int) -> pd.DataFrame:
    """The three lists with names."""
    return ask(
        shown,
        """select major_list.*, major_name, class_name, group_name from major_list join catalogue using (major_code)
           where year = $year order by list, area_id, ratio""",
        year=year,
    )


def monthly(shown: Shown, years: list[int]) -> pd.DataFrame:
    """Registered so far, of all schools, by year and month."""
    return ask(
        shown,
        """select year, month, sum(registered)::bigint as registered from enrolment_monthly where list_contains($years, year)
           group by year, month order by year, month""",
        years=years,
    )


def monthly_ranking(shown: Shown, year: int, month: int, by: str) -> pd.DataFrame:
    """Districts or schools (`by`) by what they have registered of their plan (documents.monthly_ranking)."""
    return documents.monthly_ranking(connection(shown).cursor(), year, month, by)


def district_enrolment(shown: Shown, years: list[int]) -> pd.DataFrame:
    """Vocational and general intake up to each month by district."""
    return ask(
        shown,
        """select district_enrolment.*, coalesce(names.district_name, district_code) as district_name from district_enrolment
           left join (select district_code, min(district_name) as district_name from schools group by 1) as names using (district_code)
           where list_contains($years, year) order by year, month, district_code""",
        years=years,
    )


def deliveries(shown: Shown) -> pd.DataFrame:
    """Accepted rows by school, year and dataset."""
    return ask(
        shown,
        """select reported_row.school_id, school_name, reported_row.year, dataset, coalesce(sum(row_count) filter (where standing = 'accepted'), 0)::bigint as rows_accepted
           from reported_row join schools using (school_id) where reported_row.year is not null group by all order by school_name, year, dataset""",
    )


def figures(shown: Shown, year: int) -> pd.DataFrame:
    """Every assessed offering of the year with one column per indicator, for the quadrants."""
    values = ask(shown, "select school_id, major_code, indicator, value from indicator_value where year = $year", year=year)
    wide = values.pivot(index=["school_id", "major_code"], columns="indicator", values="value").reset_index()
    return (
        warnings_of_year(shown, year)
        .drop(columns=["employment_rate", "same_major_points"])
        .merge(wide, on=["school_id", "major_code"], how="left")
    )


def indicator_history(shown: Shown, indicator: str) -> pd.DataFrame:
    """One list of values by year for every offering, for the small lines of the list."""
    return ask(
        shown,
        """select school_id, major_code, list(value order by year) as history from indicator_value where indicator = $indicator and value is not null
           group by all""",
        indicator=indicator,
    )


def last_year_values(shown: Shown, year: int, indicator: str) -> pd.DataFrame:
    """The indicator of every offering the year before."""
    return ask(
        shown,
        "select school_id, major_code, value as before from indicator_value where year = $year - 1 and indicator = $indicator",
        year=year,
        indicator=indicator,
    )


def published_columns(shown: Shown) -> pd.DataFrame:
    """Every column of every published table with its label, unit and meaning."""
    return ask(shown, "select * from dictionary_column order by table_name, column_name")


def conditions(shown: Shown) -> pd.DataFrame:
    """The policy's rules with their conditions and steps in words of the policy."""
    return ask(shown, "select * from policy_condition join policy_rule using (rule_id) order by rule_order, condition_order")


def steps(shown: Shown) -> pd.DataFrame:
    """The steps of every rule."""
    return ask(shown, "select * from policy_step join policy_level using (level, level_rank) order by rule_id, step_order")


def withdrawn_enrolment(shown: Shown, year: int) -> pd.DataFrame:
    """Rows that still enrol under a withdrawn code."""
    return ask(
        shown,
        "select withdrawn_enrolment.*, school_name from withdrawn_enrolment left join schools using (school_id) where year <= $year",
        year=year,
    )


def reference_files(shown: Shown) -> list[str]:
    """Files of the inbox with registers, catalogues, crosswalks or changes of schools: what new files are checked against."""
    names = ["schools", "catalogue", "crosswalk", "school_changes"]
    return ask(shown, "select file from submission where list_has_any(string_split(datasets, ';'), $names)", names=names)["file"].tolist()


def former_codes(shown: Shown, school: str, major: str) -> pd.DataFrame:
    """Codes that the offering was handed in under before the one in force: code, the name it had then, dataset and its years."""
    return ask(
        shown,
        """select code, coalesce(max(old_name), max(written_name), '') as former_name, dataset, min(year) as first_year, max(year) as last_year
           from reported_row
           left join (select distinct old_code, old_name from crosswalk) on old_code = code
           where school_id = $school and major_code = $major and code <> major_code and standing = 'accepted' and year is not null
           group by code, dataset order by code, first_year, dataset""",
        school=school,
        major=major,
    )


# ------------------------------------------------------------------------------------------------ what follows a warning


def ledger_entries(shown: Shown, data: Path) -> pd.DataFrame:
    """Every entry of the ledger as it stands now (ledger.Ledger.entries), of the schools shown, with their names."""
    names = ask(
        shown,
        "select school_id, major_code, school_name, district_code, district_name, major_name from offering "
        "join schools using (school_id) join catalogue using (major_code)",
    )
    return entries_of(data).merge(names, on=["school_id", "major_code"], how="inner")


def open_cases(shown: Shown, entries: pd.DataFrame, today: str) -> pd.DataFrame:
    """What waits for somebody, the most pressing first: proposal (undecided, appeal, term_over, or what a term of the policy proposes) and
    until, beside the figures of the warning list. `entries`: ledger_entries; `today`: ISO date."""
    year = int(snapshot_row(shown)["assessment_year"])
    key = ["school_id", "major_code"]
    rows = offerings(shown).merge(
        warnings_of_year(shown, year)[
            [*key, "level", "level_rank", "action", "plan", "recommended_plan", "registered", "employment_rate", "rules"]
        ],
        on=key,
        how="left",
    )
    standing = decisions.standing(entries).set_index(key)
    decided = set(standing.index[standing["year"] == year])
    flagged = rows[(rows["level_rank"] > 0) & ~pd.MultiIndex.from_frame(rows[key]).isin(decided)]
    ended = standing[(standing["until"] != "") & (standing["until"] < today)]
    proposed = ask(
        shown, "select school_id, major_code, proposal, until from proposal left join case_state using (year, school_id, major_code)"
    )
    proposed = proposed[~pd.MultiIndex.from_frame(proposed[key]).isin(decided)]
    waiting = pd.concat(
        [
            pd.DataFrame(sorted(decisions.appealed(entries)), columns=key).assign(proposal="appeal"),
            proposed,
            ended.reset_index()[[*key, "until"]].assign(proposal="term_over"),
            flagged[key].assign(proposal="undecided"),
        ]
    ).fillna({"until": ""})
    waiting = waiting.drop_duplicates(key).merge(rows, on=key)
    return (
        waiting.assign(urgency=waiting["proposal"].ne("undecided"))
        .sort_values(["urgency", "level_rank", "school_id", "major_code"], ascending=[False, False, True, True])
        .reset_index(drop=True)
    )


def implementation(shown: Shown) -> pd.DataFrame:
    """Every decision on a plan and whether the next year follows it, latest first."""
    return ask(shown, "select * from implementation join schools using (school_id) join catalogue using (major_code) order by year desc, is_done nulls last, school_id, major_code")  # fmt: skip


def aftermath(shown: Shown) -> pd.DataFrame:
    """Every past warning with two further years, latest first."""
    return ask(shown, "select * from aftermath join schools using (school_id) join catalogue using (major_code) order by year desc, school_id, major_code")  # fmt: skip


def district_evaluation(shown: Shown, year: int) -> pd.DataFrame:
    """The districts of a year by their score."""
    return ask(shown, "select district_evaluation.*, district_name from district_evaluation join (select distinct district_code, district_name from schools) "
                      "using (district_code) where year = $year order by district_rank, district_code", year=year)  # fmt: skip


def district_weights(shown: Shown) -> pd.Series:
    """What each part of a district's score weighs."""
    return ask(shown, "select * from policy_district_evaluation").iloc[0]


def exit_terms(shown: Shown) -> pd.Series:
    """The terms of the policy in force."""
    return ask(shown, "select * from policy_exit").iloc[0]
