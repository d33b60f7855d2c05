"""Another policy over the same facts: only the models that it changes run again, in a database in memory, and nothing is kept.

Used for what a threshold two points away or another preset would say, and by the simulation on the dashboard.
"""

from collections.abc import Container, Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path

import duckdb
import pandas as pd

from warehouse.build import connect_for_models
from warehouse.dictionary import dictionary
from warehouse.lineage import INDICATORS, Model, models, needed, union_of_indicators
from warehouse.loading import load_builtin, load_policy
from warehouse.policy import COMPARISONS, Policy, presets, read_policy

TARGET = "warning_level"
RULE_TABLES = {"policy_level", "policy_rule", "policy_condition", "policy_step", "policy_exempt", "policy_escalation"}
POINTS = Decimal("0.02")
LEVELS = "year, school_id, major_code, level, level_rank, action, rules, plan, recommended_plan"


@contextmanager
def over_snapshot(path: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection in memory in which policies can be judged over a published snapshot, which stays as it is."""
    with connect_for_models() as con:
        load_builtin(con)
        con.execute(f"attach '{path}' as snapshot_file (read_only)")
        con.execute("create temp table run_setting as select assessment_year as requested_year from snapshot_file.snapshot")
        yield con


def judge_variant(con: duckdb.DuckDBPyConnection, policy: Policy, in_force: Policy, facts: str = "") -> pd.DataFrame:
    """Every offering and year judged by `policy`: columns LEVELS. `facts`, where not the connection's own: the database, and the schema,
    with the facts that `in_force` was judged on."""
    with _judged(con, policy, in_force, facts):
        return con.execute(f"select {LEVELS} from {TARGET} order by year, school_id, major_code").df()


@contextmanager
def _judged(con: duckdb.DuckDBPyConnection, policy: Policy, in_force: Policy, facts: str) -> Iterator[None]:
    """While it lasts, the tables that `policy` changes are those of `policy`."""
    ((before, own),) = con.execute("select current_setting('search_path'), current_database()").fetchall()
    con.execute("attach ':memory:' as variant")
    try:
        con.execute(f"""set search_path = 'variant.main,{facts or f'"{own}".main'}'""")
        load_policy(con, policy)
        for model in _changed_models(policy, in_force):
            con.execute(f"create table {model.name} as {model.unordered}")
        yield
    finally:
        con.execute(f"set search_path = '{before}'")
        con.execute("detach variant")


def _changed_models(policy: Policy, in_force: Policy) -> list[Model]:
    """Models on the way to the levels that read anything the policy changes, in order."""
    dirty = set(RULE_TABLES)
    if policy.policy.area != in_force.policy.area:
        dirty.add("policy")
    if policy.similarity != in_force.similarity:
        dirty.add("policy_similarity")
    asked = sorted({condition.indicator for rule in policy.rule for condition in rule.conditions})
    known = tuple(union_of_indicators(asked) if model.name == INDICATORS else model for model in models())
    chosen = []
    for model in needed({TARGET}, known):
        if dirty & set(model.reads) or model.name == TARGET:
            dirty.add(model.name)
            chosen.append(model)
    return chosen


def shifted(policy: Policy, points: Decimal, indicators: Container[str] | None = None) -> Policy:
    """The policy with every threshold on a rate (of these indicators, where given) moved by `points` (of 1), within 0 and 1."""
    tables = policy.model_dump()
    for rule in tables["rule"]:
        for condition in rule["conditions"]:
            is_meant = indicators is None or condition["indicator"] in indicators
            if is_meant and dictionary().indicators[condition["indicator"]].unit == "ratio":
                for comparison in COMPARISONS:
                    if condition[comparison] is not None:
                        condition[comparison] = min(max(condition[comparison] + points, Decimal(0)), Decimal(1))
    return Policy.model_validate(tables)


def load_variant_levels(con: duckdb.DuckDBPyConnection, in_force: Policy) -> None:
    """Table variant_level: what every other preset, and thresholds two points lower and higher, make of each offering and year."""
    variants = {"lower": shifted(in_force, -POINTS), "higher": shifted(in_force, POINTS)}
    variants |= {name: read_policy(name) for name in presets() if name != in_force.policy.id}
    con.execute(
        "create table variant_level (variant varchar, year integer, school_id varchar, major_code varchar, level varchar, level_rank integer, "
        "action varchar, recommended_plan bigint)"
    )
    ((own,),) = con.execute("select current_database()").fetchall()
    for name, policy in sorted(variants.items()):
        with _judged(con, policy, in_force, ""):
            con.execute(
                f'insert into "{own}".main.variant_level select ?, year, school_id, major_code, level, level_rank, action, recommended_plan '
                f"from {TARGET} order by year, school_id, major_code",
                [name],
            )
