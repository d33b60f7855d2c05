"""Pages drawn without a browser, over a small city: what they say of how a level and a plan came about, and in which language."""

import gc
import re
from datetime import date
from io import BytesIO
from pathlib import Path

import docx
import pytest
from streamlit.testing.v1 import AppTest

from dashboards import app
from dashboards.texts import say
from tests.small_city import HEADING, judged, policy_of
from warehouse.documents import Office, monthly_circular
from warehouse.snapshot import open_snapshot

SPARING = policy_of(heading=HEADING + "class_size = 20\nspare_only_provider = true\n")


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A snapshot in which the only provider of its district places 5 of 30, three years running."""
    folder = tmp_path_factory.mktemp("small")
    enrolment = [
        (2022, "S0", "730301", 90, 50, 45),
        (2023, "S0", "730301", 90, 50, 45),
        *((2023, f"S{n}", "710201", 50, 50, 40) for n in (1, 3)),
    ]
    with judged(
        folder,
        SPARING,
        with_variants=True,
        graduates=[(year, "S0", "730301", 30, 5, 0) for year in (2021, 2022, 2023)],
        enrolment=enrolment,
        enrolment_monthly=[
            (2022, 9, "S1", "710201", 20),
            (2022, 9, "S3", "710201", 30),
            (2023, 9, "S0", "730301", 45),
            (2023, 9, "S1", "710201", 25),
        ],
    ) as con:
        con.execute(f"attach '{folder / 'snapshot'}' as published")
        con.execute("copy from database memory to published")
    return folder / "snapshot"


def _draw(name: str, path: str, language: str) -> None:
    from pathlib import Path

    from dashboards.access import LOCAL
    from dashboards.navigation import VIEWS
    from dashboards.page import Page
    from dashboards.queries import Shown

    VIEWS[name](Page(Path(path).parent, Shown(Path(path)), LOCAL, 2023, language, False))  # type: ignore[arg-type]


def _drawn(name: str, small: Path, language: str) -> AppTest:
    page = AppTest.from_function(_draw, default_timeout=60, kwargs={"name": name, "path": str(small), "language": language}).run()
    assert not page.exception
    return page


@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_plan_of_whole_classes_and_a_stop_that_is_spared_are_told(small: Path, language: str) -> None:
    """90 less 30 % is 63, three whole classes of 20; red is reached three years running, and yellow stands."""
    told = "\n".join(entry.value for entry in _drawn("offering", small, language).markdown)
    classes = say("offering.whole_classes", language, size=20)
    assert say("offering.arithmetic_cut", language, plan=90, cut="30%", classes=classes, recommended=60) in told
    assert say("offering.spared", language, level="黄牌" if language == "zh" else "Yellow card") in told


def test_what_is_listed_in_english_is_parted_as_in_english(small: Path) -> None:
    page = _drawn("offering", small, "en")
    told = [*(entry.value + entry.help for entry in page.markdown), *(entry.value for entry in page.caption)]
    told += [entry.value.to_csv() for entry in page.dataframe]
    assert any("2021, 2022, 2023" in text for text in told)
    assert not [text for text in told if re.search("[、；：。（）]", text)]


def test_the_monthly_circular_says_what_the_screen_says(small: Path) -> None:
    """45 of 90 and 25 of 50 share the first place. S3 registered 30 a year ago and has not reported yet: no fall of its district."""
    expected = [["1", "区0", "90", "45", "50.0%", "—", "—"], ["1", "区1", "50", "25", "50.0%", "20", "25.0%"]]
    with open_snapshot(small) as con:
        letter = docx.Document(BytesIO(monthly_circular(con, Office("某局", date(2023, 10, 1), small.parent), 2023, 9, "district_name")))
    assert [[cell.text for cell in row.cells] for row in letter.tables[0].rows][1:] == expected
    assert any("只计已报送当月的学校" in paragraph.text for paragraph in letter.paragraphs)
    shown = _drawn("monthly", small, "zh").dataframe[-1].value
    told = [[*map(str, row[:4]), f"{row[4]:.1%}", str(row[5]), f"{row[6]:.1%}"] for row in shown.itertuples(index=False)]
    assert [[cell.replace("<NA>", "—").replace("nan%", "—") for cell in row] for row in told] == expected


@pytest.mark.parametrize(("language", "fault"), [("zh", "的 steps 次序不对"), ("en", "are out of order")])
def test_a_variant_that_is_no_policy_is_refused_in_the_language_of_the_page(small: Path, language: str, fault: str) -> None:
    page = _drawn("simulation", small, language)
    first = next(entry for entry in page.number_input if entry.key and entry.key.endswith("-step-0"))
    first.set_value(5).run()
    assert [entry.value for entry in page.caption if fault in entry.value]


@pytest.mark.parametrize(("language", "fault"), [("zh", "格式有误"), ("en", "can't be parsed")])
def test_settings_at_fault_are_told_in_the_language_of_the_page(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, language: str, fault: str
) -> None:
    (tmp_path / "majorwatch.toml").write_text("[[source]]\nkind = ", "utf-8")
    monkeypatch.setenv("MAJORWATCH_CONFIG", str(tmp_path / "majorwatch.toml"))
    monkeypatch.setattr(gc, "freeze", lambda: None)  # the process of the tests lives on
    frame = AppTest.from_file(app.__file__, default_timeout=60)
    frame.query_params["lang"] = language
    assert [entry.value for entry in frame.run().error if fault in entry.value]
