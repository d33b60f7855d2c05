"""The policies that ship with the product: each loads, cites its document, and says which numbers are the bureau's own."""

from decimal import Decimal

import pytest

from tests.small_city import EMPLOYMENT, LEVELS, policy_of
from warehouse.policy import PolicyError, presets, read_policy


def test_the_presets_are_those_promised() -> None:
    assert {"nanchang-2019", "guangxi-2023", "guizhou-2014", "jilin-city-2013", "fujian-2023", "tianjin-2009"} <= set(presets())


@pytest.mark.parametrize("name", presets())
def test_a_preset_cites_its_document_and_names_the_numbers_set_by_the_bureau(name: str) -> None:
    heading = read_policy(name).policy
    assert heading.id == name
    assert any(mark in heading.basis for mark in ("号", "通知", "文件", "细则"))
    assert heading.note is not None
    assert "主管部门" in heading.note.zh
    assert "bureau" in heading.note.en


def test_the_default_says_what_the_design_says_and_goes_red_as_the_evidence_supports() -> None:
    """The red step of the design, three breach years running, gave way to the window that docs/soundness.md shows to be sounder."""
    policy = read_policy("nanchang-2019")
    told = {
        rule.id: (
            [(condition.indicator, condition.comparison, condition.threshold) for condition in rule.conditions],
            [(step.years, step.level, step.certainty) for step in rule.steps],
        )
        for rule in policy.rule
    }
    assert told == {
        "employment-below-target": (
            [("employment_rate", "below", 0.9)],
            [(1, "watch", None), (2, "yellow", None)],
        ),
        "employment-failing": ([("employment_rate", "below", 0.9), ("employment_rate", "below", 0.93)], [(None, "red", Decimal("0.90"))]),
        "employment-bottom-tenth": ([("employment_percentile", "at_most", 0.1)], [(2, "yellow", None)]),
        "duplicated": ([("point_share", "above", 0.4), ("area_rank", "above", 3.0)], [(1, "watch", None), (2, "yellow", None)]),
        "plan-unfilled": ([("plan_fulfilment", "below", 0.3)], [(2, "red", None)]),
        "intake-too-small": ([("cohort_size", "below", 30.0)], [(3, "yellow", None)]),
        "no-intake": ([("cohort_size", "at_most", 0.0)], [(3, "red", None)]),
    }
    by_id = {rule.id: rule for rule in policy.rule}
    assert (by_id["employment-below-target"].min_denominator, by_id["employment-below-target"].max_gap) == (10, 1)
    assert by_id["duplicated"].grace_years == 3
    assert by_id["intake-too-small"].exempt == ("61", "75")
    assert [(entry.when, entry.level) for entry in policy.escalation] == [
        ({"employment-below-target": "yellow", "duplicated": "watch"}, "red")
    ]
    assert {level.id: (level.action, level.cut) for level in policy.level} == {
        "watch": ("observe", None),
        "yellow": ("reduce", Decimal("0.3")),
        "red": ("stop", None),
    }


@pytest.mark.parametrize("name", ["蓝色", "L1", "level 1", "v1.2"])
def test_a_level_and_a_rule_may_bear_any_name(name: str) -> None:
    policy = policy_of(EMPLOYMENT.replace("employment", name, 1).replace("watch", name), levels=LEVELS.replace("watch", name))
    assert (policy.level[0].id, policy.rule[0].id, policy.rule[0].steps[0].level) == (name, name, name)


@pytest.mark.parametrize("name", ["a;b", "a:b", "../a", "=1+1", " a", ""])
def test_a_name_that_would_break_a_list_a_file_or_a_spreadsheet_is_refused(name: str) -> None:
    with pytest.raises(PolicyError):
        policy_of(EMPLOYMENT.replace("employment", name, 1))


@pytest.mark.parametrize("number", ["max_gap = 99999999999", "min_denominator = 99999999999999999999", "grace_years = 99999999999"])
def test_a_number_beyond_all_sense_is_refused(number: str) -> None:
    with pytest.raises(PolicyError):
        policy_of(EMPLOYMENT.replace("max_gap = 1", "").replace("min_denominator = 10", number))
