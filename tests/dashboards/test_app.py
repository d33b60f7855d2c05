"""The frame around every page, drawn without a browser."""

import json
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from pipelines.cli import main
from tests.small_city import write_inbox

APP = Path(__file__).parents[2] / "dashboards" / "app.py"


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A data folder with one offering, published."""
    write_inbox(tmp_path / "inbox", enrolment=[(2023, "S0", "730301", 40, 40, 30)], graduates=[(2023, "S0", "730301", 20, 18, 1)])
    assert main(["run", "--data", str(tmp_path)]) == 0
    return tmp_path


def test_sources_that_do_not_answer_are_told_with_the_age_of_their_data_where_they_have_any(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    states = [{"name": "A", "answered": 3600, "rows": 1, "problem": "x"}, {"name": "B", "answered": 0, "rows": 0, "problem": "x"}]
    (data / "sources.json").write_text(json.dumps(states), "utf-8")
    monkeypatch.setenv("MAJORWATCH_DATA", str(data))
    monkeypatch.setattr("gc.freeze", lambda: None)  # this process goes on to other tests
    app = AppTest.from_file(str(APP), default_timeout=60)
    app.query_params["lang"] = "en"
    (warning,) = app.run().warning
    late, never = warning.value.split("　")
    assert 'Source "A" does not answer' in late
    assert never == "B: never answered, no data yet"
