"""Deciding through the screens: with the evidence beside, many at once, undone by a new entry, and told when somebody was faster."""

import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from dashboards import queries
from dashboards.queries import Shown
from dashboards.texts import say
from tests.browser.conftest import settled
from tests.serving import serve
from warehouse import decisions, snapshot
from warehouse.decisions import Request, decide
from warehouse.ledger import entries_of, ledger_of
from warehouse.texts import sentence

pytestmark = pytest.mark.browser


@pytest.fixture
def data(city: Path, tmp_path: Path) -> Path:
    """A demonstration city of this test's own, with nothing decided yet."""
    copied = Path(shutil.copytree(city, tmp_path / "data"))
    for file in copied.glob("ledger.db*"):
        file.unlink()
    return copied


@pytest.fixture
def address(data: Path) -> Iterator[str]:
    with serve(data) as served:
        yield served


def _tick(page: Page, *rows: int) -> None:
    """Ticks rows of the page's table, from 0."""
    frame = page.get_by_test_id("stDataFrame").first
    box = frame.bounding_box()
    assert box
    for row in rows:
        page.mouse.click(box["x"] + 17, box["y"] + 35 + 17 + 35 * row)
        settled(page)


def _choose(page: Page, act: str) -> None:
    page.get_by_role("combobox", name="处置").last.click()
    page.get_by_role("option", name=sentence(f"act.{act}", "zh"), exact=True).click()
    settled(page)


def _open(page: Page, address: str, name: str) -> None:
    page.goto(f"{address}/{name}")
    expect(page.get_by_role("heading", name=say(f"{name}.title", "zh"), exact=True, level=1)).to_be_visible(timeout=60_000)
    settled(page)


def test_many_are_decided_at_once_and_leave_the_list_then_one_is_undone(page: Page, address: str, data: Path) -> None:
    _open(page, address, "todo")
    count = page.get_by_text("本年预警未处置").first.inner_text()
    _tick(page, 0, 1)
    expect(page.get_by_role("heading", name=say("todo.decide", "zh", count=2))).to_be_visible()
    page.get_by_role("button", name=say("ledger.enter", "zh")).click()
    settled(page)
    expect(page.get_by_test_id("stAlert")).to_have_count(2)
    entries = entries_of(data)
    assert len(entries) == 2
    assert set(entries["act"]) == {"stop"}
    assert page.get_by_text("本年预警未处置").first.inner_text() != count
    _open(page, address, "ledger")
    _tick(page, 0)
    page.get_by_label(say("ledger.undo_why", "zh")).fill("数据更正")
    page.get_by_role("button", name=say("ledger.undo", "zh")).click()
    settled(page)
    expect(page.get_by_test_id("stAlert").first).to_contain_text("撤回")
    assert len(decisions.standing(entries_of(data))) == 1
    assert len(entries_of(data)) == 3, "undoing is an entry of its own"


def test_an_illegal_move_and_somebody_faster_are_told_in_plain_words(page: Page, address: str, data: Path) -> None:
    _open(page, address, "todo")
    _tick(page, 0)
    _choose(page, "resume")
    page.get_by_label("理由").last.fill("试试")
    page.get_by_label("理由").last.press("Tab")
    settled(page)
    page.get_by_role("button", name=say("ledger.enter", "zh")).click()
    settled(page)
    expect(page.get_by_test_id("stAlert").first).to_contain_text("不能作“恢复招生”")
    assert entries_of(data).empty

    _open(page, address, "todo")
    _tick(page, 0)
    path = snapshot.published(data)
    assert path is not None
    with snapshot.open_snapshot(path) as con:
        shown = Shown(path)
        first = queries.open_cases(shown, queries.ledger_entries(shown, data), datetime.now(UTC).date().isoformat()).iloc[0]
        worst = (first["school_id"], first["major_code"])
        decide(ledger_of(data), con, data, Request(*worst, "opinion", reason="先行一步"), "另一位", "decider", datetime.now(UTC))
    page.get_by_role("button", name=say("ledger.enter", "zh")).click()
    settled(page)
    expect(page.get_by_test_id("stAlert").first).to_contain_text("另一位")
    assert len(entries_of(data)) == 1


def test_a_school_appeals_with_a_document_and_the_decider_rules_on_it(page: Page, address: str, data: Path, tmp_path: Path) -> None:
    _open(page, address, "appeals")
    _choose(page, "appeal")
    page.get_by_label("理由").last.fill("漏报升学 12 人")
    (tmp_path / "证明.txt").write_text("录取名单", "utf-8")
    page.get_by_test_id("stFileUploaderDropzoneInput").set_input_files(tmp_path / "证明.txt")
    settled(page)
    page.get_by_role("button", name=say("ledger.enter", "zh")).click()
    settled(page)
    entries = entries_of(data)
    expect(page.get_by_test_id("stAlert").first).to_contain_text("申诉")
    assert list(entries["act"]) == ["appeal"]
    assert (data / "documents" / entries["document"][0]).read_text("utf-8") == "录取名单"
    expect(page.get_by_label("理由").first).to_be_empty()
    expect(page.get_by_label("理由")).to_have_count(2)
    page.get_by_label("理由").first.fill("经核实属实")
    page.get_by_label("理由").first.press("Tab")
    settled(page)
    page.get_by_role("button", name=sentence("act.uphold", "zh"), exact=True).click()
    settled(page)
    expect(page.get_by_test_id("stAlert").first).to_contain_text("申诉成立")
    assert list(entries_of(data)["act"]) == ["appeal", "uphold"]
