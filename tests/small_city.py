"""A small city written by hand: an inbox of CSV files and a policy, judged straight by the models, for tests that look into the tables."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb
import pandas as pd
import pytest

from warehouse import build, checks, staging
from warehouse.build import RunInputs
from warehouse.lineage import models
from warehouse.policy import Policy, parse_policy

HEADERS = {
    "schools": "学校代码,学校名称,县区代码,县区",
    "enrolment": "年份,学校代码,专业代码,招生计划,录取人数,报到人数",
    "not_admitted": "年份,学校代码,专业代码,招生计划,报到人数",
    "graduates": "年份,学校代码,专业代码,毕业生数,直接就业人数,升学人数",
    "matched": "年份,学校代码,专业代码,毕业生数,直接就业人数,升学人数,对口就业人数",
    "graduate_records": "年份,学号,学校代码,专业代码,去向",
    "roster": "年份,学校代码,专业代码,在校生数,流失人数",
    "demand": "年份,专业代码,县区代码,需求人数",
    "industry": "年份,行业,从业人数",
    "evaluation": "年份,学校代码,专业代码,样本数,核实就业人数",
    "courses": "学校代码,专业代码,课程",
    "school_changes": "年份,原学校代码,原学校名称,原县区代码,学校代码",
    "quality_reports": "年份,学校代码,是否报送",
    "enrolment_monthly": "年份,月份,学校代码,专业代码,累计报到人数",
    "district_enrolment": "年份,月份,县区代码,中职计划,中职报到,普高报到",
    "catalogue": "专业代码,专业名称,专业类代码,专业类,专业大类代码,专业大类",
}
HEADING = """
[policy]
id = "small"
title = { zh = "小", en = "Small" }
basis = "test"
area = "city"
"""
LEVELS = """
[[level]]
id = "watch"
action = "observe"
[[level]]
id = "yellow"
action = "reduce"
cut = 0.3
[[level]]
id = "red"
action = "stop"
"""
EMPLOYMENT = """
[[rule]]
id = "employment"
title = { zh = "就业", en = "Employment" }
conditions = [ { indicator = "employment_rate", below = 0.9 } ]
min_denominator = 10
max_gap = 1
steps = [ { years = 1, level = "watch" }, { years = 2, level = "yellow" }, { years = 3, level = "red", certainty = 0.9 } ]
"""
REGISTER = [(f"S{number}", f"模拟{number}校", f"D{number % 2}", f"区{number % 2}") for number in range(6)]


def form_of(name: str, *rows: tuple) -> str:
    """The rows as a school hands in a dataset: CSV below its header."""
    return "\n".join([HEADERS[name], *(",".join(map(str, row)) for row in rows), ""])


def read_here(unread: dict[str, Path], root: Path, salt: bytes) -> None:
    """In place of staging's workers: reads in this process, as starting a worker for each small file would only cost time."""
    staging.read_batch(list(unread.items()), root, salt)


def write_inbox(inbox: Path, **tables: list[tuple]) -> None:
    """One CSV per dataset; a register of six schools in two districts unless one is given."""
    inbox.mkdir(parents=True, exist_ok=True)
    for name, rows in {"schools": REGISTER, **tables}.items():
        (inbox / f"{name}.csv").write_text(form_of(name, *rows), "utf-8")


def policy_of(*parts: str, heading: str = HEADING, levels: str = LEVELS) -> Policy:
    """A policy from its parts."""
    return parse_policy(heading + levels + "".join(parts or (EMPLOYMENT,)), "small.toml")


@contextmanager
def judged(
    folder: Path, policy: Policy | None = None, *, decided: pd.DataFrame | None = None, with_variants: bool = False, **tables: list[tuple]
) -> Iterator[duckdb.DuckDBPyConnection]:
    """The database with every model made, from the tables given and what was `decided` (Ledger.entries); reads in this process.
    Without `with_variants` no other policy is tried."""
    write_inbox(folder / "inbox", **tables)
    (folder / "data").mkdir(exist_ok=True)
    chosen = policy or policy_of()
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(staging, "_read_all", read_here)
        staged = tuple(staging.stage(folder / "inbox", folder / "data"))
    with build.connect_for_models() as con:
        inputs = RunInputs(staged, chosen) if decided is None else RunInputs(staged, chosen, decided=decided)
        build.load_inputs(con, inputs)
        for _ in build.run_models(con, chosen, tuple(model for model in models() if with_variants or "variant_level" not in model.reads)):
            pass
        if with_variants:
            build.seal(con, inputs)
            failed = [result for result in checks.run_checks(con) if not result.has_passed]
            assert not failed, failed
        yield con
