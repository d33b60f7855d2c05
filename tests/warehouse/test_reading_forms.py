"""Forms as schools hand them in: what is read, what is skipped, and what each bad file or row is told."""

import io
import multiprocessing
import os
import zipfile
from collections.abc import Iterable
from pathlib import Path

import pandas as pd
import pytest
import xlsxwriter
import xlwt
from pebble import ProcessPool

from tests.small_city import read_here, write_inbox
from warehouse import build, staging
from warehouse.build import RunInputs
from warehouse.lineage import models
from warehouse.policy import read_policy
from warehouse.precheck import would_reject
from warehouse.staging import read_submission_summary, stage

COLUMNS = ["year", "school_id", "major_code", "plan", "admitted", "registered"]
HEADER = ["年份", "学校代码", "专业代码", "招生计划", "录取人数", "报到人数"]
ROW = [2024, "S1", "730301", 40, 35, 30]
MORE = [2024, "S1", "710201", 50, 45, 44]
READ = [(2024, "S1", "730301", 40, 35, 30)]
BOTH = [*READ, (2024, "S1", "710201", 50, 45, 44)]
GRADUATES = ["年份", "学校代码", "专业代码", "毕业生数", "直接就业人数", "升学人数", "对口就业人数", "稳定就业人数"]
RECORDS = ["年份", "学号", "学校代码", "专业代码", "去向", "是否对口"]


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(staging, "_read_all", read_here)


def _stage(tmp_path: Path, files: dict[str, bytes]) -> dict[str, tuple[dict, Path]]:
    inbox, data = tmp_path / "inbox", tmp_path / "data"
    inbox.mkdir(exist_ok=True)
    data.mkdir(exist_ok=True)
    for name, content in files.items():
        (inbox / name).write_bytes(content)
    staged = {entry.file: (read_submission_summary(entry.folder), entry.folder) for entry in stage(inbox, data)}
    for summary, _ in staged.values():
        assert summary["rows_found"] == summary["rows_accepted"] + summary["rows_rejected"] + summary["rows_skipped"]
    return staged


def _one(tmp_path: Path, name: str, content: bytes, dataset: str = "enrolment") -> tuple[dict, pd.DataFrame]:
    """The summary of one file and its accepted rows."""
    summary, folder = _stage(tmp_path, {name: content})[name]
    path = folder / f"{dataset}.parquet"
    return summary, pd.read_parquet(path) if path.exists() else pd.DataFrame()


def _values(rows: pd.DataFrame) -> list[tuple]:
    return list(rows[COLUMNS].itertuples(index=False, name=None)) if len(rows) else []


def _counts(summary: dict) -> tuple[int, int, int, int]:
    return summary["rows_found"], summary["rows_accepted"], summary["rows_rejected"], summary["rows_skipped"]


def _csv(rows: list[list], encoding: str = "utf-8", delimiter: str = ",") -> bytes:
    return "\r\n".join(delimiter.join(map(str, row)) for row in rows).encode(encoding)


def _book(sheets: dict[str, list[list]], merges: tuple = ()) -> bytes:
    """A workbook of these sheets; `merges` are of its last sheet: first row, first column, last row, last column, text."""
    content = io.BytesIO()
    with xlsxwriter.Workbook(content) as book:
        for name, rows in sheets.items():
            sheet = book.add_worksheet(name)
            for number, row in enumerate(rows):
                sheet.write_row(number, 0, row)
        for merge in merges:
            sheet.merge_range(*merge)
    return content.getvalue()


def _xlsx(rows: list[list], merges: tuple = ()) -> bytes:
    return _book({"招生": rows}, merges)


def _xls(rows: list[list], merges: tuple = ()) -> bytes:
    content = io.BytesIO()
    _old_book(rows, merges).save(content)
    return content.getvalue()


def _old_book(rows: list[list], merges: tuple = ()) -> xlwt.Workbook:
    book = xlwt.Workbook()
    sheet = book.add_sheet("招生", cell_overwrite_ok=True)
    for number, row in enumerate(rows):
        for place, cell in enumerate(row):
            sheet.write(number, place, cell)
    for top, left, bottom, right, text in merges:
        sheet.write_merge(top, bottom, left, right, text)
    return book


def _parquet(rows: list[list], header: list[str]) -> bytes:
    content = io.BytesIO()
    pd.DataFrame(rows, columns=header).to_parquet(content, index=False)
    return content.getvalue()


# ------------------------------------------------------------------------------------------------ forms

TWO_ROWS = [["年份", "学校代码", "专业代码", "招生情况", "", ""], ["", "", "", *HEADER[3:]]]
TOTAL = ["合计", "", "", 40, 35, 30]
FORMS = {
    "utf8.csv": _csv([HEADER, ROW]),
    "utf8_with_bom.csv": _csv([HEADER, ROW], "utf-8-sig"),
    "gb18030.csv": _csv([HEADER, ROW], "gb18030"),
    "utf16.csv": _csv([HEADER, ROW], "utf-16"),
    "utf16_tab.csv": _csv([HEADER, ROW], "utf-16", "\t"),
    "semicolon.csv": _csv([HEADER, ROW], delimiter=";"),
    "excel_sep.csv": b"sep=;\r\n" + _csv([HEADER, ROW], delimiter=";"),
    "tab.csv": _csv([HEADER, ROW], delimiter="\t"),
    "pandas_floats.csv": _csv([HEADER, ["2024.0", "S1", "730301.0", "40.0", "35.0", "30.0"]]),
    "book.xlsx": _xlsx([HEADER, ROW]),
    "CAPITALS.XLSX": _xlsx([HEADER, ROW]),
    "old_book.xls": _xls([HEADER, ROW]),
    "new_book_named.xls": _xlsx([HEADER, ROW]),
    "typed.parquet": _parquet([ROW], HEADER),
    "strings.parquet": _parquet([list(map(str, ROW))], COLUMNS),
    "floats.parquet": _parquet([[2024.0, "S1", 730301.0, 40.0, 35.0, 30.0]], HEADER),
    "column_names.csv": _csv([COLUMNS, ROW]),
    "english.csv": _csv([["Year", "School code", "Major code", "Planned intake", "Admitted", "Registered"], ROW]),
    "other_words.csv": _csv([["学年", "学校标识码", "专业编码", "计划招生人数", "录取数", "实际报到人数"], ROW]),
    "other_order.csv": _csv([HEADER[::-1], ROW[::-1]]),
    "units.xlsx": _xlsx([["年份", "学校代码", "专业代码", "招生计划（人）", "录取人数(人)", "＊报到人数[人]"], ROW]),
    "spaced_header.xlsx": _xlsx([["年　份", "学校\n代码", "专业 代码", "招生计划", "其中：录取人数", "报到人数："], ROW]),
    "numbered.xlsx": _xlsx([["序号", *HEADER], [1, *ROW]]),
    "column_numbers.xlsx": _xlsx([HEADER, ["甲", "乙", "丙", 1, 2, 3], ROW]),
    "notes_sheet.xlsx": _book({"填表说明": [["填表说明"], ["1. 人数为自然人"], ["2. 不要改列名"]], "招生": [HEADER, ROW]}),
    "two_rows.xlsx": _xlsx([*TWO_ROWS, ROW], ((0, 3, 0, 5, "招生情况"),)),
    "two_rows_merged_both_ways.xlsx": _xlsx([*TWO_ROWS, ROW], ((0, 0, 1, 0, "年份"), (0, 1, 1, 1, "学校代码"), (0, 3, 0, 5, "招生情况"))),
    "two_rows.xls": _xls([*TWO_ROWS, ROW], ((0, 3, 0, 5, "招生情况"),)),
    "blanks.xlsx": _xlsx([HEADER, [], ROW, ["", "", ""], []]),
    "again.xlsx": _xlsx([HEADER, ROW, HEADER]),
    "total.xlsx": _xlsx([HEADER, ROW, ["合　计", "", "", 40, 35, 30]]),
    "total_on_top.xlsx": _xlsx([HEADER, ["总计", "", "", 40, 35, 30], ROW]),
    "total_in_persons.xlsx": _xlsx([HEADER, ROW, ["合计（人）", "", "", 40, 35, 30]]),
    "number_in_total.xlsx": _xlsx([HEADER, ROW, ["本校合计人数", "", "", 40, 35, 30]]),
    "total_in_old_characters.xlsx": _xlsx([HEADER, ROW, ["合計", "", "", 40, 35, 30]]),
    "units_in_a_row.xlsx": _xlsx([HEADER, ["", "", "", "（人）", "人", "(人)"], ROW]),
    "spaced_names.csv": _csv([["Year", "School ID", "Major Code", "Plan", "Admitted", "Registered"], ROW]),
    "notes_with_the_names.xlsx": _book(
        {"招生": [HEADER, ROW], "填表说明": [["列名", *HEADER[:3]], ["说明", "四位数字", "按名册", "六位代码"]]}
    ),
    "subtotal_of_a_class.xlsx": _xlsx([HEADER, ROW, ["", "", "财经商贸大类小计", 40, 35, 30], ["某某学校合计", "", "", 40, 35, 30]]),
    "footer.xlsx": _xlsx([HEADER, ROW, TOTAL, [], ["填报人：甲", "", "审核人：乙", "", "填报日期：2024年10月1日"]]),
    "footer_in_two_cells.xlsx": _xlsx([HEADER, ROW, ["填报人", "甲", "审核人", "乙", "联系电话", 13800000000]]),
    "footer_after_a_stamp.xlsx": _xlsx([HEADER, ROW, ["某校（公章）", "", "填报人：甲", "", "填报日期：2024年10月1日"]]),
    "note_below.xlsx": _xlsx([HEADER, ROW, ["注：报到人数以学籍注册为准"]]),
    "full_width.xlsx": _xlsx([HEADER, ["２０２４", "S1", "７３０３０１", "４０", "　３５ ", " ３０"]]),
    "text_numbers.xlsx": _xlsx([HEADER, ["2024", "S1", "'730301", "40", "35人", "30.0"]]),
    "code_as_number.xlsx": _xlsx([HEADER, [2024.0, "S1", 730301.0, 40.0, 35.0, 30.0]]),
    "code_as_number.xls": _xls([HEADER, [2024.0, "S1", 730301.0, 40.0, 35.0, 30.0]]),
}


@pytest.mark.usefixtures("here")
@pytest.mark.parametrize("name", FORMS)
def test_a_form_is_read_as_it_is(tmp_path: Path, name: str) -> None:
    summary, rows = _one(tmp_path, name, FORMS[name])
    assert _values(rows) == READ
    assert (summary["rejects"], summary["totals"], summary["ignored_columns"]) == ([], [], [])


@pytest.mark.usefixtures("here")
@pytest.mark.parametrize("header_row", [1, 4, 12])
@pytest.mark.parametrize("kind", ["xlsx", "xls", "csv"])
def test_the_header_is_found_wherever_it_stands_and_rows_are_named_as_the_spreadsheet_does(
    tmp_path: Path, header_row: int, kind: str
) -> None:
    titles = [["2024年招生情况统计表"], ["填报单位：某校", "", "", "单位：人"], *[[]] * 9][: header_row - 1]
    write = {"xlsx": _xlsx, "xls": _xls, "csv": _csv}[kind]
    summary, rows = _one(tmp_path, f"form.{kind}", write([*titles, HEADER, ROW, [], MORE]))
    assert _values(rows) == BOTH
    assert rows["row"].tolist() == [header_row + 1, header_row + 3]
    assert set(rows["sheet"]) == {"" if kind == "csv" else "招生"}
    assert [sheet["header_row"] for sheet in summary["sheets"]] == [header_row]
    assert _counts(summary) == (header_row + 3, 2, 0, header_row + 1)


@pytest.mark.usefixtures("here")
def test_a_whole_form_adds_up(tmp_path: Path) -> None:
    """Found 14 = accepted 3 + rejected 1 + skipped 10: title, unit, blank, header, its numbers, two 小计, 合计, blank, footer."""
    form = [
        ["某市中等职业学校招生情况统计表"],
        ["填报单位：某校（盖章）", "", "", "", "", "单位：人"],
        [],
        ["序号", *HEADER[:3], "专业大类", *HEADER[3:]],
        ["甲", "乙", "丙", "丁", "戊", 1, 2, 3],
        [1, 2024, "S1", "730301", "财经商贸", 40, 35, 30],
        ["小计", "", "", "", "", 40, 35, 30],
        [2, 2024, "S1", "710201", "电子与信息", "1,050", "1，045", "1 044"],
        [3, 2024, "S1", "710205", "电子与信息", 10, "约9", 8],
        [4, 2024, "S1", "710103", "电子与信息", 0, 0, 0],
        ["小计", "", "", "", "", 1060, 1045, 1052],
        ["合计", "", "", "", "", 1100, 1080, 1082],
        [],
        ["填报人：甲", "", "审核人：乙", "", "", "填报日期：2024-10-01"],
    ]
    summary, rows = _one(tmp_path, "form.xlsx", _xlsx(form, ((0, 0, 0, 7, "某市中等职业学校招生情况统计表"),)))
    assert _counts(summary) == (14, 3, 1, 10)
    assert _values(rows) == [*READ, (2024, "S1", "710201", 1050, 1045, 1044), (2024, "S1", "710103", 0, 0, 0)]
    assert rows["row"].tolist() == [6, 8, 10]
    assert [(reject["row"], reject["header"], reject["value"]) for reject in summary["rejects"]] == [(9, "录取人数", "约9")]
    assert summary["totals"] == []
    assert summary["ignored_columns"] == ["专业大类"]


@pytest.mark.usefixtures("here")
@pytest.mark.parametrize(
    "written",
    [
        "2024",
        "2024年",
        "2024届",
        "2024级",
        "2024-2025学年",
        "2024—2025学年",
        "2024/25学年",
        "2024学年度",
        "2024年秋季",
        "2024秋季",
        "2024届毕业生",
        "2024/9/1",
        "２０２４年",
        " 2024 ",
    ],
)
def test_a_year_is_read_however_it_is_written(tmp_path: Path, written: str) -> None:
    assert _values(_one(tmp_path, "year.csv", _csv([HEADER, [written, *ROW[1:]]]))[1]) == READ


@pytest.mark.usefixtures("here")
@pytest.mark.parametrize("written", ["24", "2024-2026学年", "1024年", "二〇二四年", "2024-2025-2026"])
def test_what_is_no_year_is_not_guessed(tmp_path: Path, written: str) -> None:
    summary, _ = _one(tmp_path, "year.csv", _csv([HEADER, [written, *ROW[1:]]]))
    assert [(reject["header"], reject["value"]) for reject in summary["rejects"]] == [("年份", written)]


@pytest.mark.usefixtures("here")
@pytest.mark.parametrize("cell", [12345, 12345.0, "12345"])
def test_a_five_digit_code_stays_as_written_for_the_crosswalk_and_is_the_same_key_as_with_its_zero(
    tmp_path: Path, cell: int | float | str
) -> None:
    alone, both = tmp_path / "alone", tmp_path / "both"
    alone.mkdir()
    both.mkdir()
    assert _values(_one(alone, "old.xlsx", _xlsx([HEADER, [2024, "S1", cell, 1, 1, 1]]))[1]) == [(2024, "S1", "12345", 1, 1, 1)]
    summary, _ = _one(both, "old.xlsx", _xlsx([HEADER, [2024, "S1", cell, 1, 1, 1], [2024, "S1", "012345", 1, 1, 1]]))
    assert [reject["row"] for reject in summary["rejects"]] == [2, 3]


@pytest.mark.usefixtures("here")
def test_percent_signs_are_read_where_a_share_may_stand_and_refused_where_persons_are_counted(tmp_path: Path) -> None:
    header = ["年份", "学校代码", "专业代码", "样本数", "核实就业人数", "用人单位满意度"]
    rows = [[2024, "S1", "730301", 20, 18, "95.5％"], [2024, "S1", "710201", 20, "90%", 95]]
    summary, found = _one(tmp_path, "evaluation.csv", _csv([header, *rows]), "evaluation")
    assert found["satisfaction"].tolist() == [95.5]
    assert [(reject["row"], reject["header"], reject["value"]) for reject in summary["rejects"]] == [(3, "核实就业人数", "90%")]


@pytest.mark.usefixtures("here")
@pytest.mark.parametrize(("name", "write"), [("merged.xlsx", _xlsx), ("merged.xls", _xls)])
def test_merged_cells_stand_for_all_their_rows_and_keep_their_row_numbers(tmp_path: Path, name: str, write) -> None:
    header = ["学校名称", "年份", "专业代码", *HEADER[3:]]
    rows = [["", 2024, *ROW[2:]], ["", "", *MORE[2:]], ["乙校", 2024, *ROW[2:]]]
    summary, found = _one(tmp_path, name, write([header, *rows], ((1, 0, 2, 0, "甲校"), (1, 1, 2, 1, 2024))))
    assert summary["rejects"] == []
    assert found[["row", "year", "school_name", "major_code"]].to_numpy().tolist() == [
        [2, 2024, "甲校", "730301"],
        [3, 2024, "甲校", "710201"],
        [4, 2024, "乙校", "730301"],
    ]


@pytest.mark.usefixtures("here")
def test_counts_are_never_spread_over_merged_cells(tmp_path: Path) -> None:
    summary, found = _one(tmp_path, "m.xlsx", _xlsx([HEADER, ROW, [*MORE[:3], "", *MORE[4:]]], ((1, 3, 2, 3, 40),)))
    assert _values(found) == READ
    assert [(reject["row"], reject["header"], reject["value"]) for reject in summary["rejects"]] == [(3, "招生计划", "")]


@pytest.mark.usefixtures("here")
@pytest.mark.parametrize(
    ("rows", "mismatches"),
    [
        ([HEADER, ROW, ["合计", "", "", 41, 35, 30]], [(3, "招生计划", 41, 40)]),
        ([HEADER, ["合计", "", "", 90, 80, 75], ROW, MORE], [(2, "报到人数", 75, 74)]),
        ([HEADER, ROW, ["小计", "", "", 40, 36, 30], MORE, ["小计", "", "", 50, 45, 44], ["合计", "", "", 90, 80, 74]], [(3, "录取人数", 36, 35)]),
        ([HEADER, ROW, ["本页小计", "", "", 40, 35, 30], HEADER, MORE, ["本页小计", "", "", 50, 45, 44], ["总计", "", "", 90, 80, 74]], []),
        ([HEADER, ROW, HEADER, MORE, ["总计", "", "", 90, 80, 74]], []),
        ([*TWO_ROWS, ROW, ["第2页"], *TWO_ROWS, MORE, ["总计", "", "", 90, 80, 74]], []),
        ([HEADER, ROW, ["合计", "", "", "", "", ""]], []),
    ],
    ids=["total", "on top", "subtotal", "of each page", "over a page break", "two-row header again", "blank"],
)  # fmt: skip
def test_a_total_that_disagrees_is_reported_and_no_row_is_lost(tmp_path: Path, rows: list[list], mismatches: list[tuple]) -> None:
    summary, found = _one(tmp_path, "totals.xlsx", _xlsx(rows))
    assert _values(found) == (BOTH if MORE in rows else READ)
    assert summary["rejects"] == []
    assert [(total["row"], total["header"], total["stated"], total["summed"]) for total in summary["totals"]] == mismatches


@pytest.mark.usefixtures("here")
def test_a_row_is_not_taken_for_a_total_or_a_footer_by_its_remark(tmp_path: Path) -> None:
    rows = [[*ROW, "春秋两季合计"], [2024, "S1", "710201", "", "", "", "说明：数据待报"]]
    summary, found = _one(tmp_path, "remarks.xlsx", _xlsx([[*HEADER, "备注"], *rows]))
    assert _values(found) == READ
    assert [(reject["row"], reject["header"]) for reject in summary["rejects"]] == [(3, "招生计划")]


@pytest.mark.usefixtures("here")
def test_a_whole_row_that_begins_with_a_remark_is_data(tmp_path: Path) -> None:
    rows = [["说明：转入", *ROW], ["合计", *MORE], ["日期：", "", "", "", "", "", ""], ["合计", "", "", "", 90, 80, 74]]
    summary, found = _one(tmp_path, "remarks.xlsx", _xlsx([["备注", *HEADER], *rows]))
    assert _values(found) == BOTH
    assert (_counts(summary), summary["totals"]) == ((5, 2, 0, 3), [])


@pytest.mark.usefixtures("here")
def test_a_first_row_whose_cell_reads_like_a_header_is_data_all_the_same(tmp_path: Path) -> None:
    rows = [[*RECORDS[:5], "对口情况"], [2024, "A1", "S1", "730301", "就业", "专业对口"], [2024, "A2", "S1", "730301", "升学", "其他"]]
    summary, found = _one(tmp_path, "records.csv", _csv(rows), "graduate_records")
    assert found[["row", "destination"]].to_numpy().tolist() == [[2, "employed"], [3, "further_study"]]
    assert summary["ignored_columns"] == ["对口情况"]


# ------------------------------------------------------------------------------------------------ several tables


@pytest.mark.usefixtures("here")
def test_one_book_may_hold_several_datasets_and_unknown_columns_are_listed_once(tmp_path: Path) -> None:
    roster = ["年份", "学校代码", "专业代码", "在校生数", "流失人数"]
    sheets = {
        "招生": [[*HEADER, "班主任", "教室"], [*ROW, "甲", 1]],
        "在校生": [[*roster, "班主任"], [2024, "S1", "730301", 90, 2, "乙"]],
        "空": [],
        "招生（续）": [[*HEADER, "班主任"], [*MORE, "丙"]],
    }
    summary, rows = _one(tmp_path, "book.xlsx", _book(sheets))
    assert _values(rows) == BOTH
    assert rows[["sheet", "row"]].to_numpy().tolist() == [["招生", 2], ["招生（续）", 2]]
    assert summary["datasets"] == ["enrolment", "roster"]
    assert summary["ignored_columns"] == ["班主任", "教室"]


@pytest.mark.usefixtures("here")
def test_two_tables_of_one_sheet_are_told_apart_and_each_fault_is_named_by_its_own_header(tmp_path: Path) -> None:
    rows = [HEADER, ROW, [2024, "S2", "730301", -1, 0, 0], [], ["年份", "学校代码", "专业代码", "计划数", "录取数", "报到数"], MORE,
            [2024, "S3", "730301", -1, 0, 0], [], ["年份", "学校代码", "专业代码", "在校生数", "流失人数"], [2024, "S1", "730301", 90, 2]]  # fmt: skip
    summary, found = _one(tmp_path, "stacked.xlsx", _xlsx(rows))
    assert _values(found) == BOTH
    assert [(reject["row"], reject["header"]) for reject in summary["rejects"]] == [(3, "招生计划"), (7, "计划数")]
    assert [(sheet["dataset"], sheet["header_row"]) for sheet in summary["sheets"]] == [("enrolment", 1), ("enrolment", 5), ("roster", 9)]


@pytest.mark.usefixtures("here")
@pytest.mark.parametrize(
    ("header", "told"),
    [
        (["年份", "学校代码", "专业代码", "毕业生数", "直接就业人数", "对口就业人数"], "升学人数"),
        (["年份", "学校代码", "专业代码", "教师数", "班级数", "教室数"], "缺少列"),
        (["年份", "学校代码", "专业代码", "招生计划", "录取人数", "报到人数", "报到人数"], "出现两次"),
    ],
)
def test_another_table_below_that_is_no_dataset_gets_an_entry_and_is_not_read_under_the_header_above(
    tmp_path: Path, header: list[str], told: str
) -> None:
    other = [2024, "S1", "710205", 20, 18, 15, 1][: len(header)]
    for name, below in (("last.xlsx", []), ("between.xlsx", [[], ["学校代码", *HEADER[:1], *HEADER[2:]], ["S1", 2024, *MORE[2:]]])):
        if "出现两次" in told and below:
            continue
        summary, rows = _one(tmp_path, name, _xlsx([HEADER, ROW, [], header, other, *below]))
        assert _values(rows) == (BOTH if below else READ)
        (entry,) = summary["rejects"]
        assert (entry["sheet"], entry["row"]) == ("招生", 4)
        assert told in entry["reason_zh"]
        assert "请" in entry["reason_zh"]


@pytest.mark.usefixtures("here")
def test_a_second_name_of_a_column_is_ignored_and_listed(tmp_path: Path) -> None:
    summary, rows = _one(tmp_path, "names.csv", _csv([[*HEADER, "报到数"], [*ROW, 99]]))
    assert _values(rows) == READ
    assert summary["ignored_columns"] == ["报到数"]


# ------------------------------------------------------------------------------------------------ rows at fault


@pytest.mark.usefixtures("here")
@pytest.mark.parametrize(
    ("row", "column", "value", "told"),
    [
        ([2024, "S1", "730301", 40, 35, ""], "报到人数", "", "没有填写"),
        ([2024, "S1", "730301", 40, 35, "—"], "报到人数", "—", "没有填写"),
        ([2024, "S1", "", 40, 35, 30], "专业代码", "", "没有填写"),
        (["", "S1", "730301", 40, 35, 30], "年份", "", "没有填写"),
        ([2024, "", "730301", 40, 35, 30], "学校代码", "", "没有填写"),
        ([2024, "S1", "730301", -5, 35, 30], "招生计划", "-5", "负数"),
        ([2024, "S1", "730301", 40.5, 35, 30], "招生计划", "40.5", "不是整数"),
        ([2024, "S1", "730301", "四十", 35, 30], "招生计划", "四十", "不是数字"),
        ([2024, "S1", "730301", 40, "85%", 30], "录取人数", "85%", "不是数字"),
        ([2024, "S1", "730301", 40, "3 5 0 0 0 0 0 0 0 0", 30], "录取人数", "3 5 0 0 0 0 0 0 0 0", "过大"),
        (["去年", "S1", "730301", 40, 35, 30], "年份", "去年", "不是年份"),
    ],
)
def test_a_row_at_fault_is_named_by_row_column_and_value_and_all_others_go_on(
    tmp_path: Path, row: list, column: str, value: str, told: str
) -> None:
    summary, rows = _one(tmp_path, "fault.csv", _csv([["说明"], HEADER, row, MORE]))
    assert _values(rows) == BOTH[1:]
    (reject,) = summary["rejects"]
    assert (reject["sheet"], reject["row"], reject["header"], reject["value"]) == ("", 3, column, value)
    assert f"“{column}”" in reject["reason_zh"]
    assert told in reject["reason_zh"]
    assert any(word in reject["reason_zh"] for word in ("请", "应"))
    assert _counts(summary) == (4, 1, 1, 2)


@pytest.mark.usefixtures("here")
def test_all_faults_of_a_row_are_told_at_once(tmp_path: Path) -> None:
    summary, _ = _one(tmp_path, "faults.csv", _csv([HEADER, ["去年", "S1", "730301", -1, "约9", 30]]))
    (reject,) = summary["rejects"]
    assert (reject["header"], reject["value"]) == ("年份", "去年")
    assert all(f"“{column}”" in reject["reason_zh"] for column in ("年份", "招生计划", "录取人数"))


@pytest.mark.usefixtures("here")
def test_a_count_at_fault_breaks_no_relation_besides(tmp_path: Path) -> None:
    header = ["年份", "学校代码", "专业代码", "对口就业人数", "直接就业人数", "升学人数", "毕业生数"]
    summary, _ = _one(tmp_path, "graduates.csv", _csv([header, [2024, "S1", "730301", 5, -3, 2, 20]]), "graduates")
    assert [(reject["header"], reject["value"], "大于" in reject["reason_zh"]) for reject in summary["rejects"]] == [
        ("直接就业人数", "-3", False)
    ]


@pytest.mark.usefixtures("here")
def test_the_fault_named_is_the_first_of_the_files_own_header_whatever_is_read_with_it(tmp_path: Path) -> None:
    files = {"a.csv": _csv([HEADER, ROW]), "b.csv": _csv([[*HEADER[:3], *HEADER[:2:-1]], [2024, "S2", "730301", "x", 1, "y"]])}
    assert [reject["header"] for reject in _stage(tmp_path, files)["b.csv"][0]["rejects"]] == ["报到人数"]


@pytest.mark.usefixtures("here")
def test_a_row_that_refers_to_no_school_is_listed_once_under_the_header_above_it(tmp_path: Path) -> None:
    inbox, scratch = tmp_path / "inbox", tmp_path / "scratch"
    write_inbox(inbox, enrolment=[(2024, "S0", "730301", 40, 35, 30)])
    english = ["Year", "School code", "Major code", "Planned intake", "Admitted", "Registered"]
    (inbox / "two.csv").write_bytes(_csv([HEADER, [2024, "S8", *ROW[2:]], english, [2024, "S9", *ROW[2:]]]))
    scratch.mkdir()
    rejects, _ = would_reject(inbox, scratch)
    assert rejects[["row", "column"]].to_numpy().tolist() == [[2, "学校代码"], [4, "School code"]]


@pytest.mark.usefixtures("here")
def test_the_column_of_a_fault_is_the_header_as_written(tmp_path: Path) -> None:
    header = ["学年", "学校代码", "专业代码", "招生计划（人）", "录取人数", "报到人数"]
    summary, _ = _one(tmp_path, "f.xlsx", _xlsx([header, [2024, "S1", "730301", "x", 35, 30], ["x", *MORE[1:]]]))
    assert [reject["header"] for reject in summary["rejects"]] == ["招生计划（人）", "学年"]


@pytest.mark.usefixtures("here")
@pytest.mark.parametrize(
    ("counts", "column", "reason"),
    [
        ([20, 15, 6, 1, 1], "直接就业人数", "直接就业人数 15 + 升学人数 6 大于 毕业生数 20。请核对这些人数"),
        ([20, 10, 0, 11, 1], "对口就业人数", "对口就业人数 11 大于 直接就业人数 10。请核对这些人数"),
        ([20, 10, 0, 1, 11], "稳定就业人数", "稳定就业人数 11 大于 直接就业人数 10。请核对这些人数"),
    ],
)
def test_counts_that_contradict_each_other_are_refused(tmp_path: Path, counts: list[int], column: str, reason: str) -> None:
    rows = [[2024, "S1", "730301", *counts], [2024, "S1", "710201", 20, 15, 5, 15, 15]]
    summary, found = _one(tmp_path, "graduates.csv", _csv([GRADUATES, *rows]), "graduates")
    assert found["row"].tolist() == [3]
    (reject,) = summary["rejects"]
    assert (reject["row"], reject["header"], reject["value"], reject["reason_zh"]) == (
        2,
        column,
        str(counts[GRADUATES.index(column) - 3]),
        reason,
    )


@pytest.mark.usefixtures("here")
@pytest.mark.parametrize(
    "again", [[2024, "S1", "730301", 41, 35, 30], ["2024年", "S1", 730301.0, 41, 35, 30], ["２０２４", " S1", "'730301", 41, 35, 30]]
)
def test_a_key_written_twice_in_one_file_rejects_both_rows_on_whatever_sheet(tmp_path: Path, again: list) -> None:
    summary, rows = _one(tmp_path, "twice.xlsx", _book({"一": [HEADER, ROW, MORE], "二": [["标题"], HEADER, again]}))
    assert _values(rows) == BOTH[1:]
    assert [(reject["sheet"], reject["row"], reject["header"]) for reject in summary["rejects"]] == [
        ("一", 2, "专业代码"),
        ("二", 3, "专业代码"),
    ]
    assert all("请只保留正确的一行" in reject["reason_zh"] for reject in summary["rejects"])


@pytest.mark.usefixtures("here")
def test_a_row_rejected_for_another_fault_still_makes_its_key_stand_twice(tmp_path: Path) -> None:
    summary, rows = _one(tmp_path, "twice.csv", _csv([HEADER, ROW, [2024, "S1", "730301", -1, 35, 30]]))
    assert _values(rows) == []
    assert [reject["row"] for reject in summary["rejects"]] == [2, 3]


@pytest.mark.usefixtures("here")
def test_a_repeated_key_names_the_rows_that_have_it_and_no_others(tmp_path: Path) -> None:
    """Schools by name only, codes that differ in a zero too many, and a code whose lost zero makes no difference."""
    header = ["年份", "学校名称", *HEADER[2:]]
    schools_and_codes = [("甲校", "730301"), ("乙校", "730301"), ("丙校", "730301"), ("丙校", "730301")]
    schools_and_codes += [("甲校", "12345"), ("甲校", "0012345"), ("甲校", "012345")]
    summary, _ = _one(tmp_path, "twice.csv", _csv([header, *([2024, *written, 40, 35, 30] for written in schools_and_codes)]))
    told = {reject["row"]: reject["reason_zh"].partition("（第 ")[2].partition(" 行")[0] for reject in summary["rejects"]}
    assert told == {4: "4、5", 5: "4、5", 6: "6、8", 8: "6、8"}
    assert "(rows 4, 5)" in summary["rejects"][0]["reason_en"]


# ------------------------------------------------------------------------------------------------ persons


def _everything_kept(data: Path) -> str:
    """Every byte under the folder as text, and every cell of its Parquet files (whose bytes are compressed)."""
    files = [path for path in data.rglob("*") if path.is_file()]
    cells = [str(cell) for path in files if path.suffix == ".parquet" for cell in pd.read_parquet(path).to_numpy().ravel()]
    return "\n".join([*(path.read_bytes().decode("latin-1") for path in files), *(path.as_posix() for path in files), *cells])


@pytest.mark.usefixtures("here")
@pytest.mark.parametrize("write", [_csv, _xlsx, _xls], ids=["csv", "xlsx", "xls"])
def test_a_student_id_is_never_kept_nor_shown(tmp_path: Path, write) -> None:
    rows = [
        [*RECORDS, "身份证号", "姓名"],
        [2024, "SECRET-1", "S1", "730301", "就业", "是", "PERSON-1", "NAME-1"],
        [2024, "SECRET-2", "S1", "730301", "升学", "", "PERSON-2", "NAME-2"],
        [2024, "SECRET-2", "S1", "730301", "其他", "", "PERSON-2", "NAME-2"],
        [2024, "SECRET-3", "S1", "730301", "不知道", "", "PERSON-3", "NAME-3"],
        [2024, "SECRET-4" * 9, "S1", "730301", "待业", "可能", "PERSON-4", "NAME-4"],
        [2024, 20240101987.0, "S1", "730301", "待业", "", 20240101987.0, "NAME-5"],
    ]
    name = f"records.{write.__name__.removeprefix('_')}"
    summary, found = _one(tmp_path, name, write(rows), "graduate_records")
    assert found["row"].tolist() == [2, 7]
    assert [(reject["row"], reject["header"], reject["value"]) for reject in summary["rejects"]] == [
        (3, "学号", "（不显示）"),
        (4, "学号", "（不显示）"),
        (5, "去向", "不知道"),
        (6, "是否对口", "可能"),
    ]
    assert all(any(word in reject["reason_zh"] for word in ("请", "应")) for reject in summary["rejects"])
    kept = _everything_kept(tmp_path / "data")
    assert not [secret for secret in ("SECRET", "PERSON", "NAME", "20240101987") if secret in kept]


@pytest.mark.usefixtures("here")
def test_of_two_sorts_of_student_id_the_first_counts_and_the_other_is_ignored(tmp_path: Path) -> None:
    rows = [["年份", "学籍号", "身份证号", *RECORDS[2:]], [2024, "A1", "B1", "S1", "730301", "就业", "是"]]
    summary, found = _one(tmp_path, "records.csv", _csv(rows), "graduate_records")
    assert (len(found), summary["ignored_columns"]) == (1, ["身份证号"])


@pytest.mark.usefixtures("here")
def test_records_of_graduates_are_counted_up(tmp_path: Path) -> None:
    """Five graduates of one major: two employed, one of them matched, one went on, one other, one none."""
    outcomes = [("就业", "是"), ("创业", "否"), ("升学", ""), ("参军", ""), ("待业", "")]
    records = [[2024, f"A{number}", "S1", "730301", *outcome] for number, outcome in enumerate(outcomes)]
    inbox, data = tmp_path / "inbox", tmp_path / "data"
    inbox.mkdir()
    data.mkdir()
    (inbox / "records.csv").write_bytes(_csv([RECORDS, *records]))
    (inbox / "schools.csv").write_bytes(_csv([["学校代码", "学校名称", "县区代码"], ["S1", "甲校", "D1"]]))
    policy = read_policy("nanchang-2019")
    ordered = models()
    needed = ordered[: next(place for place, model in enumerate(ordered) if model.name == "graduates") + 1]
    with build.connect_for_models() as con:
        build.load_inputs(con, RunInputs(tuple(stage(inbox, data)), policy))
        for _ in build.run_models(con, policy, tuple(needed)):
            pass
        found = con.execute("select year, school_id, major_code, graduates, employed, further_study, matched from graduates").fetchall()
    assert found == [(2024, "S1", "730301", 5, 2, 1, 1)]


# ------------------------------------------------------------------------------------------------ files at fault

PLAIN = _xlsx([HEADER, ROW])
OPEN = b'<?xml version="1.0"?><worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>'
CLOSE = b"</sheetData></worksheet>"


def _with_sheet(parts: Iterable[bytes]) -> bytes:
    """A workbook whose only sheet is this XML, written piece by piece."""
    plain, content = zipfile.ZipFile(io.BytesIO(PLAIN)), io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as book:
        for entry in plain.namelist():
            with book.open(entry, "w", force_zip64=True) as written:
                for part in parts if entry == "xl/worksheets/sheet1.xml" else [plain.read(entry)]:
                    written.write(part)
    return content.getvalue()


def _line(number: int, cells: list) -> bytes:
    texts = "".join(f'<c r="{chr(65 + place)}{number}" t="inlineStr"><is><t>{cell}</t></is></c>' for place, cell in enumerate(cells))
    return f'<row r="{number}">{texts}</row>'.encode()


def _sheet_xml(*rows: bytes) -> bytes:
    return _with_sheet([OPEN, *rows, CLOSE])


def _with_password() -> bytes:
    return b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600 + "EncryptedPackage".encode("utf-16-le") + b"\0" * 2000


def _old_with_password() -> bytes:
    """An .xls whose stream says, right after its first record, that all that follows is encrypted (FILEPASS)."""
    stream = _old_book([HEADER, ROW]).get_biff_data()
    first = 4 + int.from_bytes(stream[2:4], "little")
    content = io.BytesIO()
    xlwt.CompoundDoc.XlsDoc().save(content, stream[:first] + b"\x2f\x00\x06\x00\x00\x00\x59\xb3\x0a\x9a" + stream[first:])
    return content.getvalue()


def _entity(declared: str) -> bytes:
    return _with_sheet([f'<?xml version="1.0"?><!DOCTYPE x [{declared}]>'.encode(), OPEN[21:], _line(1, ["&amp;", "&e;"]), CLOSE])


LAUGHS = '<!ENTITY a "ha">' + "".join(f'<!ENTITY {b} "{f"&{a};" * 10}">' for a, b in zip("abcdefghij", "bcdefghije", strict=True))
UNREADABLE = {
    "empty.csv": (b"", "空"),
    "empty.xlsx": (b"", "空"),
    "no_rows.xlsx": (_xlsx([]), "空"),
    "password.xlsx": (_with_password(), "密码"),
    "password.xls": (_old_with_password(), "密码"),
    "truncated.xlsx": (PLAIN[: len(PLAIN) // 2], "不是有效的工作簿"),
    "html.xls": ("<html><table><tr><td>年份</td></tr></table></html>".encode(), "不是有效的工作簿"),
    "text.xlsx": (_csv([HEADER, ROW]), "不是有效的工作簿"),
    "no_sheet.xlsx": (PLAIN.replace(b"xl/worksheets/sheet1.xml", b"xl/worksheets/sheet9.xml"), "不是有效的工作簿"),
    "truncated.xls": (_xls([HEADER, ROW])[:1500], "不是有效的工作簿"),
    "truncated.parquet": (_parquet([ROW], HEADER)[:200], "Parquet"),
    "bytes.parquet": (_parquet([[2024, b"\xff\xfe", "730301", 40, 35, 30]], HEADER), "Parquet"),
    "binary.csv": (bytes(range(256)) * 20, "CSV"),
    "quote.csv": ('年份,学校代码\n"2024,S1\n'.encode(), "引号"),
    "foreign.csv": ("菜名,价格\n米粉,8\n".encode("gb18030"), "没有认出"),
    "twice.csv": (_csv([[*HEADER, "报到人数"], [*ROW, 31]]), "报到人数"),
    "twice.parquet": (_parquet([[*ROW, 1]], [*HEADER, "年份 "]), "出现两次"),
    "lacking.csv": (_csv([HEADER[:-1], ROW[:-1]]), "报到人数"),
    "lacking.parquet": (_parquet([ROW[:-1]], HEADER[:-1]), "报到人数"),
    "note.pdf": (b"%PDF-1.4", "不支持"),
    "far_corner.xlsx": (_sheet_xml(_line(1, HEADER), _line(2, ROW), b'<row r="1048576"><c r="XFD1048576"><v>1</v></c></row>'), "列"),
    "entity.xlsx": (_entity('<!ENTITY e SYSTEM "file:///etc/passwd">'), "请"),
    "laughs.xlsx": (_entity(LAUGHS), "请"),
}  # fmt: skip


def test_files_that_cannot_be_read_get_one_clear_entry_and_the_rest_goes_on(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """Through real workers, with their limits."""
    staged = _stage(
        tmp_path, {"good.csv": FORMS["utf8.csv"], "old.xls": FORMS["old_book.xls"]} | {n: c for n, (c, _) in UNREADABLE.items()}
    )
    for name in ("good.csv", "old.xls"):
        assert (staged[name][0]["rows_accepted"], staged[name][0]["rejects"]) == (1, [])
    for name, (_, told) in UNREADABLE.items():
        summary, folder = staged[name]
        assert [told in entry["reason_zh"] and "请" in entry["reason_zh"] for entry in summary["rejects"]] == [True], (
            name,
            summary["rejects"],
        )
        assert summary["rows_accepted"] == 0
        assert not list(folder.glob("*.parquet"))
    assert "root:" not in _everything_kept(tmp_path / "data")
    assert capfd.readouterr() == ("", "")


@pytest.mark.usefixtures("here")
def test_a_cell_of_a_megabyte_rejects_its_row_only_and_is_shown_short(tmp_path: Path) -> None:
    rows = _line(1, [*HEADER, "专业名称"]), _line(2, [*ROW, "长" * 350_000]), _line(3, [*MORE, "计算机应用"])
    summary, found = _one(tmp_path, "cell.xlsx", _sheet_xml(*rows))
    assert _values(found) == BOTH[1:]
    (reject,) = summary["rejects"]
    assert (reject["row"], reject["header"], len(reject["value"]) < 300, len(reject["reason_zh"]) < 600) == (2, "专业名称", True, True)


@pytest.mark.usefixtures("here")
def test_a_stray_cell_far_below_costs_nothing(tmp_path: Path) -> None:
    summary, found = _one(tmp_path, "tall.xlsx", _sheet_xml(_line(1, HEADER), _line(2, ROW), _line(100_000, [" "])))
    assert _values(found) == READ
    assert _counts(summary) == (100_000, 1, 0, 99_999)


@pytest.mark.usefixtures("here")
def test_a_file_name_in_gbk_is_shown_in_chinese(tmp_path: Path) -> None:
    (tmp_path / "inbox").mkdir()
    Path(os.fsdecode(os.fsencode(tmp_path / "inbox") + b"/" + "招生.csv".encode("gbk"))).write_bytes(FORMS["utf8.csv"])
    assert list(_stage(tmp_path, {})) == ["招生.csv"]


@pytest.mark.slow
def test_ten_million_empty_rows_cost_one_entry_or_are_skipped(tmp_path: Path) -> None:
    def parts():
        yield OPEN + _line(1, HEADER) + _line(2, ROW)
        for start in range(3, 10_000_003, 100_000):
            yield "".join(f'<row r="{row}"><c r="A{row}" s="1"/></row>' for row in range(start, start + 100_000)).encode()
        yield CLOSE

    staged = _stage(tmp_path, {"many.xlsx": _with_sheet(parts()), "good.csv": FORMS["utf8.csv"]})
    summary, folder = staged["many.xlsx"]
    if summary["rejects"]:
        assert ["请" in entry["reason_zh"] for entry in summary["rejects"]] == [True]
        assert not list(folder.glob("*.parquet"))
    else:
        assert _values(pd.read_parquet(folder / "enrolment.parquet")) == READ
    assert staged["good.csv"][0]["rows_accepted"] == 1


@pytest.mark.slow
def test_a_zip_bomb_costs_one_entry(tmp_path: Path) -> None:
    """Some 20 MB that unpack to one cell of 4 GB: more than a worker may hold."""
    megabytes = b"A" * 2**24
    bomb = _with_sheet(
        part for parts in ([OPEN + b'<row r="1"><c r="A1" t="str"><v>'], [megabytes] * 256, [b"</v></c></row>" + CLOSE]) for part in parts
    )
    assert len(bomb) < 40 * 2**20
    staged = _stage(tmp_path, {"bomb.xlsx": bomb, "good.csv": FORMS["utf8.csv"]})
    assert [entry["reason_zh"].startswith("文件过大") for entry in staged["bomb.xlsx"][0]["rejects"]] == [True]
    assert staged["good.csv"][0]["rows_accepted"] == 1


def test_a_worker_holds_no_more_memory_than_it_may() -> None:
    import resource

    with ProcessPool(max_workers=1, context=multiprocessing.get_context("spawn"), initializer=staging._confine) as pool:
        soft, hard = pool.schedule(resource.getrlimit, args=[resource.RLIMIT_AS]).result()
        assert staging.MEMORY_OF_A_WORKER < soft == hard < 2 * 2**30 + staging.MEMORY_OF_A_WORKER
        with pytest.raises(MemoryError):
            pool.schedule(bytearray, args=[2 * staging.MEMORY_OF_A_WORKER]).result()


# ------------------------------------------------------------------------------------------------ once


def test_an_unchanged_file_is_not_read_again_whatever_it_is_called(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[str] = []

    def counted(unread: dict, root: Path, salt: bytes) -> None:
        read.extend(path.name for path in unread.values())
        read_here(unread, root, salt)

    monkeypatch.setattr(staging, "_read_all", counted)
    inbox = tmp_path / "inbox"
    first = _stage(tmp_path, {"a.csv": FORMS["utf8.csv"]})["a.csv"][1]
    written = (first / "submission.json").stat().st_mtime_ns
    os.utime(inbox / "a.csv", (1, 1))
    assert _stage(tmp_path, {})["a.csv"][1] == first
    (inbox / "2024").mkdir()
    (inbox / "a.csv").rename(inbox / "2024" / "renamed.csv")
    assert _stage(tmp_path, {"copy.csv": FORMS["utf8.csv"]})["2024/renamed.csv"][1] == first
    assert (first / "submission.json").stat().st_mtime_ns == written
    assert read == ["a.csv"]
    _stage(tmp_path, {"copy.csv": _csv([HEADER, MORE])})
    assert read == ["a.csv", "copy.csv"]


@pytest.mark.usefixtures("here")
def test_a_file_that_was_only_named_wrongly_is_read_once_renamed(tmp_path: Path) -> None:
    refused, _ = _one(tmp_path, "form.txt", FORMS["utf8.csv"])
    assert "不支持" in refused["rejects"][0]["reason_zh"]
    (tmp_path / "inbox" / "form.txt").rename(tmp_path / "inbox" / "form.csv")
    assert _stage(tmp_path, {})["form.csv"][0]["rows_accepted"] == 1


@pytest.mark.usefixtures("here")
def test_locks_and_hidden_files_of_the_inbox_are_no_submissions(tmp_path: Path) -> None:
    assert list(_stage(tmp_path, {"~$form.xlsx": b"lock", ".DS_Store": b"x", "form.csv": FORMS["utf8.csv"]})) == ["form.csv"]
