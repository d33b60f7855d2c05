"""Promises of the dictionary: every published column, indicator and text is told, in both languages."""

import re
from collections.abc import Iterable
from pathlib import Path
from typing import get_args

import pytest
import sqlglot
from sqlglot import expressions as exp

from dashboards.navigation import GROUPS
from dashboards.queries import MOVES
from warehouse import audit, build, documents
from warehouse.dictionary import dictionary
from warehouse.lineage import inputs, models
from warehouse.policy import Level
from warehouse.texts import sentences

ROOT = Path(__file__).parents[2]
SCREENS = "dashboards.texts"
CHINESE = re.compile(r"[\u3400-\u9fff]")


@pytest.mark.slow
def test_every_column_of_every_published_table_is_told(city_snapshot) -> None:
    untold = city_snapshot.execute(
        "select table_name, column_name from duckdb_columns() where not internal and database_name = current_database() "
        "except select table_name, column_name from dictionary_column"
    ).fetchall()
    assert untold == []


@pytest.mark.slow
def test_every_published_table_is_told_or_a_step_on_the_way(city_snapshot) -> None:
    tables = {name for (name,) in city_snapshot.execute("select table_name from duckdb_tables()").fetchall()}
    steps = {model.name for model in models()}
    assert set(dictionary().tables) <= tables
    assert tables <= set(dictionary().tables) | steps


def test_every_indicator_has_its_sql_and_its_entry() -> None:
    written = {model.name for model in models() if model.folder == "indicators"} - {"indicator"}
    assert written == set(dictionary().indicators)


def test_no_step_within_a_model_bears_the_name_of_a_table_or_a_function() -> None:
    with build.connect_for_models() as con:
        functions = {name for (name,) in con.execute("select function_name from duckdb_functions()").fetchall()}
    taken = {model.name for model in models()} | inputs() | functions
    assert {"figure", "normalised"} <= functions
    for model in models():
        steps = {step.alias for step in sqlglot.parse_one(model.sql, dialect="duckdb").find_all(exp.CTE)}
        assert not steps & taken, model.name


@pytest.mark.parametrize("package", ["warehouse.texts", SCREENS])
def test_every_sentence_stands_in_both_languages(package: str) -> None:
    chinese, english = sentences("zh", package), sentences("en", package)
    assert set(chinese) == set(english)
    for key in chinese:
        assert set(re.findall(r"{(\w+)", chinese[key])) == set(re.findall(r"{(\w+)", english[key])), key
    if package == SCREENS:
        assert not {key for key, text in english.items() if CHINESE.search(text)}


FROM_ELSEWHERE: dict[str, Iterable[str]] = {
    "audit.{}": audit.COLUMNS,
    "frame.{}": GROUPS,
    "letters.{}": documents.KINDS,
    "method.{}": ("run", "count", "window"),  # Step.kind
    "method.policy_{}": ("window_one_bar",),  # soundness.csv
    "method.unit_{}": {entry.unit for entry in dictionary().columns.values()},
    "offering.{}": ("certain", "likely", "cannot_say"),  # recommendation.sql
    "offering.arithmetic_{}": get_args(Level.model_fields["plan"].annotation),
    "overview.{}": MOVES,
    "standing.{}": ("accepted", "rejected", "superseded"),  # reported_row.sql
}


def test_every_text_of_the_screens_is_used() -> None:
    """A key is written out, or made of a changing part: a word that is written out in the same file, or one of FROM_ELSEWHERE."""
    used = set()
    for path in (ROOT / "dashboards").rglob("*.py"):
        code = path.read_text("utf-8")
        used |= {key for _, key in re.findall(r"([\"'])(\w+\.\w+)\1", code)}
        words = {word for _, word in re.findall(r"([\"'])(\w+)\1", code)}
        for _, before, after in re.findall(r"([\"'])(\w+\.\w*)\{[^{}]+\}(\w*)\1", code):
            used |= {f"{before}{word}{after}" for word in words.union(FROM_ELSEWHERE.get(f"{before}{{}}{after}", ()))}
    assert set(sentences("zh", SCREENS)) - used == set()
