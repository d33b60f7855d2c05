"""Pages drawn without a browser: what they give to Streamlit."""

from collections.abc import Callable
from pathlib import Path
from unittest.mock import patch

import pytest
import streamlit as st

from dashboards.access import LOCAL
from dashboards.page import Page
from dashboards.queries import Shown
from dashboards.views import offering, school
from pipelines.cli import main
from tests.small_city import form_of, policy_of
from warehouse import snapshot
from warehouse.policy import write_policy
from warehouse.texts import Language

pytestmark = pytest.mark.slow
SCHOOL_RULE = """
[[school_rule]]
id = "any"
title = { zh = "有专业", en = "Any major" }
source = { zh = "某文件", en = "Some document" }
indicator = "major_count"
above = 0
"""


def _drawn(show: Callable[[Page], None], data: Path, language: Language, element: str) -> list:
    """What a page gives to Streamlit's elements of that name."""
    path = snapshot.published(data)
    assert path is not None
    with patch.object(st, element, wraps=getattr(st, element)) as drawn:
        show(Page(data, Shown(path), LOCAL, 2023, language, False))
    return [call.args[0] for call in drawn.call_args_list]


def test_the_basis_of_a_school_rule_and_what_a_third_party_found_are_told(data: Path) -> None:
    (data / "policy.toml").write_text(write_policy(policy_of(SCHOOL_RULE)), "utf-8")
    header, row = form_of("evaluation", (2023, "S0", "730301", 10, 9)).splitlines()
    (data / "inbox" / "evaluation.csv").write_text(f"{header},用人单位满意度\n{row},95.5\n", "utf-8")
    assert main(["run", "--data", str(data), "--policy", str(data / "policy.toml")]) == 0
    for language, basis, heading in (("zh", "某文件", "用人单位满意度"), ("en", "Some document", "Employers' satisfaction")):
        assert basis in _drawn(school.show, data, language, "warning")[0]
        tables = [getattr(table, "data", table) for table in _drawn(offering.show, data, language, "dataframe")]
        assert [table[heading].tolist() for table in tables if heading in table] == [[95.5]]
