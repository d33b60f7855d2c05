"""Each page in both languages: what stands on the screen is what stands in the warehouse, and nothing is fetched from elsewhere."""

import re
import shutil
from io import BytesIO
from pathlib import Path

import docx
import duckdb
import openpyxl
import pandas as pd
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from dashboards.navigation import VIEWS
from dashboards.texts import say
from tests.browser.conftest import settled
from tests.serving import serve
from tests.session import path_of
from warehouse import audit
from warehouse.policy import parse_policy
from warehouse.snapshot import published

pytestmark = pytest.mark.browser
CHINESE = re.compile(r"[\u3400-\u9fff]")
LATEST = "(select assessment_year from snapshot)"


def _open(page: Page, dashboard: str, name: str, language: str, query: str = "") -> str:
    """Opens a page and gives the text of its main part once it is drawn."""
    page.goto(f"{dashboard}/{path_of(name)}?lang={language}{query}")
    expect(page.get_by_role("heading", name=say(f"{name}.title", language), exact=True, level=1)).to_be_visible(timeout=60_000)
    return _settled(page)


def _settled(page: Page) -> str:
    settled(page)
    return page.get_by_test_id("stMain").inner_text()


def _download(page: Page, button: str, folder: Path) -> Path:
    settled(page)  # a file asked for before draws the page anew
    with page.expect_download() as downloading:
        page.get_by_role("button", name=button, exact=True).click()
    target = folder / downloading.value.suggested_filename
    downloading.value.save_as(target)
    return target


def _metric(page: Page, label: str, number: str) -> None:
    expect(page.get_by_test_id("stMetric").filter(has_text=label).first).to_contain_text(number)


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("name", VIEWS)
def test_page_is_drawn_whole_in_its_language_and_says_that_it_is_simulated(
    page: Page, dashboard: str, name: str, language: str, city_snapshot: duckdb.DuckDBPyConnection
) -> None:
    hosts: set[str] = set()
    page.on("request", lambda request: hosts.add(request.url.split("/")[2].split(":")[0]))
    text = _open(page, dashboard, name, language)
    assert say("frame.simulated", language) in text
    snapshot_id = city_snapshot.execute("select snapshot_id from snapshot").fetchall()[0][0]
    assert snapshot_id in text
    assert hosts == {"127.0.0.1"}
    if language == "en":
        said = page.get_by_test_id("stMain").locator(
            "h1, h2, h3, [data-testid=stMetricLabel], [data-testid=stWidgetLabel], [data-testid=stCaptionContainer]"
        )
        words = [*said.all_inner_texts(), *page.get_by_test_id("stSidebarNav").all_inner_texts()]
        data = {value for (value,) in city_snapshot.execute(
            "select school_name from schools union select district_name from schools union select major_name from catalogue union select group_name from catalogue"
        ).fetchall()}  # fmt: skip
        foreign = [word for word in words if CHINESE.search(_without(word, data))]
        assert not foreign


def _without(text: str, data: set[str]) -> str:
    for value in sorted(data, key=len, reverse=True):
        text = text.replace(value, "")
    return text


@pytest.mark.parametrize("name", VIEWS)
def test_page_has_no_serious_barrier(page: Page, dashboard: str, name: str) -> None:
    """axe-core over the page; the list roles of Streamlit's own navigation are not ours to mend."""
    _open(page, dashboard, name, "zh")
    found = Axe().run(page).response["violations"]
    barriers = [
        (rule["id"], node["html"][:120])
        for rule in found
        if rule["impact"] in ("serious", "critical")
        for node in rule["nodes"]
        if rule["id"] not in ("list", "listitem")
    ]
    assert not barriers


def test_overview_counts_what_the_warehouse_counts(page: Page, dashboard: str, city_snapshot: duckdb.DuckDBPyConnection) -> None:
    _open(page, dashboard, "overview", "zh")
    counts = city_snapshot.execute(
        f"select title_zh, count(*) from warning join policy_level using (level) where year = {LATEST} group by all"
    ).fetchall()
    assert len(counts) == 4
    for title, count in counts:
        _metric(page, title, f"{count}个")
    page.get_by_role("link", name=say("overview.open_list", "zh")).first.click()
    reds = dict(counts)["红牌"]
    expect(page.get_by_text(say("list.count", "zh", count=reds))).to_be_visible(timeout=60_000)


def test_numbers_and_pictures_of_the_overview_open_what_is_behind_them(
    page: Page, dashboard: str, city_snapshot: duckdb.DuckDBPyConnection
) -> None:
    raised, lifted = city_snapshot.execute(
        "select count(*) filter (where level_rank > previous_rank and previous_rank > 0), count(*) filter (where level_rank = 0 and previous_rank > 0) "
        f"from warning where year = {LATEST}"
    ).fetchall()[0]
    for place, count in ((-3, raised), (-1, lifted)):
        _open(page, dashboard, "overview", "zh")
        page.get_by_role("link", name=say("overview.open_list", "zh")).nth(place).click()
        expect(page.get_by_text(say("list.count", "zh", count=count))).to_be_visible(timeout=60_000)
    _open(page, dashboard, "overview", "zh")
    page.get_by_role("link", name=say("overview.open_all", "zh")).click()
    ((assessed,),) = city_snapshot.execute(f"select count(*) from warning where year = {LATEST}").fetchall()
    expect(page.get_by_text(say("list.count", "zh", count=assessed))).to_be_visible(timeout=60_000)
    _open(page, dashboard, "overview", "zh")
    page.locator(".st-key-chart-tiles .points path").first.click(force=True)
    expect(page.get_by_role("heading", name=say("district.title", "zh"))).to_be_visible(timeout=60_000)
    _open(page, dashboard, "overview", "zh")
    bar = page.locator(".st-key-chart-group .points path").last
    bar.scroll_into_view_if_needed()
    bar.click(force=True)
    expect(page.get_by_role("heading", name=say("list.title", "zh"))).to_be_visible(timeout=60_000)
    assert "group=" in page.url


def test_list_keeps_its_filters_in_the_address_and_downloads_what_is_seen(
    page: Page, dashboard: str, city_snapshot: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    text = _open(page, dashboard, "list", "zh", "&level=red")
    red = city_snapshot.execute(f"select school_id, major_code from warning where level = 'red' and year = {LATEST}").df()
    assert say("list.count", "zh", count=len(red)) in text
    assert "level=red" in page.url
    saved = _download(page, say("list.csv", "zh"), tmp_path)
    found = pd.read_csv(saved, dtype=str, encoding="utf-8-sig")
    assert set(zip(found["school_id"], found["major_code"], strict=True)) == set(zip(red["school_id"], red["major_code"], strict=True))
    assert "模拟数据" in saved.name
    page.get_by_text(say("list.by_district", "zh")).click()
    _settled(page)
    book = openpyxl.load_workbook(BytesIO(_download(page, say("list.xlsx", "zh"), tmp_path).read_bytes()))
    assert book.worksheets[0].max_row == len(red) + 1
    assert book.worksheets[0].freeze_panes == "A2"
    about = str([cell.value for row in book["说明"].iter_rows() for cell in row])
    assert "模拟数据" in about
    assert "红牌" in about
    assert sum(sheet.max_row - 1 for sheet in book.worksheets if sheet.title not in ("清单", "说明")) == len(red)


def test_the_story_of_an_offering_prints_on_two_pages(page: Page, dashboard: str) -> None:
    _open(page, dashboard, "offering", "zh")
    printed = page.pdf(prefer_css_page_size=True, print_background=True)
    assert len(re.findall(rb"/Type\s*/Page[^s]", printed)) == 2


@pytest.mark.parametrize("is_older", [True, False])
def test_only_a_snapshot_of_an_earlier_edition_is_told_instead_of_an_error(page: Page, city: Path, tmp_path: Path, is_older: bool) -> None:
    data = Path(shutil.copytree(city, tmp_path / "data"))
    with duckdb.connect(str(published(data))) as con:
        con.execute("alter table reported_row drop column row_count")
        if is_older:
            con.execute("alter table snapshot drop column code_fingerprint")
    with serve(data) as address:
        page.goto(f"{address}/{path_of('offering')}?lang=zh")
        told = page.locator(".st-key-older-snapshot").or_(page.get_by_test_id("stException"))
        expect(told).to_contain_text("较早的版本" if is_older else "BinderException", timeout=60_000)


def test_a_saved_view_brings_its_filters_back(page: Page, dashboard: str, city_snapshot: duckdb.DuckDBPyConnection) -> None:
    _open(page, dashboard, "list", "zh", "&level=yellow")
    page.get_by_role("button", name=say("list.saved", "zh")).click()
    page.get_by_label(say("list.save_as", "zh")).fill("黄牌一览")
    page.get_by_label(say("list.save_as", "zh")).press("Enter")
    page.get_by_role("button", name=say("list.save", "zh"), exact=True).click()
    _settled(page)
    _open(page, dashboard, "list", "zh")
    page.get_by_role("button", name=say("list.saved", "zh")).click()
    page.get_by_role("button", name="黄牌一览").click()
    yellow = city_snapshot.execute(f"select count(*) from warning where level = 'yellow' and year = {LATEST}").fetchall()[0][0]
    expect(page.get_by_text(say("list.count", "zh", count=yellow))).to_be_visible(timeout=60_000)


@pytest.mark.parametrize("language", ["zh", "en"])
def test_offering_tells_level_reason_fraction_advice_and_source(
    page: Page, dashboard: str, city_snapshot: duckdb.DuckDBPyConnection, language: str
) -> None:
    school, major, reason, k, n, lift = city_snapshot.execute(
        f"""select school_id, major_code, warning_reason.text_{language}, numerator::bigint, denominator::bigint, lift_{language}
            from warning join warning_reason using (year, school_id, major_code) join indicator_value using (year, school_id, major_code)
            join recommendation using (year, school_id, major_code)
            where warning.level = 'red' and rule_id = 'employment-below-target' and indicator = 'employment_rate'
              and year = {LATEST} order by all limit 1"""
    ).fetchall()[0]
    text = _open(page, dashboard, "offering", language, f"&school={school}&major={major}")
    assert reason in text
    assert f"{k}/{n}" in text
    assert lift in text


@pytest.mark.parametrize("language", ["zh", "en"])
def test_profiles_count_what_the_warehouse_counts(
    page: Page, dashboard: str, city_snapshot: duckdb.DuckDBPyConnection, language: str
) -> None:
    school, majors = city_snapshot.execute(
        f"select school_id, major_count from school_indicator where year = {LATEST} order by 1 limit 1"
    ).fetchall()[0]
    _open(page, dashboard, "school", language, f"&school={school}")
    expect(page.get_by_test_id("stMetric").first).to_contain_text(str(majors))
    major, points = city_snapshot.execute(
        f"select major_code, count(*) from warning where year = {LATEST} group by 1 order by 2 desc, 1 limit 1"
    ).fetchall()[0]
    _open(page, dashboard, "major", language, f"&major={major}")
    _metric(page, say("major.points", language), str(points))
    district, offerings = city_snapshot.execute(
        f"select district_code, count(*) from warning join schools using (school_id) where year = {LATEST} group by 1 order by 1 limit 1"
    ).fetchall()[0]
    _open(page, dashboard, "district", language, f"&district={district}")
    _metric(page, say("major.points", language), str(offerings))


@pytest.mark.parametrize("language", ["zh", "en"])
def test_duplication_proposes_who_stays_and_where_the_others_go(
    page: Page, dashboard: str, city_snapshot: duckdb.DuckDBPyConnection, language: str
) -> None:
    text = _open(page, dashboard, "duplication", language)
    points, kept, pupils, room = city_snapshot.execute(
        f"select cluster_points, kept_points, pupils_to_place, room from cluster_crowding where year = {LATEST} order by cluster_points desc, cluster_code limit 1"
    ).fetchall()[0]
    assert re.sub(r"\*", "", say("duplication.proposal", language, points=points, kept=kept, pupils=pupils, room=room)) in text


def test_demand_shows_the_overlap_and_the_lists(page: Page, dashboard: str, city_snapshot: duckdb.DuckDBPyConnection) -> None:
    text = _open(page, dashboard, "demand", "zh")
    for name, count in city_snapshot.execute(f"select list, count(*) from major_list where year = {LATEST} group by 1").fetchall():
        title = {"shortage": "重点紧缺", "upgrade": "改造升级", "restrict": "限制撤销"}[name]
        assert re.search(rf"{title}\s*{count}\b", text)
    page.get_by_role("tab", name=say("demand.industry", "zh")).click()
    overlap = city_snapshot.execute(f"select overlap from match_index where year = {LATEST}").fetchall()[0][0]
    expect(page.get_by_test_id("stMetric").filter(has_text="吻合度")).to_contain_text(f"{overlap:.1%}")


def test_monthly_figures_and_their_documents(page: Page, dashboard: str, city_snapshot: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    _open(page, dashboard, "monthly", "zh")
    registered = city_snapshot.execute(f"select sum(registered) from enrolment_monthly where year = {LATEST} and month = 11").fetchall()[0][
        0
    ]
    _metric(page, "报到人数", f"{registered:,}人")
    book = openpyxl.load_workbook(_download(page, say("list.xlsx", "zh"), tmp_path))
    assert sum(row[3].value for row in book.worksheets[0].iter_rows(min_row=4)) == registered
    letter = docx.Document(str(_download(page, say("monthly.word", "zh"), tmp_path)))
    text = "\n".join(paragraph.text for paragraph in letter.paragraphs)
    assert "截至11月底" in text
    assert f"已报到{registered:,}人" in text
    assert letter.paragraphs[0].text.startswith("模拟数据")
    shown = [[*row[:4], f"{row[4]:.1%}", row[5], f"{row[6]:.1%}"] for row in book.worksheets[0].iter_rows(min_row=4, values_only=True)]
    told = [[cell.text.replace(",", "") for cell in row.cells] for row in letter.tables[0].rows]
    assert told[1:] == [[str(cell) for cell in row] for row in shown]


def test_simulation_says_who_enters_when_the_target_rises_and_saves_a_policy(
    page: Page, dashboard: str, city: Path, city_snapshot: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    _open(page, dashboard, "simulation", "zh")
    flagged = city_snapshot.execute(f"select count(*) from warning where level <> 'normal' and year = {LATEST}").fetchall()[0][0]
    _metric(page, say("simulation.flagged", "zh"), str(flagged))
    target = page.get_by_label("就业率 低于 (%)").first
    target.fill("92")
    target.press("Enter")
    higher = city_snapshot.execute(
        f"select count(*) from variant_level where variant = 'higher' and level <> 'normal' and year = {LATEST}"
    ).fetchall()[0][0]
    assert higher >= flagged
    entering = page.get_by_test_id("stMetric").filter(has_text=say("simulation.enters", "zh"))
    expect(entering).not_to_have_text(re.compile(r"^进入\s*0$"), timeout=30_000)
    _settled(page)
    saved = _download(page, say("simulation.save", "zh"), tmp_path)
    policy = parse_policy(saved.read_text("utf-8"), saved.name)
    assert policy.rule[0].conditions[0].threshold == 0.92
    _settled(page)
    assert audit.entries(city).iloc[0][["deed", "subject"]].tolist() == ["export", saved.name], "nothing was changed by saving a variant"


def test_simulation_moves_the_employment_target_of_every_rule_at_once_and_goes_back(page: Page, dashboard: str, tmp_path: Path) -> None:
    _open(page, dashboard, "simulation", "zh")
    goal = page.locator(f"input[aria-label='{say('simulation.goal', 'zh')}']")
    for shift, first in (("-2", "88"), (None, "90")):
        if shift:
            goal.fill(shift)
            goal.press("Enter")
        else:
            page.get_by_role("button", name=say("simulation.reset", "zh")).click()
        expect(page.get_by_label("就业率 低于 (%)").first).to_have_value(first, timeout=30_000)
        _settled(page)
        saved = _download(page, say("simulation.save", "zh"), tmp_path)
        targets = [float(condition.threshold) for rule in parse_policy(saved.read_text("utf-8"), saved.name).rule
                   for condition in rule.conditions if condition.indicator == "employment_rate"]  # fmt: skip
        assert targets == ([0.88, 0.88, 0.91] if shift else [0.90, 0.90, 0.93])


def test_quality_counts_reconcile_on_the_screen(page: Page, dashboard: str, city_snapshot: duckdb.DuckDBPyConnection) -> None:
    text = _open(page, dashboard, "quality", "zh")
    found, accepted, rejected, skipped = city_snapshot.execute(
        "select sum(rows_found), sum(rows_accepted), sum(rows_rejected), sum(rows_skipped) from submission"
    ).fetchall()[0]
    assert found == accepted + rejected + skipped
    for count in (found, accepted, rejected, skipped):
        assert f"{int(count):,}" in text


def test_an_upload_is_checked_before_it_is_taken(page: Page, dashboard: str, city: Path, tmp_path: Path) -> None:
    bad = tmp_path / "补交_招生.csv"
    bad.write_text(
        "年份,学校代码,专业代码,招生计划,录取人数,报到人数\n2018,MN360100000,730301,40,30,30\n2018,没有这所学校,730301,40,30,30\n", "utf-8"
    )
    _open(page, dashboard, "quality", "zh")
    page.get_by_role("tab", name=say("quality.tab_upload", "zh")).click()
    page.get_by_test_id("stFileUploaderDropzoneInput").set_input_files(bad)
    expect(page.get_by_text(say("quality.checked", "zh", found=3, accepted=1, rejected=1, skipped=1))).to_be_visible(timeout=60_000)
    assert not (city / "inbox" / bad.name).exists()
    page.get_by_role("button", name=say("quality.take", "zh")).click()
    expect(page.get_by_text(say("quality.taken", "zh", count=1))).to_be_visible(timeout=30_000)
    taken = city / "inbox" / bad.name
    assert taken.read_bytes() == bad.read_bytes()
    taken.unlink()


def test_method_tells_the_rules_as_they_are_read(page: Page, dashboard: str, city_snapshot: duckdb.DuckDBPyConnection) -> None:
    text = _open(page, dashboard, "method", "zh")
    for title, basis in city_snapshot.execute("select policy_rule.title_zh, basis from policy_rule, policy").fetchall():
        assert title in text
        assert basis in text
    assert "就业率低于90.0%" in text
    page.get_by_role("tab", name=say("method.chapters", "zh")).click()
    expect(page.get_by_text(say("method.beats", "zh"))).to_be_visible()
