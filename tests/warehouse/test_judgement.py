"""The judgement beyond the plain rules, worked out by hand: windows, clusters, demand, trust, pooling, forecasts, recommendations."""

import itertools
import os
from decimal import Decimal
from pathlib import Path

import pytest

from tests.small_city import EMPLOYMENT, HEADING, LEVELS, form_of, judged, policy_of
from warehouse.dictionary import dictionary
from warehouse.exports import why_unjudged
from warehouse.policy import PolicyError, read_policy
from warehouse.refusal import RunRefused
from warehouse.variants import judge_variant, shifted

A, B, C = "730301", "710201", "660103"


def _level(con, school: str = "S0", major: str = A, year: int = 2023) -> str:
    return con.execute("select level from warning where (school_id, major_code, year) = (?, ?, ?)", [school, major, year]).fetchall()[0][0]


def _rule(*steps: str, conditions: str = '{ indicator = "employment_rate", below = 0.9 }', rest: str = "min_denominator = 10") -> str:
    return (
        f'[[rule]]\nid = "employment"\ntitle = {{ zh = "就业", en = "Employment" }}\nconditions = [ {conditions} ]\n{rest}\n'
        f"steps = [ {', '.join(steps)} ]\n"
    )


# ------------------------------------------------------------------------------------------------ windows and counts

LUCKY = [(2021, "S0", A, 20, 10, 0), (2022, "S0", A, 20, 20, 0), (2023, "S0", A, 20, 12, 0)]


def test_a_lucky_year_resets_a_run_but_not_a_window(tmp_path: Path) -> None:
    # 10 + 20 + 12 = 42 of 60, so 70 %: below 90 % beyond doubt; the run at 2023 is one year
    run = policy_of(_rule('{ years = 3, level = "red" }'))
    window = policy_of(_rule('{ window = 3, level = "red", certainty = 0.95 }'))
    with judged(tmp_path / "run", run, graduates=LUCKY) as con:
        assert _level(con) == "normal"
    with judged(tmp_path / "window", window, graduates=LUCKY) as con:
        assert _level(con) == "red"
        assert con.execute("select k, n, years, run_years from rule_reached join step_certainty using (year, school_id, major_code, rule_id, "
                           "step_order) where year = 2023").fetchall() == [(42, 60, "2021;2022;2023", 3)]  # fmt: skip
        assert "近3年合并计算" in con.execute("select text_zh from warning_reason where year = 2023").fetchall()[0][0]


def test_a_window_needs_the_year_itself_and_counts_small_years_in_its_sum(tmp_path: Path) -> None:
    policy = policy_of(_rule('{ window = 3, level = "red", certainty = 0.8 }'))
    small = [(2021, "S0", A, 5, 1, 0), (2023, "S0", A, 5, 1, 0), (2022, "S1", A, 9, 1, 0), (2023, "S2", A, 20, 20, 0)]
    with judged(tmp_path, policy, graduates=small, enrolment=[(2023, "S1", A, 20, 20, 20)]) as con:
        assert _level(con, "S0") == "red"  # 5 + 5 reach min_denominator together
        assert _level(con, "S1") == "normal"  # nothing in 2023 itself
        assert _level(con, "S0", year=2021) == "normal"  # 5 alone do not


BARS = """
[[rule]]
id = "failing"
conditions = [ {{ indicator = "employment_rate", below = 0.90 }}, {{ indicator = "employment_rate", below = 0.93, certainty = {own} }} ]
min_denominator = 10
steps = [ {{ window = 3, least = {least}, level = "red", certainty = 0.90 }} ]
"""


@pytest.mark.parametrize(
    ("own", "least", "years", "is_red"),
    [("0.995", 2, 3, True), ("0.9995", 2, 3, False), ("0.995", 2, 1, False), ("0.5", 1, 1, False), ("0.5", 3, 2, False)],
)
def test_a_condition_asks_for_a_certainty_of_its_own_and_a_window_for_years(
    tmp_path: Path, own: str, least: int, years: int, is_red: bool
) -> None:
    """75 of 90 over three years: 97.5 % sure to be below 90 %, 99.9 % sure to be below 93 %. One year, 25 of 30, is 88 % sure only."""
    graduates = [(year, "S0", "730301", 30, 25, 0) for year in range(2024 - years, 2024)]
    with judged(tmp_path, policy_of(BARS.format(own=own, least=least)), graduates=graduates) as con:
        assert (con.execute("select level from warning where year = 2023").fetchall() == [("red",)]) == is_red


def test_a_count_tolerates_a_good_year(tmp_path: Path) -> None:
    for span, expected in ((3, "yellow"), (2, "normal")):
        policy = policy_of(_rule(f'{{ breaches = 2, within = {span}, level = "yellow" }}'))
        with judged(tmp_path / str(span), policy, graduates=LUCKY) as con:
            assert _level(con) == expected
            assert _level(con, year=2022) == "normal"  # a good year itself is never reached


def test_a_window_with_another_condition_needs_it_in_the_year(tmp_path: Path) -> None:
    conditions = '{ indicator = "employment_rate", below = 0.9 }, { indicator = "cohort_size", below = 30 }'
    policy = policy_of(_rule('{ window = 3, level = "red", certainty = 0.95 }', conditions=conditions))
    for registered, expected in ((20, "red"), (40, "normal")):
        enrolment = [(year, "S0", A, 50, 50, registered if year == 2023 else 20) for year in (2021, 2022, 2023)]
        with judged(tmp_path / str(registered), policy, graduates=LUCKY, enrolment=enrolment) as con:
            assert _level(con) == expected


@pytest.mark.parametrize(
    ("step", "hint"),
    [
        ('{ years = 2, window = 3, level = "red", certainty = 0.9 }', "只能写一种"),
        ('{ window = 3, level = "red" }', "certainty"),
        ('{ breaches = 3, within = 2, level = "red" }', "within"),
        ('{ breaches = 2, level = "red" }', "within"),
    ],
)
def test_a_step_that_says_two_things_or_half_of_one_is_refused(step: str, hint: str) -> None:
    with pytest.raises(PolicyError, match=hint):
        policy_of(_rule(step))


def test_a_window_over_no_proportion_is_refused() -> None:
    with pytest.raises(PolicyError, match="window"):
        policy_of(_rule('{ window = 3, level = "red", certainty = 0.9 }', conditions='{ indicator = "cohort_size", below = 30 }'))


# ------------------------------------------------------------------------------------------------ duplication

COURSES = [("S0", A, course) for course in ("会计", "税法", "统计", "出纳")] + [
    ("S1", B, course) for course in ("会计", "税法", "统计", "网络")
]


def test_majors_with_the_same_courses_count_as_one_cluster(tmp_path: Path) -> None:
    # 3 common courses of 5: 0.6. Names and classes have nothing in common, neither leads to an occupation of the other.
    similarity = "[similarity]\nscore = 0.55\nname_weight = 0\ncourse_weight = 1\noccupation_weight = 0\nclass_weight = 0\n"
    enrolment = [(2023, "S0", A, 40, 40, 40), (2023, "S1", B, 40, 40, 30), (2023, "S2", C, 40, 40, 30)]
    with judged(tmp_path, policy_of(EMPLOYMENT, similarity), enrolment=enrolment, courses=COURSES) as con:
        assert con.execute("select course_overlap, similarity, common_courses from major_pair where (major_code, other_code) = (?, ?)",
                           [B, A]).fetchall() == [(0.6, 0.6, "会计、税法、统计")]  # fmt: skip
        found = dict(con.execute("select major_code, value from indicator_value where indicator = 'same_cluster_points'").fetchall())
        assert found == {A: 2, B: 2, C: 1}
        assert dict(con.execute("select major_code, value from indicator_value where indicator = 'same_major_points'").fetchall()) == {
            A: 1,
            B: 1,
            C: 1,
        }


def test_without_a_score_a_cluster_is_a_code(tmp_path: Path) -> None:
    enrolment = [(2023, "S0", A, 40, 40, 40), (2023, "S1", B, 40, 40, 30)]
    with judged(tmp_path, enrolment=enrolment, courses=COURSES) as con:
        assert con.execute("select count(distinct cluster_code) from major_cluster").fetchall() == [(2,)]


def test_the_points_to_keep_are_ranked_and_the_others_pupils_find_room(tmp_path: Path) -> None:
    # Scores with weights 0.5 employment, 0.5 intake: S0 (0.9 + 1)/2, S1 (0.5 + 0.25)/2, S2 (1 + 0.5)/2. Keep two: S0 and S2.
    keep = "[keep]\nkeep_points = 2\nemployment_weight = 0.5\nintake_weight = 0.5\nretention_weight = 0\nmatched_weight = 0\n"
    enrolment = [(2023, "S0", A, 50, 40, 40), (2023, "S1", A, 50, 10, 10), (2023, "S2", A, 25, 20, 20)]
    graduates = [(2023, "S0", A, 20, 18, 0), (2023, "S1", A, 20, 10, 0), (2023, "S2", A, 20, 20, 0)]
    with judged(tmp_path, policy_of(EMPLOYMENT, keep), enrolment=enrolment, graduates=graduates) as con:
        ranked = con.execute("select school_id, round(score, 4), is_kept from cluster_point order by keep_rank").fetchall()
        assert ranked == [("S0", 0.95, True), ("S2", 0.75, True), ("S1", 0.375, False)]
        assert con.execute("select cluster_points, kept_points, pupils_to_place, room from cluster_crowding").fetchall() == [(3, 2, 10, 15)]


def test_keeping_more_points_never_closes_more(tmp_path: Path) -> None:
    enrolment = [(2023, f"S{number}", A, 50, 40, 10 * number + 10) for number in range(5)]
    closed = []
    for points in (1, 2, 3, 4):
        with judged(tmp_path / str(points), policy_of(EMPLOYMENT, f"[keep]\nkeep_points = {points}\n"), enrolment=enrolment) as con:
            closed.append({school for (school,) in con.execute("select school_id from cluster_point where not is_kept").fetchall()})
    assert all(more <= fewer for fewer, more in itertools.pairwise(closed))
    assert [len(schools) for schools in closed] == [4, 3, 2, 1]


def test_school_rules_name_the_schools_that_break_them(tmp_path: Path) -> None:
    rule = '[[school_rule]]\nid = "small"\ntitle = { zh = "少", en = "Few" }\nsource = { zh = "文", en = "Doc" }\nindicator = "pupils_per_major"\nbelow = 100\n'
    tables = {"enrolment": [(2023, "S0", A, 50, 40, 40), (2023, "S0", B, 50, 40, 40), (2023, "S1", A, 50, 40, 40)]}
    with judged(tmp_path, policy_of(EMPLOYMENT, rule), **tables, roster=[(2023, "S0", A, 150, 0), (2023, "S1", A, 120, 0)]) as con:
        assert con.execute("select school_id, value, threshold from school_warning").fetchall() == [("S0", 75.0, 100.0)]
        assert con.execute("select source_zh, source_en from policy_school_rule").fetchall() == [("文", "Doc")]


# ------------------------------------------------------------------------------------------------ demand and industry


def test_supply_is_told_against_demand_of_the_city_or_else_of_its_districts(tmp_path: Path) -> None:
    graduates = [(2023, "S0", A, 30, 30, 0), (2023, "S1", A, 10, 10, 0), (2023, "S0", B, 30, 30, 0)]
    demand = [(2023, A, "", 80), (2023, A, "D0", 999), (2023, B, "D0", 10), (2023, B, "D1", 5), (2023, C, "", 25)]
    with judged(tmp_path, graduates=graduates, demand=demand) as con:
        found = con.execute("select distinct major_code, numerator, denominator, value from indicator_value "
                            "where indicator = 'supply_demand_ratio' order by all").fetchall()  # fmt: skip
        assert found == [(B, 30, 15, 2.0), (A, 40, 80, 0.5)]
        assert con.execute("select major_code, vacancies from vacant_major order by vacancies").fetchall() == [(B, 15), (C, 25), (A, 80)]
        lists = dict(con.execute("select major_code, list || ':' || list_reason from major_list").fetchall())
        assert lists[C] == "shortage:vacant"


def test_the_three_lists_follow_the_lines_of_the_policy(tmp_path: Path) -> None:
    enrolment = [(2023, "S0", code, 50, 50, 50) for code in (A, B, C)]
    graduates = [(2023, "S0", A, 40, 40, 0), (2023, "S0", B, 40, 40, 0), (2023, "S0", C, 40, 20, 0), (2022, "S0", C, 40, 20, 0)]
    demand = [(2023, A, "", 100), (2023, B, "", 10), (2023, C, "", 40)]
    with judged(tmp_path, enrolment=enrolment, graduates=graduates, demand=demand) as con:
        assert dict(con.execute("select major_code, list || ':' || list_reason from major_list where year = 2023").fetchall()) == {
            A: "shortage:few_graduates",  # 0.4
            B: "restrict:many_graduates",  # 4.0
            C: "restrict:most_flagged",  # 1.0, but its only point is yellow
        }


def test_the_structure_of_majors_is_compared_with_that_of_industry(tmp_path: Path) -> None:
    # Pupils: 60 in farming (group 61), 40 in hotels (group 74). Work: 50 and 50. Overlap 0.5 + 0.4; hotels fall short by 0.1.
    with judged(
        tmp_path,
        enrolment=[(2023, "S0", "610101", 60, 60, 60), (2023, "S1", "740101", 40, 40, 40)],
        graduates=[(2023, "S0", "610101", 20, 20, 0)],
        industry=[(2023, "农、林、牧、渔业", 500), (2023, "住宿和餐饮业", 500)],
    ) as con:
        overlap, short, gain, over = con.execute("select overlap, short_industry, short_gain, over_industry from match_index").fetchall()[0]
        assert (round(overlap, 9), short, round(gain, 9), over) == (0.9, "住宿和餐饮业", 0.1, "农、林、牧、渔业")
        quotients = con.execute("select round(location_quotient, 9) from industry_match order by industry").fetchall()
        assert sorted(quotients) == [(0.8,), (1.2,)]


def test_pupils_led_to_industries_are_one_quantity_in_a_year(tmp_path: Path) -> None:
    """Of three offerings all are on the roster of 2023; of 2022 one roster came early, and the other schools' are still missing."""
    farming, hotels = "农、林、牧、渔业", "住宿和餐饮业"
    points = (("S0", "610101"), ("S1", "740101"), ("S2", "740101"))
    with judged(
        tmp_path,
        enrolment=[(year, *point, 60, 60, 60) for year in (2022, 2023) for point in points],
        roster=[(2022, *points[0], 170, 0), *((2023, *point, 150, 0) for point in points)],
        industry=[(year, industry, 500) for year in (2022, 2023) for industry in (farming, hotels)],
    ) as con:
        found = con.execute("select (year, industry), pupils from industry_match").fetchall()
        assert dict(found) == {(2022, farming): 60, (2022, hotels): 120, (2023, farming): 150, (2023, hotels): 300}


# ------------------------------------------------------------------------------------------------ schools that change


def test_history_follows_a_school_that_was_merged_or_renamed(tmp_path: Path) -> None:
    with judged(
        tmp_path,
        enrolment=[
            (2021, "OLD", A, 40, 40, 30),
            (2021, "S0", A, 20, 20, 10),
            (2022, "曾用校名", A, 50, 50, 50),
            (2023, "S0", A, 50, 50, 45),
        ],
        school_changes=[(2022, "OLD", "曾用校名", "", "S0")],
    ) as con:
        assert con.execute("select year, school_id, registered from enrolment order by year").fetchall() == [
            (2021, "S0", 40),
            (2022, "S0", 50),
            (2023, "S0", 45),
        ]
        assert con.execute("select count(*) from reject").fetchall() == [(0,)]


def test_a_school_that_moved_counts_where_it_lay_then(tmp_path: Path) -> None:
    district = HEADING.replace('"city"', '"district"')
    with judged(
        tmp_path,
        policy_of(heading=district),
        enrolment=[(year, "S0", A, 40, 40, 40) for year in (2021, 2022)],
        school_changes=[(2022, "S0", "", "D9", "S0")],
    ) as con:
        assert con.execute("select year, area_id from offering_year order by year").fetchall() == [(2021, "D9"), (2022, "D0")]


def test_a_school_told_twice_by_code_and_by_name_is_rejected_under_the_headers_it_is_written_in(tmp_path: Path) -> None:
    inbox = tmp_path / "inbox"
    inbox.mkdir()
    reports = "年度,学校标识码,校名,是否报送\n2023,S0,,是\n2023,,模拟0校,否\n2023,S1,,是\n"
    (inbox / "reports.csv").write_text(reports, "utf-8")
    with judged(tmp_path, enrolment=[(2023, school, A, 40, 40, 40) for school in ("S0", "模拟0校", "S1")]) as con:
        assert con.execute('select file, "row", header, value from reject').fetchall() == [
            ("enrolment.csv", 2, "专业代码", A),
            ("enrolment.csv", 3, "专业代码", A),
            ("reports.csv", 2, "学校标识码", "S0"),
            ("reports.csv", 3, "校名", "模拟0校"),
        ]
        assert con.execute("select count(*) from reject where strpos(reason_zh, value) and strpos(reason_en, value)").fetchall() == [(4,)]
        assert con.execute("select school_id from quality_report").fetchall() == [("S1",)]


# ------------------------------------------------------------------------------------------------ trust


def test_figures_worth_a_second_look_are_named_with_their_evidence_and_never_warn(tmp_path: Path) -> None:
    matched = [(2023, "S3", A, 60, 50, 5, 50)]
    graduates = [
        (2022, "S0", A, 30, 20, 9), (2023, "S0", A, 30, 20, 9),  # the same figures twice
        (2023, "S1", A, 120, 80, 40),  # all of 120 placed
        (2022, "S2", A, 40, 20, 0), (2023, "S2", A, 40, 39, 1),  # 50 % and flagged, then 100 %
        (2023, "S4", A, 100, 95, 0),  # a third party found 40 of 80
    ]  # fmt: skip
    with judged(tmp_path, graduates=graduates, matched=matched, evaluation=[(2023, "S4", A, 80, 40)]) as con:
        found = set(con.execute("select school_id, kind from doubt where year = 2023").fetchall())
        assert found == {
            ("S0", "same_figures"),
            ("S1", "all_placed"),
            ("S2", "jump_after_warning"),
            ("S3", "all_matched"),
            ("S4", "verified_gap"),
        }
        assert {_level(con, school) for school in ("S0", "S1", "S3", "S4")} == {"normal"}
        assert "95/100" in con.execute("select text_zh from doubt where kind = 'verified_gap'").fetchall()[0][0]


def test_figures_heaped_on_round_numbers_are_named_for_the_school(tmp_path: Path) -> None:
    codes = ["730301", "710201", "660103", "740101", "770101", "720201"]
    heaped = [(2023, "S0", code, 40 + 10 * place, 30, 10) for place, code in enumerate(codes)]
    plain = [(2023, "S1", code, 41 + 7 * place, 33, 11) for place, code in enumerate(codes)]
    with judged(tmp_path, graduates=[*heaped, *plain]) as con:
        assert con.execute("select school_id from doubt where kind = 'round_numbers'").fetchall() == [("S0",)]


def test_every_rule_says_why_it_could_not_judge(tmp_path: Path) -> None:
    rules = _rule('{ years = 1, level = "watch" }', rest='min_denominator = 10\ngrace_years = 3\nexempt = ["66"]')
    with judged(
        tmp_path,
        policy_of(rules),
        enrolment=[
            (2020, "S0", A, 40, 40, 40),
            *((2023, school, code, 40, 40, 40) for school, code in (("S0", A), ("S1", A), ("S2", A), ("S3", C))),
        ],
        graduates=[
            (2022, "S0", A, 30, 20, 0),
            (2022, "S1", A, 30, 30, 0),
            (2023, "S1", A, 5, 5, 0),
            (2020, "S3", C, 9, 0, 0),
            (2023, "S3", C, 20, 5, 0),
        ],
    ) as con:
        told = {(school, year): code for school, year, code in con.execute("select school_id, year, unjudged from rule_state").fetchall()}
        assert told["S0", 2023] == "no_figure"
        assert told["S3", 2023] == "exempt"
        assert told["S2", 2023] == "new"
        assert con.execute("select unjudged from warning where school_id = 'S0' and year = 2023").fetchall() == [("employment:no_figure",)]
        # Due: S0 registered 40 in 2020, three years before, and reported nobody
        assert con.execute("select year, school_id, due from missing_report").fetchall() == [(2023, "S0", 40)]


def test_what_an_indicator_would_divide_by_is_named_where_there_is_none_of_it(tmp_path: Path) -> None:
    every = [
        f'[[rule]]\nid = "{name}"\nconditions = [ {{ indicator = "{name}", below = 9 }} ]\nsteps = [ {{ years = 1, level = "watch" }} ]\n'
        for name in dictionary().indicators
    ]
    with judged(
        tmp_path,
        policy_of(*every),
        enrolment=[(2023, "S0", A, 40, 0, 0), (2023, "S1", B, 0, 0, 20)],
        not_admitted=[(2023, "S2", C, 40, 40)],
        graduates=[(2023, "S0", A, 0, 0, 0), (2023, "S2", C, 9, 9, 0)],
        matched=[(2023, "S1", B, 9, 0, 9, 0)],
        roster=[(2023, "S0", A, 0, 0)],
        demand=[(2023, A, "", 0)],
        evaluation=[(2023, "S0", A, 9, 9)],
    ) as con:
        told = dict(con.execute("select (school_id, rule_id), unjudged from rule_state").fetchall())
        words = {name: why_unjudged(why, "zh") for (_, name), why in told.items() if why == name}
        assert set(words) == {name for name, entry in dictionary().indicators.items() if entry.without}
        assert (words["registration_rate"], words["direct_employment_rate"]) == ("无人录取", "没有未升学的毕业生")
        # S2 did not say how many were admitted, nor how many of the employed have matched or stable work
        assert {told["S2", name] for name in ("registration_rate", "matched_rate", "stable_rate", "retention_rate")} == {"no_figure"}


def test_enrolling_under_a_withdrawn_code_is_told_apart(tmp_path: Path) -> None:
    inbox = tmp_path / "inbox"
    inbox.mkdir()
    (inbox / "crosswalk.csv").write_text("原专业代码,专业代码,调整情况\n199901,,撤销\n", "utf-8")
    with judged(tmp_path, enrolment=[(2023, "S0", "199901", 40, 40, 40), (2023, "S0", A, 40, 40, 40)]) as con:
        assert con.execute("select school_id, code, registered from withdrawn_enrolment").fetchall() == [("S0", "199901", 40)]


def test_an_offering_tells_what_the_crosswalk_says_of_its_major(tmp_path: Path) -> None:
    rows = [("100100", "730301", "旧", "新", "更名"), ("100200", "710201", "甲", "乙", "合并"), ("660103", "", "丙", "", "撤销"),
            ("740101", "740101", "丁", "丁", "保留")]  # fmt: skip
    inbox = tmp_path / "inbox"
    inbox.mkdir()
    (inbox / "crosswalk.csv").write_text(
        "\n".join(map(",".join, [("原专业代码", "专业代码", "原专业名称", "专业名称", "调整情况"), *rows])), "utf-8"
    )
    majors = ["660103", "710201", "730301", "740101", "770101"]
    with judged(tmp_path, enrolment=[(2023, "S0", major, 40, 40, 40) for major in majors]) as con:
        told = con.execute("select catalogue_status from offering order by major_code").fetchall()
        assert told == [("withdrawn",), ("merged",), ("renamed",), ("in_force",), ("new",)]


# ------------------------------------------------------------------------------------------------ small cohorts and forecasts


def test_the_pooled_rate_shrinks_to_the_class_and_the_gain_is_against_the_others(tmp_path: Path) -> None:
    # 10 and 18 of 20: mean 0.7, S = 1.6, correlation (1.6 - 0.21) / (0.21 * 19) = 0.3484, strength 1.8705, so (10 + 1.8705 * 0.7) / 21.8705
    with judged(tmp_path, graduates=[(2023, "S0", A, 20, 10, 0), (2023, "S1", A, 20, 18, 0)]) as con:
        pooled, strength, expected, gain, low, high = con.execute(
            "select pooled_rate, prior_strength, expected_rate, gain, gain_low, gain_high from pooled_rate where school_id = 'S0'"
        ).fetchall()[0]
        assert (round(strength, 3), round(pooled, 4), expected, round(gain, 9)) == (1.871, 0.5171, 0.9, -0.4)
        assert low < gain < high < 0  # Newcombe's interval excludes no difference


def test_forecasts_do_not_change_when_later_years_are_deleted(tmp_path: Path) -> None:
    rows = [(year, f"S{school}", A, 20 + school, 20 - 3 * (year - 2019) + school, 0) for year in range(2019, 2024) for school in range(4)]
    with judged(tmp_path / "all", graduates=rows) as con:
        whole = con.execute("select year, school_id, probability from forecast where year <= 2022 order by all").fetchall()
    with judged(tmp_path / "early", graduates=[row for row in rows if row[0] <= 2021]) as con:
        early = con.execute("select year, school_id, probability from forecast where year <= 2022 order by all").fetchall()
    assert whole == early
    assert whole
    assert all(0 <= probability <= 1 for *_, probability in whole)


# ------------------------------------------------------------------------------------------------ what need not be handed in


def test_intake_without_the_number_admitted_lacks_only_the_registration_rate(tmp_path: Path) -> None:
    with judged(tmp_path, not_admitted=[(2023, "S0", A, 40, 30)], graduates=[(2023, "S0", A, 20, 18, 1)]) as con:
        assert con.execute("select plan, admitted, registered from enrolment").fetchall() == [(40, None, 30)]
        rates = "select indicator, value from indicator_value where indicator in ('plan_fulfilment', 'registration_rate') order by all"
        assert con.execute(rates).fetchall() == [("plan_fulfilment", 0.75), ("registration_rate", None)]


# ------------------------------------------------------------------------------------------------ recommendations

FALLING = [(2022, "S0", A, 52, 40, 0), (2023, "S0", A, 52, 43, 0)]


@pytest.mark.parametrize(
    ("placed", "told"), [((33, 34, 34), "40人中至少36人"), ((30, 33, 33), "40人中至少38人"), ((20, 21, 22), "一年内不能解除")]
)
def test_what_lifts_a_window_is_as_many_as_it_says_and_not_one_fewer(tmp_path: Path, placed: tuple[int, ...], told: str) -> None:
    policy = policy_of(_rule('{ window = 3, level = "red", certainty = 0.9 }'))
    years = [(2021 + place, "S0", A, 40, count, 0) for place, count in enumerate(placed)]
    with judged(tmp_path / "now", policy, with_variants=True, graduates=years) as con:
        ((needed, text),) = con.execute(
            "select needed, lift_zh from window_lift join recommendation using (year, school_id, major_code) where year = 2023"
        ).fetchall()
    assert told in text
    for count in (40,) if needed is None else (needed, needed - 1):
        with judged(tmp_path / str(count), policy, graduates=[*years, (2024, "S0", A, 40, count, 0)]) as con:
            assert (_level(con, year=2024) == "normal") == (needed is not None and count >= needed)


def test_what_would_lift_a_warning_is_told_in_persons(tmp_path: Path) -> None:
    with judged(tmp_path, with_variants=True, graduates=FALLING, enrolment=[(2023, "S0", A, 50, 50, 45)]) as con:
        lift, english, sureness, counter = con.execute(
            "select lift_zh, lift_en, sureness, counter_zh from recommendation where year = 2023"
        ).fetchall()[0]
        assert lift == "就业率需达到90%，即52人中至少47人"
        assert english == "Employment rate must reach 90%: at least 47 of 52"
        assert sureness == "certain"  # 83 of 104
        assert "本县区只有该校开设此专业" in counter
        assert "76.9% → 82.7%" in counter


@pytest.mark.parametrize(
    ("plan", "expected"),
    [
        ("cut = 0.3", 35),  # 50 * 0.7
        ('plan = "employed"', 43),  # employed in 2023
        ('plan = "intake"', 42),  # (45 + 40) / 2, rounded down
        ('plan = "alternate"', 0),  # it enrolled this year
    ],
)
def test_a_level_says_how_the_plan_is_set(tmp_path: Path, plan: str, expected: int) -> None:
    levels = LEVELS.replace("cut = 0.3", plan)
    tables = {"graduates": FALLING, "enrolment": [(2022, "S0", A, 50, 50, 40), (2023, "S0", A, 50, 50, 45)]}
    with judged(tmp_path, policy_of(levels=levels), **tables) as con:
        assert con.execute("select plan, recommended_plan from warning where year = 2023").fetchall() == [(50, expected)]


def test_a_plan_is_rounded_down_to_whole_classes_where_the_policy_says_so(tmp_path: Path) -> None:
    heading = HEADING + "class_size = 20\n"
    with judged(tmp_path, policy_of(heading=heading), graduates=FALLING, enrolment=[(2023, "S0", A, 90, 50, 45)]) as con:
        assert con.execute("select recommended_plan from warning where year = 2023").fetchall() == [(60,)]  # 63 to three classes


def test_the_only_provider_is_spared_a_stop_only_where_the_policy_says_so(tmp_path: Path) -> None:
    graduates = [(year, "S0", A, 30, 5, 0) for year in (2021, 2022, 2023)]
    for told, expected in (("", "red"), ("spare_only_provider = true\n", "yellow")):
        with judged(
            tmp_path / expected, policy_of(heading=HEADING + told), graduates=graduates, enrolment=[(2023, "S0", A, 50, 50, 45)]
        ) as con:
            assert _level(con) == expected
            assert con.execute("select is_only_provider from warning where year = 2023").fetchall() == [(True,)]


def test_an_offering_without_any_enrolment_has_no_plan_to_reduce(tmp_path: Path) -> None:
    policy = policy_of(EMPLOYMENT, levels=LEVELS.replace("cut = 0.3", 'plan = "employed"'))
    with judged(tmp_path, policy, graduates=[(year, "S0", A, 20, 10, 2) for year in (2022, 2023)]) as con:
        assert con.execute("select level, plan, recommended_plan from warning where year = 2023").fetchall() == [("yellow", None, None)]


def test_without_enrolment_and_graduates_there_is_nothing_to_judge(tmp_path: Path) -> None:
    with pytest.raises(RunRefused), judged(tmp_path, roster=[(2023, "S0", A, 90, 2)]):
        pass


@pytest.mark.slow
def test_a_variant_judges_like_a_run_under_that_policy(tmp_path: Path) -> None:
    tables = {
        "graduates": [(year, f"S{school}", A, 30, 30 - 4 * school, 0) for year in (2021, 2022, 2023) for school in range(6)],
        "enrolment": [(year, f"S{school}", A, 50, 50, 10 * school) for year in (2021, 2022, 2023) for school in range(6)],
    }
    columns = "year, school_id, major_code, level, recommended_plan"
    for name in ("guizhou-2014", "tianjin-2009", "careful"):
        with judged(tmp_path / name, read_policy(name), **tables) as con:
            run = con.execute(f"select {columns} from warning order by all").fetchall()
        with judged(tmp_path / "own", with_variants=True, **tables) as con:
            assert con.execute(f"select {columns} from variant_level where variant = ? order by all", [name]).fetchall() == run


def test_a_variant_over_districts_counts_duplication_again(tmp_path: Path) -> None:
    rule = '[[rule]]\nid = "many"\nconditions = [ { indicator = "same_major_points", above = 4 } ]\nsteps = [ { years = 1, level = "watch" } ]\n'
    in_force, other = policy_of(rule), policy_of(rule, heading=HEADING.replace('"city"', '"district"'))
    with judged(tmp_path, in_force, enrolment=[(2023, f"S{school}", A, 50, 50, 10) for school in range(6)]) as con:
        assert set(judge_variant(con, in_force, in_force)["level"]) == {"watch"}
        assert set(judge_variant(con, other, in_force)["level"]) == {"normal"}
        assert con.execute("select current_setting('search_path'), count(*) from warning group by 1").fetchall()[0][1] == 6


def test_thresholds_move_by_points_and_stay_shares() -> None:
    moved = shifted(policy_of(), Decimal("0.2"))
    assert float(moved.rule[0].conditions[0].threshold) == 1.0


def test_a_register_handed_in_again_replaces_the_rows_it_repeats_and_lists_them(tmp_path: Path) -> None:
    again = tmp_path / "inbox" / "zz.csv"
    again.parent.mkdir()
    again.write_text(form_of("schools", ("S0", "新校名", "D0", "东区")), "utf-8")
    os.utime(again, (4e9, 4e9))
    with judged(tmp_path, enrolment=[(2023, "S0", A, 50, 50, 40)]) as con:
        assert con.execute("select school_name from schools where school_id = 'S0'").fetchall() == [("新校名",)]
        listed = con.execute("select dataset, school_id, file, \"row\", replaced_by from reported_row where standing = 'superseded'")
        assert listed.fetchall() == [("schools", "S0", "schools.csv", 2, "zz.csv")]
        assert con.execute("select rows_superseded from submission where file = 'schools.csv'").fetchall() == [(1,)]


def test_a_code_at_fault_is_named_as_it_was_written(tmp_path: Path) -> None:
    with judged(tmp_path, enrolment=[(2023, "S0", A, 50, 50, 40), (2023, "S0", "10999", 50, 50, 40)]) as con:
        assert con.execute('select "row", header, value from reject').fetchall() == [(3, "专业代码", "10999")]
