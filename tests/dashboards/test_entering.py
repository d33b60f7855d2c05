"""Behind the screens: whatever a page offers, what may be entered is asked where it is entered."""

from pathlib import Path

import pytest

from dashboards.access import RIGHTS
from dashboards.entering import enter
from dashboards.page import Page
from dashboards.queries import Shown
from warehouse import audit, snapshot
from warehouse.decisions import Request
from warehouse.ledger import entries_of
from warehouse.settings import Person, Role

BY_DECIDERS = {"observe", "opinion", "uphold", "undo"}
BY_SCHOOLS = {"appeal", "exemption"}
ALLOWED: dict[Role, set[str]] = {
    "analyst": set(),
    "decider": BY_DECIDERS,
    "administrator": BY_DECIDERS | BY_SCHOOLS,
    "school": BY_SCHOOLS,
    "district": set(),
}


def _enter(data: Path, role: Role, *acts: str, schools: tuple[str, ...] | None = None) -> None:
    path = snapshot.published(data)
    assert path is not None
    page = Page(data, Shown(path, schools), Person(name="x", role=role), 2023, "zh", False)
    enter(page, [Request("S0", "730301", act, reason="x", details={"years": 1} if act == "exemption" else {}) for act in acts])


@pytest.mark.parametrize("role", RIGHTS)
def test_what_a_role_has_no_right_to_is_refused_before_it_is_entered(data: Path, role: Role) -> None:
    _enter(data, "administrator", "appeal", "observe")  # so that there is something to rule on and to undo
    _enter(data, role, "observe", "opinion", "exemption", "appeal", "uphold", "undo")
    assert set(entries_of(data)["act"][2:]) == ALLOWED[role]
    log = audit.entries(data)
    assert {subject.split()[-1] for subject in log["subject"][log["deed"] == "refused"]} == (BY_DECIDERS | BY_SCHOOLS) - ALLOWED[role]


def test_a_school_answers_for_no_other_school(data: Path) -> None:
    _enter(data, "school", "appeal", schools=("S1",))
    assert entries_of(data).empty
    _enter(data, "school", "appeal", schools=("S0",))
    assert list(entries_of(data)["act"]) == ["appeal"]
