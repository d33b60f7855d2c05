"""A file handed in -> blocks of raw text cells, with the header row found (docs/data).

Knows forms, not rules: what a cell must satisfy is the contract's matter. Nothing here reads a folder or writes a file.
"""

import csv
import io
import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cache

import pandas as pd

from warehouse.dictionary import Dataset, dictionary

SUFFIXES = (".xlsx", ".xlsm", ".xls", ".csv", ".parquet")
NUMBER_KINDS = ("count", "decimal")
WIDEST_ROW = 2000
HEADER_SEARCH_ROWS = 300
_TOTAL = re.compile(
    r"(合计|总计|共计|总数|小计|本页小计|全校合计|本校合计|全市合计|total|grandtotal|subtotal|sum|(?P<whose>.{1,16})(小计|合计|总计))(人?数)?[:：]?$"
)
_FOOTER = re.compile(
    r"^(填报人|填表人|审核人|复核人|负责人|单位负责人|统计负责人|联系人|联系电话|电话|填报日期|填表日期|日期|制表|制表人|备注|注|说明|填报单位|单位|盖章|报送日期|数据来源)[^,，]{0,6}[:：]"
    r"|^(填报人|填表人|制表人|审核人|复核人|负责人|单位负责人|统计负责人|联系人|联系电话|填报日期|填表日期|报送日期)$"
)
_FILEPASS = re.compile(rb"\x09\x08\x10\x00\x00\x06.{14}(\x86\x00\x00\x00)?\x2f\x00", re.DOTALL)  # record 2F after the first one of an .xls
_UNIT_CELL = re.compile(r"[(（\[【]?(单位)?[:：]?(人|人数|名|个|所|元|万元|亿元|%|％|年)[)）\]】]?")
_BLANKS = ("", "-", "—", "——", "–", "/")
_UNITS = re.compile(r"[(（\[【][^)）\]】]*[)）\]】]")


class UnreadableSubmission(Exception):
    """A file that can't be read at all; `key` names the sentence of table "reading", `values` fill it in."""

    def __init__(self, key: str, **values: object) -> None:
        super().__init__(key)
        self.key, self.values = key, values


@dataclass(frozen=True)
class Problem:
    """One entry about a whole file or a whole sheet: the sentence of table "reading" and, where known, sheet, row and header."""

    key: str
    values: dict[str, object]
    sheet: str | None = None
    row: int | None = None
    header: str | None = None


@dataclass(frozen=True)
class TotalMismatch:
    """A figure of a 合计 row that disagrees with the sum of its rows."""

    sheet: str
    row: int
    header: str
    stated: int
    summed: int


@dataclass
class Block:
    """The data rows under one header: `cells` has the raw text of each column known to the dataset, and `row`."""

    dataset: Dataset
    sheet: str
    header_row: int
    headers: dict[str, str]
    cells: pd.DataFrame


@dataclass
class Submission:
    """What one file holds. `rows_found` counts every row of every sheet; those in no block were skipped."""

    rows_found: int = 0
    blocks: list[Block] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    ignored_columns: list[str] = field(default_factory=list)
    totals: list[TotalMismatch] = field(default_factory=list)

    @property
    def rows_skipped(self) -> int:
        """Titles, headers, notes, 合计, blank rows and footers."""
        return self.rows_found - sum(len(block.cells) for block in self.blocks)


@dataclass(frozen=True)
class _Sheet:
    """Rows as (row number as a spreadsheet counts, cells as text), and vertical merges as column -> [(first, last row)]."""

    name: str
    rows: Iterable[tuple[int, list[str]]]
    merges: dict[int, list[tuple[int, int]]] = field(default_factory=dict)


@dataclass(frozen=True)
class _Header:
    """A recognised header: which cell of a row is which column of the dataset. `repeated` names a header written twice.

    `unknown` are the headers not used: those of no column, and other names of a column that already has its own.
    """

    dataset: Dataset
    places: dict[str, int]
    headers: dict[str, str]
    unknown: tuple[str, ...]
    repeated: str | None


def read_submission(content: bytes, suffix: str) -> Submission:
    """Everything one file holds. UnreadableSubmission where it can't be read at all."""
    if not content:
        raise UnreadableSubmission("empty")
    if suffix == ".parquet":
        return _read_parquet(content)
    submission = Submission()
    near_misses: list[_NearMiss] = []
    for sheet in _sheets(content, suffix):
        near_misses += _read_sheet(sheet, submission)
    if not submission.rows_found:
        raise UnreadableSubmission("empty")
    if submission.blocks or submission.problems:
        submission.problems += [miss.problem for miss in near_misses if miss.has_data]
    else:
        whole = near_misses[0].problem if near_misses else Problem("unrecognised", {})
        submission.problems.append(Problem(whole.key, whole.values))
    return submission


# ------------------------------------------------------------------------------------------------ files to rows


def _sheets(content: bytes, suffix: str) -> Iterator[_Sheet]:
    if suffix == ".csv":
        yield _Sheet("", _csv_rows(content))
    else:
        yield from _workbook_sheets(content)


def _workbook_sheets(content: bytes) -> Iterator[_Sheet]:
    import python_calamine as calamine

    try:
        book = calamine.CalamineWorkbook.from_filelike(io.BytesIO(content))
        for entry in book.sheets_metadata:
            if entry.typ == calamine.SheetTypeEnum.WorkSheet:
                sheet = book.get_sheet_by_name(entry.name)
                yield _Sheet(entry.name, _sheet_rows(sheet), _vertical_merges(sheet))
    except calamine.PasswordError as error:
        raise UnreadableSubmission("password") from error
    except (calamine.CalamineError, OSError) as error:
        if _is_encrypted(content):
            raise UnreadableSubmission("password") from error
        raise UnreadableSubmission("not_a_workbook") from error


def _is_encrypted(content: bytes) -> bool:
    is_compound = content.startswith(b"\xd0\xcf\x11\xe0")
    return is_compound and ("EncryptedPackage".encode("utf-16-le") in content or _FILEPASS.search(content) is not None)


def _vertical_merges(sheet) -> dict[int, list[tuple[int, int]]]:
    merges: dict[int, list[tuple[int, int]]] = {}
    for (first, left), (last, _) in sheet.merged_cell_ranges or []:
        if last > first:
            merges.setdefault(left, []).append((first + 1, last + 1))
    return merges


def _sheet_rows(sheet) -> Iterator[tuple[int, list[str]]]:
    if sheet.start is None:
        return
    if sheet.width > WIDEST_ROW:
        raise UnreadableSubmission("too_wide", sheet=sheet.name, columns=sheet.width)
    left = [""] * sheet.start[1]
    rows = iter(sheet.iter_rows())
    for number in range(1, sheet.end[0] + 2):
        if number <= sheet.start[0]:
            yield number, []
            continue
        cells = next(rows)
        yield number, left + [_cell_text(cell) for cell in cells[-sheet.width :]]


def _cell_text(cell: object) -> str:
    if isinstance(cell, float):
        return str(int(cell)) if cell.is_integer() and abs(cell) < 1e15 else repr(cell)
    return cell if isinstance(cell, str) else str(cell)


def _csv_rows(content: bytes) -> Iterator[tuple[int, list[str]]]:
    text = _decoded(content)
    sample = "\n".join(text.splitlines()[:20])
    delimiter = max(",;\t|", key=sample.count)
    csv.field_size_limit(64 * 1024 * 1024)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        for number, cells in enumerate(reader, 1):
            if len(cells) > WIDEST_ROW:
                raise UnreadableSubmission("too_wide", sheet="", columns=len(cells))
            yield number, cells
    except csv.Error as error:
        raise UnreadableSubmission("broken_csv", line=reader.line_num) from error


def _decoded(content: bytes) -> str:
    encodings = ["utf-16"] if content.startswith((b"\xff\xfe", b"\xfe\xff")) else ["utf-8-sig", "gb18030"]
    for encoding in encodings:
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\x00" in text:
            break
        return text
    raise UnreadableSubmission("not_text")


# ------------------------------------------------------------------------------------------------ rows to blocks


@cache
def plain_header(text: str) -> str:
    """A header as it is compared: width folded, without spaces, underscores, units, stars and 其中."""
    folded = "".join(unicodedata.normalize("NFKC", text[:200]).split())
    folded = _UNITS.sub("", folded) or folded
    return folded.strip("*＊:：").removeprefix("其中").strip(":：、,").casefold().replace("_", "")


@cache
def _columns_by_header(dataset_name: str) -> dict[str, tuple[str, bool]]:
    """Header -> (column, whether it is the column's own name or label rather than an alias)."""
    found: dict[str, tuple[str, bool]] = {}
    for column in dictionary().datasets[dataset_name].columns:
        for header in column.aliases:
            found.setdefault(plain_header(header), (column.name, False))
    for column in dictionary().datasets[dataset_name].columns:
        for header in (column.name, column.label.zh, column.label.en):
            found[plain_header(header)] = (column.name, True)
    return found


@cache
def _known_headers() -> frozenset[str]:
    return frozenset(header for name in dictionary().datasets for header in _columns_by_header(name))


def _match(cells: list[str], dataset: Dataset) -> _Header:
    known = _columns_by_header(dataset.name)
    places: dict[str, int] = {}
    own: dict[str, bool] = {}
    unknown, repeated = [], None
    for place, cell in enumerate(cells):
        if not cell.strip():
            continue
        column, is_own = known.get(plain_header(cell), (None, False))
        if column is None:
            unknown.append(cell.strip())
        elif column not in places:
            places[column], own[column] = place, is_own
        elif is_own and not own[column]:
            unknown.append(cells[places[column]].strip())
            places[column], own[column] = place, True
        elif (own[column] and not is_own) or dataset.column(column).kind == "secret":
            unknown.append(cell.strip())
        else:
            repeated = repeated or cell.strip()
    return _Header(dataset, places, {name: cells[place].strip() for name, place in places.items()}, tuple(unknown), repeated)


def missing_columns(header: _Header) -> list[str]:
    """Required columns that the header lacks; a school's name may stand in for its code."""
    stand_in = {"school_id"} if "school_name" in header.places and "school_name" in header.dataset.optional else set()
    return [name for name in header.dataset.required if name not in header.places and name not in stand_in]


def _recognise(cells: list[str], below: list[str]) -> tuple[_Header | None, bool, _Header | None]:
    """The best header of this row, alone or with the row below it; whether the row below belongs to it; else the nearest miss."""
    known = _known_headers()
    if sum(plain_header(cell) in known for cell in cells if cell.strip()) < 2:
        return None, False, None
    width = max(len(cells), len(below))
    above, under = cells + [""] * (width - len(cells)), below + [""] * (width - len(below))
    joined = [low if plain_header(low) in known or not high.strip() else high for high, low in zip(above, under, strict=True)]
    is_data_below = any(count_of(cell) is not None for cell in below)
    forms = [(cells, False)] if is_data_below else [(cells, False), (joined, True)]
    candidates = [(_match(row, dataset), is_joined) for row, is_joined in forms for dataset in dictionary().datasets.values()]
    whole = [(header, is_joined) for header, is_joined in candidates if not missing_columns(header)]
    if whole:
        header, is_joined = max(whole, key=lambda pair: (len(pair[0].places), not pair[1]))
        return header, is_joined, None
    nearest = max((header for header, _ in candidates), key=lambda header: len(header.places) - len(missing_columns(header)))
    is_near = len(nearest.places) >= 3 and 2 * len(missing_columns(nearest)) <= len(nearest.dataset.required)
    return None, False, nearest if is_near else None


@dataclass
class _NearMiss:
    """A table that nearly was one of a dataset, and whether any numbers stand below it: in a sheet of notes none do."""

    problem: Problem
    has_data: bool = False


def _read_sheet(sheet: _Sheet, submission: Submission) -> list[_NearMiss]:
    """Adds the sheet's blocks to the submission; returns what it, or its last table, nearly was."""
    near_misses: list[_NearMiss] = []
    reader: _BlockReader | None = None
    rows = iter(sheet.rows)
    ahead = next(rows, None)
    searched = 0
    while ahead is not None:
        (number, cells), ahead = ahead, next(rows, None)
        submission.rows_found += 1
        searched += 1
        is_candidate = searched <= HEADER_SEARCH_ROWS if reader is None else reader.may_be_header(cells)
        if is_candidate:
            header, takes_next, near = _recognise(cells, ahead[1] if ahead else [])
            if header is not None:
                if takes_next:
                    ahead = next(rows, None)
                    submission.rows_found += 1
                if reader is not None and header == reader.header:
                    continue
                if reader is not None:
                    reader.finish(submission)
                submission.problems += [miss.problem for miss in near_misses if miss.problem.row]
                near_misses = []
                if header.repeated:
                    submission.problems.append(
                        Problem(
                            "header_twice",
                            {"header": header.repeated, "sheet": sheet.name},
                            sheet.name,
                            number,
                            header.repeated,
                        )
                    )
                    submission.rows_found += (ahead is not None) + sum(1 for _ in rows)
                    return []
                reader = _BlockReader(sheet, header, number)
                continue
            if reader is not None and _is_another_table(cells):
                reader.finish(submission)
                reader, searched = None, 0
                near_misses = [_NearMiss(_near_miss(near, sheet.name, number))]
                continue
            if near is not None and reader is None:
                near_misses.append(_NearMiss(_near_miss(near, sheet.name)))
                continue
        if near_misses and any(count_of(cell) is not None for cell in cells):
            near_misses[0].has_data = True
        if reader is not None:
            reader.take(number, cells)
    if reader is not None:
        reader.finish(submission)
    return near_misses[:1]


def _is_another_table(cells: list[str]) -> bool:
    """Whether a row below a header, though no header of any dataset, names columns all the same."""
    return sum(plain_header(cell) in _known_headers() for cell in cells if cell.strip()) >= 3


def _near_miss(near: _Header | None, sheet: str | None, row: int | None = None) -> Problem:
    if near is None:
        return Problem("unrecognised", {}, sheet, row)
    missing = [dictionary().columns[name].label for name in missing_columns(near)]
    values: dict[str, object] = {
        "dataset": near.dataset.label.zh,
        "dataset_en": near.dataset.label.en,
        "missing": "、".join(label.zh for label in missing),
        "missing_en": ", ".join(label.en for label in missing),
    }
    return Problem("missing_columns", values, sheet, row)


class _BlockReader:
    """Sorts the rows under one header into data, totals and what is skipped."""

    def __init__(self, sheet: _Sheet, header: _Header, number: int) -> None:
        self.sheet, self.header, self.number = sheet, header, number
        self.columns = [column for column in header.dataset.columns if column.name in header.places]
        self.counts = [column.name for column in self.columns if column.kind == "count"]
        self.count_places = {header.places[name] for name in self.counts}
        self.numbered = {header.places[column.name] for column in self.columns if column.kind in NUMBER_KINDS}
        self.probes = [header.places[name] for name in (*self.counts[:1], *header.places)][:2]
        self.taken: dict[str, list[str]] = {name: [] for name in header.places}
        self.rows: list[int] = []
        self.sums = dict.fromkeys(self.counts, 0)
        self.sums_at_total = dict.fromkeys(self.counts, 0)
        self.totals: list[TotalMismatch] = []
        self.total_on_top: tuple[int, dict[str, str]] | None = None
        self.merged: dict[tuple[int, int], str] = {}

    def may_be_header(self, cells: list[str]) -> bool:
        """Whether a row below looks like a header again (a page break, or another table)."""
        return any(place < len(cells) and plain_header(cells[place]) in _known_headers() for place in self.probes)

    def take(self, number: int, cells: list[str]) -> None:
        values = {name: cells[place] if place < len(cells) else "" for name, place in self.header.places.items()}
        for column in self.columns:
            if column.kind not in NUMBER_KINDS:
                values[column.name] = self._unmerged(number, self.header.places[column.name], values[column.name])
        if self._is_total(cells, values):
            if self.rows:
                self._compare(number, values, cells)
            else:
                self.total_on_top = self.total_on_top or (number, values)
        elif not self._is_skipped(cells, values):
            self.rows.append(number)
            for name, value in values.items():
                self.taken[name].append(value)
            for name in self.counts:
                self.sums[name] += count_of(values[name]) or 0

    def _unmerged(self, number: int, place: int, value: str) -> str:
        for first, last in self.sheet.merges.get(place, ()):
            if number == first:
                self.merged[place, first] = value
            elif first < number <= last:
                return value or self.merged.get((place, first), "")
        return value

    def _is_total(self, cells: list[str], values: dict[str, str]) -> bool:
        own = set(self.header.places.values())
        labels = [
            (label, place)
            for place, cell in enumerate(cells)
            if cell and len(cell) < 20 and place not in self.numbered and (label := _total_label(cell))
        ]
        if all(
            label["whose"] or place not in own for label, place in labels
        ):  # 财经商贸大类小计 is one, a whole row with the remark 合计 is none
            return bool(labels) and not self._has_key(values)
        return True

    def _has_key(self, values: dict[str, str]) -> bool:
        """Whether the row says what it speaks of, with no label of a 合计 row or a footer in the place of it."""
        dataset = self.header.dataset
        parts = [
            values.get(name, "") or (values.get("school_name", "") if name == "school_id" else "")
            for name in dataset.key
            if name not in dataset.may_be_empty
        ]
        return all(part.strip() not in _BLANKS and not _total_label(part) and not _is_footer(part) for part in parts)

    def _is_skipped(self, cells: list[str], values: dict[str, str]) -> bool:
        if not any(cells[place].strip() for place in self.header.places.values() if place < len(cells)):
            return True
        filled = [cell for cell in map(str.strip, cells) if cell]
        if self.counts and filled[0] in "甲1" and _is_column_numbers(filled):
            return True
        if (_is_footer(filled[0]) or all(map(_UNIT_CELL.fullmatch, filled))) and not self._has_key(values):
            return True
        if any(count_of(values[name]) is not None for name in self.counts):
            return False
        if 2 * sum(map(_is_footer, filled)) >= len(filled):
            return True
        is_note = len(filled) == 1 and not any(cells[place].strip() for place in self.count_places if place < len(cells))
        return bool(self.counts) and is_note and not re.fullmatch(r"[\d.\s]+", filled[0])

    def _compare(self, number: int, values: dict[str, str], cells: list[str]) -> None:
        is_part = any("小计" in cell or "subtotal" in cell.casefold() for cell in cells if len(cell) < 20)
        for name in self.counts:
            stated, since = count_of(values[name]), self.sums[name] - self.sums_at_total[name]
            if stated is not None and stated not in ({since} if is_part else {self.sums[name], since}):
                self.totals.append(
                    TotalMismatch(
                        self.sheet.name,
                        number,
                        self.header.headers[name],
                        stated,
                        since if is_part else self.sums[name],
                    )
                )
        self.sums_at_total = dict(self.sums)

    def finish(self, submission: Submission) -> None:
        if self.total_on_top is not None:
            number, values = self.total_on_top
            stated = {name: count for name in self.counts if (count := count_of(values[name])) not in (None, self.sums[name])}
            self.totals[:0] = [
                TotalMismatch(self.sheet.name, number, self.header.headers[name], count, self.sums[name]) for name, count in stated.items()
            ]
        ordered = sorted(self.header.places, key=self.header.places.__getitem__)
        cells = pd.DataFrame({name: pd.Series(self.taken[name], dtype="str") for name in ordered})
        cells.insert(0, "row", pd.Series(self.rows, dtype="int64"))
        submission.blocks.append(Block(self.header.dataset, self.sheet.name, self.number, self.header.headers, cells))
        submission.totals += self.totals
        submission.ignored_columns += [
            name for name in self.header.unknown if name not in submission.ignored_columns and plain_header(name) != "序号"
        ]


def _total_label(cell: str) -> re.Match[str] | None:
    return _TOTAL.match(_UNITS.sub("", "".join(cell.split()).casefold().replace("計", "计").replace("總", "总")))


def _is_footer(cell: str) -> bool:
    return _FOOTER.match("".join(cell[:40].split())) is not None


def _is_column_numbers(filled: list[str]) -> bool:
    """Whether a row only numbers the columns, as official forms do under the header: 甲 乙 1 2 3."""
    letters = sum(not cell.isdigit() for cell in filled)
    return filled == [*"甲乙丙丁戊己庚辛"[:letters], *map(str, range(1, len(filled) - letters + 1))]


def count_of(cell: str) -> int | None:
    """The whole number a cell shows, however it is written; None where it shows none."""
    if cell.isdigit() and cell.isascii():
        return int(cell)
    plain = "".join(unicodedata.normalize("NFKC", cell[:60]).split()).lstrip("'").rstrip("人名")
    if re.fullmatch(r"\d{1,3}(,\d{3})+(\.0+)?", plain):
        plain = plain.replace(",", "")
    return int(float(plain)) if re.fullmatch(r"\d+(\.0+)?", plain) else None


def _read_parquet(content: bytes) -> Submission:
    """A Parquet file: columns by header, every row a data row, numbered as if the header were row 1."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        table = pq.read_table(io.BytesIO(content))
        return _read_table(table)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError, pa.ArrowTypeError, UnicodeDecodeError, OSError) as error:
        raise UnreadableSubmission("not_parquet") from error


def _read_table(table) -> Submission:
    submission = Submission(rows_found=table.num_rows)
    header, _, near = _recognise(list(table.column_names), [])
    if header is None:
        submission.problems.append(_near_miss(near, None))
        return submission
    if header.repeated:
        submission.problems.append(Problem("header_twice", {"header": header.repeated}))
        return submission
    cells = pd.DataFrame({"row": range(2, table.num_rows + 2)})
    for name, place in header.places.items():
        column = table.column(place).to_pandas()
        if pd.api.types.is_float_dtype(column.dtype) and (column.dropna() % 1 == 0).all():
            column = column.astype("Int64")
        cells[name] = column.astype("string").fillna("").astype("str")
    submission.blocks.append(Block(header.dataset, "", 1, header.headers, cells))
    submission.ignored_columns = list(header.unknown)
    return submission
