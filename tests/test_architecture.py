"""The arrows: pipelines -> warehouse <- dashboards; the warehouse knows neither Dagster nor Streamlit; no name shadows a module."""

import ast
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FORBIDDEN = {
    "warehouse": {"pipelines", "dashboards", "dagster", "streamlit"},
    "dashboards": {"pipelines", "dagster"},
    "pipelines": {"streamlit", "plotly"},
}
FILES = [path for folder in FORBIDDEN for path in sorted((ROOT / folder).rglob("*.py"))]


def _imported(path: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            found |= {name.name.split(".")[0] for name in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module.split(".")[0])
    return found


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_imports_go_one_way(path: Path) -> None:
    folder = path.relative_to(ROOT).parts[0]
    assert not _imported(path) & FORBIDDEN[folder]


@pytest.mark.parametrize("path", sorted((ROOT / "dashboards" / "views").glob("*.py")), ids=lambda path: path.stem)
def test_a_view_has_no_query_of_its_own(path: Path) -> None:
    code = path.read_text("utf-8")
    assert "queries.ask" not in code
    assert "select " not in code


def test_no_module_of_the_dashboard_is_named_like_another() -> None:
    names = {path.stem for path in (ROOT / "dashboards").glob("*.py")} - {"__init__"}
    assert not names & (set(sys.stdlib_module_names) | {"streamlit", "plotly", "pandas", "duckdb"})
