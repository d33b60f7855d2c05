"""Finds the SQL models, parses what each reads, and orders them. No list of models is kept by hand."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from graphlib import TopologicalSorter
from importlib.resources import files
from itertools import takewhile

import sqlglot
from sqlglot import expressions as exp

FOLDERS = ("facts", "indicators", "rules", "advice", "followup")
INDICATORS = "indicator"


@dataclass(frozen=True)
class Model:
    """One table: its SQL, the folder it stands in, its opening comment (the grain), the tables it reads, and its columns."""

    name: str
    folder: str
    sql: str
    description: str
    reads: tuple[str, ...]
    columns: tuple[str, ...]

    @property
    def unordered(self) -> str:
        """Its SQL without the closing ORDER BY, for a table that only other models read."""
        return self.sql.rpartition("\norder by ")[0] or self.sql


@cache
def models() -> tuple[Model, ...]:
    """Every model in an order in which each follows all that it reads. CycleError where they read each other in a circle."""
    found = [
        _model(entry.name.removesuffix(".sql"), folder, entry.read_text("utf-8"))
        for folder in FOLDERS
        for entry in (files("warehouse") / "models" / folder).iterdir()
        if entry.name.endswith(".sql")
    ]
    names = sorted(model.name for model in found if model.folder == "indicators")
    by_name = {model.name: model for model in [*found, union_of_indicators(names)]}
    order = TopologicalSorter({name: sorted(set(by_name[name].reads) & set(by_name)) for name in sorted(by_name)})
    return tuple(by_name[name] for name in order.static_order())


def needed(targets: Iterable[str], known: tuple[Model, ...] = ()) -> tuple[Model, ...]:
    """The models (of `known`, else of all) that make these tables, and all that those read, in order."""
    known, names = known or models(), set(targets)
    for model in reversed(known):
        if model.name in names:
            names |= set(model.reads)
    return tuple(model for model in known if model.name in names)


def inputs() -> set[str]:
    """Tables that models read and no model makes: what the snapshot loads before the first model runs."""
    return {table for model in models() for table in model.reads} - {model.name for model in models()}


def _model(name: str, folder: str, sql: str) -> Model:
    tree = sqlglot.parse_one(sql, dialect="duckdb")
    assert isinstance(tree, exp.Query), f"{name} is not one SELECT"
    own = {query.alias_or_name for query in tree.find_all(exp.CTE)}
    reads = {table.name for table in tree.find_all(exp.Table)} - own - {""}
    opening = takewhile(lambda line: line.startswith("--"), sql.splitlines())
    description = " ".join(line.removeprefix("--").strip() for line in opening)
    return Model(name, folder, sql, description, tuple(sorted(reads)), tuple(tree.named_selects))


def union_of_indicators(names: Sequence[str]) -> Model:
    """Indicators as one tall table: the one place where they meet, so a new file of models/indicators/ edits no list."""
    columns = "year, school_id, major_code, numerator::double as numerator, denominator::double as denominator, value::double as value"
    sql = "\nunion all\n".join(f"select '{name}' as indicator, {columns} from {name}" for name in names)
    return Model(
        INDICATORS,
        "indicators",
        sql,
        "One row per year, offering and indicator: the union of the indicators.",
        tuple(names),
        ("indicator", "year", "school_id", "major_code", "numerator", "denominator", "value"),
    )
