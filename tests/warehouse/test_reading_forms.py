"""Forms as schools hand them in: what is read, what is skipped, and what each bad file or row is told."""

import io
import zipfile
from pathlib import Path

import pandas as pd
import pytest
import xlsxwriter
import xlwt

from warehouse import staging
from warehouse.staging import read_submission_summary, stage

HEADER = ["年份", "学校代码", "专业代码", "招生计划", "录取人数", "报到人数"]
ROW = [2024, "S1", "730301", 40, 35, 30]
READ = [(2024, "S1", "730301", 40, 35, 30)]
COLUMNS = ["year", "school_id", "major_code", "plan", "admitted", "registered"]


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch) -> None:
    """Reads in this process: a worker for each small file would only cost time."""
    monkeypatch.setattr(staging, "_read_all", lambda unread, root, salt: staging.read_batch(list(unread.items()), root, salt))


def _stage(tmp_path: Path, **files: bytes) -> dict[str, tuple[dict, Path]]:
    inbox, data = tmp_path / "inbox", tmp_path / "data"
    inbox.mkdir(exist_ok=True)
    data.mkdir(exist_ok=True)
    for name, content in files.items():
        (inbox / name.replace("__", ".")).write_bytes(content)
    return {entry.file: (read_submission_summary(entry.folder), entry.folder) for entry in stage(inbox, data)}


def _one(tmp_path: Path, name: str, content: bytes, dataset: str = "enrolment") -> tuple[dict, list[tuple]]:
    """The summary of one file and its accepted rows."""
    summary, folder = _stage(tmp_path, **{name: content})[name.replace("__", ".")]
    assert summary["rows_found"] == summary["rows_accepted"] + summary["rows_rejected"] + summary["rows_skipped"]
    path = folder / f"{dataset}.parquet"
    rows = pd.read_parquet(path)[COLUMNS].itertuples(index=False, name=None) if path.exists() and dataset == "enrolment" else []
    return summary, list(rows)


def _xlsx(rows: list[list], merges: tuple = (), name: str = "招生", notes: bool = False) -> bytes:
    content = io.BytesIO()
    with xlsxwriter.Workbook(content) as book:
        if notes:
            book.add_worksheet("填表说明").write_column(0, 0, ["填表说明", "1. 人数为自然人", "2. 不要改列名"])
        sheet = book.add_worksheet(name)
        for number, row in enumerate(rows):
            sheet.write_row(number, 0, row)
        for merge in merges:
            sheet.merge_range(*merge)
    return content.getvalue()


def _csv(rows: list[list], encoding: str = "utf-8", delimiter: str = ",") -> bytes:
    return "\r\n".join(delimiter.join(map(str, row)) for row in rows).encode(encoding)


def _xls(rows: list[list]) -> bytes:
    book = xlwt.Workbook()
    sheet = book.add_sheet("招生")
    for number, row in enumerate(rows):
        for place, cell in enumerate(row):
            sheet.write(number, place, cell)
    content = io.BytesIO()
    book.save(content)
    return content.getvalue()


# ------------------------------------------------------------------------------------------------ forms


@pytest.mark.usefixtures("here")
@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("plain__csv", _csv([HEADER, ROW])),
        ("bom__csv", _csv([HEADER, ROW], "utf-8-sig")),
        ("gb__csv", _csv([HEADER, ROW], "gb18030")),
        ("utf16__csv", _csv([HEADER, ROW], "utf-16")),
        ("semicolon__csv", _csv([HEADER, ROW], delimiter=";")),
        ("tab__csv", _csv([HEADER, ROW], delimiter="\t")),
        ("book__xlsx", _xlsx([HEADER, ROW])),
        ("old__xls", _xls([HEADER, ROW])),
        ("english__csv", _csv([COLUMNS, ROW])),
        ("labels__csv", _csv([["Year", "School code", "Major code", "Planned intake", "Admitted", "Registered"], ROW])),
        ("units__xlsx", _xlsx([["年份", "学校代码", "专业代码", "招生计划（人）", "录取人数(人)", "＊报到人数[人]"], ROW])),
        ("numbered__xlsx", _xlsx([["序号", *HEADER], [1, *ROW]])),
        ("title__xlsx", _xlsx([["2024年招生情况统计表"], ["填报单位：某校"], [], HEADER, ROW], notes=True)),
        ("deep__xlsx", _xlsx([*[["说明"]] * 11, HEADER, ROW])),
        (
            "footer__xlsx",
            _xlsx([HEADER, ROW, ["合计", "", "", 40, 35, 30], [], ["填报人：甲", "", "审核人：乙", "", "填报日期：2024年10月1日"]]),
        ),
        ("blanks__xlsx", _xlsx([HEADER, [], ROW, ["", "", ""], []])),
        ("again__xlsx", _xlsx([HEADER, ROW, HEADER])),
        ("full_width__xlsx", _xlsx([HEADER, ["２０２４", "S1", "７３０３０１", "４０", "　３５ ", " ３０"]])),
        ("thousands__csv", _csv([HEADER, [2024, "S1", "730301", '"40"', '"35.0"', "30人"]])),
        ("code_as_number__xlsx", _xlsx([HEADER, [2024.0, "S1", 730301.0, 40.0, 35.0, 30.0]])),
        (
            "two_rows__xlsx",
            _xlsx([["年份", "学校代码", "专业代码", "招生情况", "", ""], ["", "", "", *HEADER[3:]], ROW], ((0, 3, 0, 5, "招生情况"),)),
        ),
    ],
)
def test_a_form_is_read_as_it_is(tmp_path: Path, name: str, content: bytes) -> None:
    summary, rows = _one(tmp_path, name, content)
    assert rows == READ
    assert summary["rejects"] == []
    assert summary["totals"] == []


@pytest.mark.usefixtures("here")
@pytest.mark.parametrize("written", ["2024", "2024年", "2024届", "2024级", "2024-2025学年", "2024—2025学年", "2024年秋季", "２０２４年"])
def test_a_year_is_read_however_it_is_written(tmp_path: Path, written: str) -> None:
    assert _one(tmp_path, "y__csv", _csv([HEADER, [written, *ROW[1:]]]))[1] == READ


@pytest.mark.usefixtures("here")
def test_thousands_separators_are_read(tmp_path: Path) -> None:
    _, rows = _one(tmp_path, "t__xlsx", _xlsx([HEADER, [2024, "S1", "730301", "1,040", "1，035", "1,030"]]))
    assert rows == [(2024, "S1", "730301", 1040, 1035, 1030)]


@pytest.mark.usefixtures("here")
def test_merged_cells_stand_for_all_their_rows_and_keep_their_row_numbers(tmp_path: Path) -> None:
    rows = [HEADER, [2024, "", "730301", 40, 35, 30], [2024, "", "710201", 50, 45, 44]]
    summary, found = _one(tmp_path, "m__xlsx", _xlsx(rows, ((1, 1, 2, 1, "S1"),)))
    assert found == [*READ, (2024, "S1", "710201", 50, 45, 44)]
    assert summary["sheets"][0]["header_row"] == 1
    staged = pd.read_parquet(next((tmp_path / "data").rglob("enrolment.parquet")))
    assert staged[["sheet", "row"]].to_numpy().tolist() == [["招生", 2], ["招生", 3]]


@pytest.mark.usefixtures("here")
def test_a_total_that_disagrees_is_reported_and_no_row_is_lost(tmp_path: Path) -> None:
    summary, rows = _one(tmp_path, "s__xlsx", _xlsx([HEADER, ROW, ["合计", "", "", 41, 35, 30]]))
    assert rows == READ
    assert [(total["row"], total["header"], total["stated"], total["summed"]) for total in summary["totals"]] == [(3, "招生计划", 41, 40)]


@pytest.mark.usefixtures("here")
def test_one_book_may_hold_several_datasets_and_unknown_columns_are_listed_once(tmp_path: Path) -> None:
    content = io.BytesIO()
    with xlsxwriter.Workbook(content) as book:
        for name, rows in (
            ("招生", [[*HEADER, "班主任"], [*ROW, "甲"]]),
            ("在校生", [["年份", "学校代码", "专业代码", "在校生数", "流失人数", "班主任"], [2024, "S1", "730301", 90, 2, "乙"]]),
        ):
            sheet = book.add_worksheet(name)
            for number, row in enumerate(rows):
                sheet.write_row(number, 0, row)
    summary, rows = _one(tmp_path, "b__xlsx", content.getvalue())
    assert rows == READ
    assert summary["datasets"] == ["enrolment", "roster"]
    assert summary["ignored_columns"] == ["班主任"]


@pytest.mark.usefixtures("here")
def test_parquet_is_read_typed_or_as_text(tmp_path: Path) -> None:
    for number, frame in enumerate([pd.DataFrame([ROW], columns=HEADER), pd.DataFrame([list(map(str, ROW))], columns=COLUMNS)]):
        content = io.BytesIO()
        frame.to_parquet(content, index=False)
        folder = tmp_path / str(number)
        folder.mkdir()
        assert _one(folder, "p__parquet", content.getvalue())[1] == READ


# ------------------------------------------------------------------------------------------------ rows at fault


@pytest.mark.usefixtures("here")
@pytest.mark.parametrize(
    ("row", "column", "value"),
    [
        ([2024, "S1", "730301", -5, 35, 30], "招生计划", "-5"),
        ([2024, "S1", "730301", "四十", 35, 30], "招生计划", "四十"),
        ([2024, "S1", "730301", 40.5, 35, 30], "招生计划", "40.5"),
        ([2024, "S1", "730301", 40, 35, ""], "报到人数", ""),
        (["去年", "S1", "730301", 40, 35, 30], "年份", "去年"),
        ([2024, "", "730301", 40, 35, 30], "学校代码", ""),
        ([2024, "S1", "", 40, 35, 30], "专业代码", ""),
    ],
)
def test_a_row_at_fault_is_named_by_row_column_and_value_and_all_others_go_on(tmp_path: Path, row: list, column: str, value: str) -> None:
    summary, rows = _one(tmp_path, "f__csv", _csv([["说明"], HEADER, row, [2024, "S1", "710201", 1, 1, 1]]))
    assert rows == [(2024, "S1", "710201", 1, 1, 1)]
    (reject,) = summary["rejects"]
    assert (reject["row"], reject["header"], reject["value"]) == (3, column, value)
    assert any(word in reject["reason_zh"] for word in ("请", "应"))


@pytest.mark.usefixtures("here")
def test_relations_between_counts_and_keys_written_twice_are_refused(tmp_path: Path) -> None:
    header = ["年份", "学校代码", "专业代码", "毕业生数", "直接就业人数", "升学人数", "对口就业人数", "稳定就业人数"]
    rows = [header, [2024, "S1", "730301", 20, 15, 6, 1, 1], [2024, "S1", "710201", 20, 10, 0, 11, 1], [2024, "S1", "660103", 20, 10, 0, 1, 11],
            [2024, "S1", "740101", 20, 10, 0, 1, 1], [2024, "S1", "740101", 21, 10, 0, 1, 1]]  # fmt: skip
    summary, _ = _one(tmp_path, "g__csv", _csv(rows), "graduates")
    assert [(reject["row"], reject["header"]) for reject in summary["rejects"]] == [
        (2, "直接就业人数"), (3, "对口就业人数"), (4, "稳定就业人数"), (5, "专业代码"), (6, "专业代码")]  # fmt: skip


@pytest.mark.usefixtures("here")
def test_a_student_id_is_never_kept(tmp_path: Path) -> None:
    header = ["年份", "学号", "学校代码", "专业代码", "去向", "身份证号"]
    secret, twice = "36010220050101XXXX", "TWICE-7788"
    rows = [
        header,
        [2024, secret, "S1", "730301", "就业", secret],
        [2024, twice, "S1", "730301", "升学", ""],
        [2024, twice, "S1", "730301", "其他", ""],
    ]
    summary, _ = _one(tmp_path, "r__csv", _csv(rows), "graduate_records")
    assert (summary["rows_accepted"], summary["rows_rejected"]) == (1, 2)
    kept = b"".join(path.read_bytes() for path in (tmp_path / "data").rglob("*") if path.is_file())
    assert secret.encode() not in kept
    assert twice.encode() not in kept


# ------------------------------------------------------------------------------------------------ files at fault


def _sheet_of(body: bytes) -> bytes:
    """A workbook whose only sheet has this XML inside."""
    plain = zipfile.ZipFile(io.BytesIO(_xlsx([HEADER, ROW])))
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as book:
        for entry in plain.namelist():
            book.writestr(entry, body if entry == "xl/worksheets/sheet1.xml" else plain.read(entry))
    return content.getvalue()


OPEN = b'<?xml version="1.0"?><worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>'
CLOSE = b"</sheetData></worksheet>"
FAR = OPEN + b'<row r="1"><c r="A1"><v>1</v></c></row><row r="1048576"><c r="XFD1048576"><v>1</v></c></row>' + CLOSE
ENTITY = (
    b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>'
    + OPEN[21:]
    + b'<row r="1"><c r="A1" t="str"><v>&e;</v></c></row>'
    + CLOSE
)


def test_files_that_cannot_be_read_get_one_clear_entry_and_the_rest_goes_on(tmp_path: Path) -> None:
    """Through real workers, with their limits."""
    encrypted = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600 + "EncryptedPackage".encode("utf-16-le") + b"\0" * 2000
    files = {
        "good__csv": _csv([HEADER, ROW]),
        "empty__csv": b"",
        "renamed__xlsx": b"<html><table><tr><td>1</td></tr></table></html>",
        "truncated__xlsx": _xlsx([HEADER, ROW])[:700],
        "password__xlsx": encrypted,
        "no_rows__xlsx": _xlsx([]),
        "foreign__csv": "菜名,价格\n米粉,8\n".encode("gb18030"),
        "twice__csv": _csv([[*HEADER, "报到人数"], [*ROW, 31]]),
        "missing__csv": _csv([HEADER[:-1], ROW[:-1]]),
        "note__pdf": b"%PDF-1.4",
        "far_corner__xlsx": _sheet_of(FAR),
        "entity__xlsx": _sheet_of(ENTITY),
    }
    staged = _stage(tmp_path, **files)
    assert {name: len(summary["rejects"]) for name, (summary, _) in staged.items()} == {
        name.replace("__", "."): 0 if name == "good__csv" else 1 for name in files
    }
    assert staged["good.csv"][0]["rows_accepted"] == 1
    assert all("请" in summary["rejects"][0]["reason_zh"] for name, (summary, _) in staged.items() if name != "good.csv")
    assert "密码" in staged["password.xlsx"][0]["rejects"][0]["reason_zh"]
    kept = b"".join(path.read_bytes() for path in (tmp_path / "data").rglob("*.json"))
    assert b"root:" not in kept


@pytest.mark.slow
def test_ten_million_empty_rows_cost_one_entry_or_none_and_bounded_memory(tmp_path: Path) -> None:
    content = io.BytesIO()
    plain = zipfile.ZipFile(io.BytesIO(_xlsx([HEADER, ROW])))
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as book:
        for entry in plain.namelist():
            if entry != "xl/worksheets/sheet1.xml":
                book.writestr(entry, plain.read(entry))
                continue
            with book.open(entry, "w", force_zip64=True) as sheet:
                sheet.write(OPEN)
                for start in range(1, 10_000_001, 100_000):
                    sheet.write("".join(f'<row r="{row}"><c r="A{row}" s="1"/></row>' for row in range(start, start + 100_000)).encode())
                sheet.write(CLOSE)
    staged = _stage(tmp_path, many__xlsx=content.getvalue(), good__csv=_csv([HEADER, ROW]))
    assert len(staged["many.xlsx"][0]["rejects"]) == 1
    assert staged["good.csv"][0]["rows_accepted"] == 1


# ------------------------------------------------------------------------------------------------ once


def test_an_unchanged_file_is_not_read_again_whatever_it_is_called(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[int] = []

    def counted(unread: dict, root: Path, salt: bytes) -> None:
        read.append(len(unread))
        staging.read_batch(list(unread.items()), root, salt)

    monkeypatch.setattr(staging, "_read_all", counted)
    _stage(tmp_path, a__csv=_csv([HEADER, ROW]))
    _stage(tmp_path, b__csv=_csv([HEADER, ROW]))
    _stage(tmp_path, c__csv=_csv([HEADER, [2024, "S1", "710201", 1, 1, 1]]))
    assert read == [1, 1]
