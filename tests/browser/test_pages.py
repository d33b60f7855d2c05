"""Each page in both languages: what stands on the screen is what stands in the warehouse, and nothing is fetched from elsewhere."""

import re
from io import BytesIO
from pathlib import Path

import duckdb
import openpyxl
import pandas as pd
import pytest
from playwright.sync_api import Page, expect

from dashboards.navigation import VIEWS, path_of
from dashboards.texts import say

pytestmark = pytest.mark.browser
CHINESE = re.compile(r"[\u3400-\u9fff]")


def _open(page: Page, dashboard: str, name: str, language: str, query: str = "") -> str:
    """Opens a page and gives the text of its main part once it is drawn."""
    page.goto(f"{dashboard}/{path_of(name)}?lang={language}{query}")
    expect(page.get_by_role("heading", name=say(f"{name}.title", language), exact=True, level=1)).to_be_visible(timeout=60_000)
    expect(page.locator("[data-testid=stApp][data-test-script-state=notRunning]")).to_be_visible(timeout=60_000)
    expect(page.get_by_test_id("stSkeleton")).to_have_count(0, timeout=60_000)
    expect(page.get_by_test_id("stException")).to_have_count(0)
    return page.get_by_test_id("stMain").inner_text()


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("name", VIEWS)
def test_page_is_drawn_whole_and_says_that_it_is_simulated(
    page: Page, dashboard: str, name: str, language: str, city_snapshot: duckdb.DuckDBPyConnection
) -> None:
    hosts: set[str] = set()
    page.on("request", lambda request: hosts.add(request.url.split("/")[2].split(":")[0]))
    text = _open(page, dashboard, name, language)
    assert say("frame.simulated", language) in text
    snapshot_id = city_snapshot.execute("select snapshot_id from snapshot").fetchall()[0][0]
    assert snapshot_id in text
    assert hosts == {"127.0.0.1"}


def test_overview_counts_what_the_warehouse_counts(page: Page, dashboard: str, city_snapshot: duckdb.DuckDBPyConnection) -> None:
    _open(page, dashboard, "overview", "zh")
    counts = city_snapshot.execute(
        "select title_zh, count(*) from warning join policy_level using (level) where year = (select assessment_year from snapshot) group by all"
    ).fetchall()
    assert len(counts) == 4
    for title, count in counts:
        expect(page.get_by_test_id("stMetric").filter(has_text=title)).to_contain_text(re.compile(rf"{title}\s*{count}个"))


def test_english_screen_has_no_chinese_outside_data(page: Page, dashboard: str) -> None:
    _open(page, dashboard, "overview", "en")
    words = page.get_by_test_id("stMain").locator("h1, h2, h3, [data-testid=stMetric]").all_inner_texts()
    words += page.get_by_test_id("stSidebarNav").all_inner_texts()
    assert words
    assert not [word for word in words if CHINESE.search(word)]


def test_list_keeps_its_filters_in_the_address_and_downloads_what_is_seen(
    page: Page, dashboard: str, city_snapshot: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    text = _open(page, dashboard, "list", "zh", "&level=red")
    red = city_snapshot.execute(
        "select school_id, major_code from warning where level = 'red' and year = (select assessment_year from snapshot)"
    ).df()
    assert say("list.count", "zh", count=len(red)) in text
    assert "level=red" in page.url
    with page.expect_download() as downloading:
        page.get_by_role("button", name=say("list.csv", "zh")).click()
    downloading.value.save_as(tmp_path / "list.csv")
    found = pd.read_csv(tmp_path / "list.csv", dtype=str, encoding="utf-8-sig")
    assert set(zip(found["school_id"], found["major_code"], strict=True)) == set(zip(red["school_id"], red["major_code"], strict=True))
    assert "模拟数据" in downloading.value.suggested_filename
    with page.expect_download() as downloading:
        page.get_by_role("button", name=say("list.xlsx", "zh")).click()
    downloading.value.save_as(tmp_path / "list.xlsx")
    book = openpyxl.load_workbook(BytesIO((tmp_path / "list.xlsx").read_bytes()))
    assert book.worksheets[0].max_row == len(red) + 1
    assert "模拟数据" in str([cell.value for row in book.worksheets[1].iter_rows() for cell in row])


@pytest.mark.parametrize("language", ["zh", "en"])
def test_offering_tells_level_reason_fraction_and_source(
    page: Page, dashboard: str, city_snapshot: duckdb.DuckDBPyConnection, language: str
) -> None:
    school, major, reason, k, n = city_snapshot.execute(
        f"""select school_id, major_code, warning_reason.text_{language}, numerator::bigint, denominator::bigint
            from warning join warning_reason using (year, school_id, major_code) join indicator_value using (year, school_id, major_code)
            where warning.level = 'red' and rule_id = 'employment-below-target' and indicator = 'employment_rate'
              and year = (select assessment_year from snapshot) order by all limit 1"""
    ).fetchall()[0]
    text = _open(page, dashboard, "offering", language, f"&school={school}&major={major}")
    assert reason in text
    assert f"{k}/{n}" in text


def test_quality_counts_reconcile_on_the_screen(page: Page, dashboard: str, city_snapshot: duckdb.DuckDBPyConnection) -> None:
    text = _open(page, dashboard, "quality", "zh")
    found, accepted, rejected, skipped = city_snapshot.execute(
        "select sum(rows_found), sum(rows_accepted), sum(rows_rejected), sum(rows_skipped) from submission"
    ).fetchall()[0]
    assert found == accepted + rejected + skipped
    for count in (found, accepted, rejected, skipped):
        assert f"{int(count):,}" in text
