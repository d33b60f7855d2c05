"""What a row must satisfy, once per dataset, made from the dictionary; raw cells -> accepted and rejected rows (design, section 4).

Checks that need other files (is the school in the register, does the code lead to a major) are models, not contracts.
"""

import hashlib
import re
from collections.abc import Callable, Iterator, Sequence
from functools import cache, lru_cache

import numpy as np
import pandas as pd
import pandera.pandas as pa
from pandera.errors import SchemaError, SchemaErrorReason, SchemaErrors

from warehouse.dictionary import Column, Dataset, Relation, dictionary
from warehouse.texts import LANGUAGES, sentence

LONGEST_VALUE_SHOWN = 200
LONGEST_VALUE_TOLD = 40
ROWS_OF_A_KEY_TOLD = 5
LONGEST_CELL = 32767
SHAPES = {
    "year": r"1949|19[5-9][0-9]|20[0-9][0-9]|2100",
    "count": r"[0-9]{1,9}",
    "money": r"[0-9]{1,9}(\.[0-9]+)?",
    "code": r".{1,60}",
    "name": r".{1,500}",
    "secret": r".{1,64}",
    "flag": r"true|false",
}
TYPES = {"year": "Int32", "count": "Int64", "money": "Float64", "flag": "boolean"}
FAULT_COLUMNS = ["position", "column", "value", "reason_zh", "reason_en"]
_TRUE, _FALSE = {"是", "1", "true", "对口", "y", "yes"}, {"否", "0", "false", "不对口", "n", "no"}
_DASHES = ["", "-", "--", "—", "——", "–", "－", "/", "／"]
_SPACES = r"[\s\u200b\u200c\u200d\u2060\ufeff]+"
_YEAR = re.compile(r"([0-9]{4})(?:\.0+|年|届|级|年度|学年|学年度|年秋|年秋季|秋|秋季|年毕业|届毕业生)?|([0-9]{4})-[0-9]{2}-[0-9]{2}.*")
_SCHOOL_YEAR = re.compile(r"([0-9]{4})年?[-—–~至/]{1,2}([0-9]{4}|[0-9]{2})(?:学年|学年度|年度|年)?")


# ------------------------------------------------------------------------------------------------ cells


def normalised(cells: pd.Series, column: Column, salt: bytes = b"") -> pd.Series:
    """Raw text -> the text the contract judges; NA where blank. Unreadable values stay as they are and fail there."""
    codes, distinct = pd.factorize(cells)
    return pd.Series(_normalised(pd.Series(distinct, dtype="str"), column, salt).array.take(codes), index=cells.index)


def _normalised(cells: pd.Series, column: Column, salt: bytes) -> pd.Series:
    if column.kind == "name":
        text = cells.str.replace(_SPACES, " ", regex=True).str.strip()
        return text.mask(text.isin(_DASHES))
    text = cells.str.normalize("NFKC").str.replace(_SPACES, "", regex=True).str.removeprefix("'")
    text = text.mask(text.isin(_DASHES))
    reading: dict[str, Callable[[str], str]] = {
        "year": _year,
        "count": lambda cell: re.sub(r"^(-?[0-9]+)\.0+$", r"\1", _number(cell)),
        "money": _number,
        "code": lambda cell: re.sub(r"^([0-9]+)\.0+$", r"\1", cell),
        "secret": lambda cell: hashlib.blake2b(cell.encode(), key=salt, digest_size=16).hexdigest(),
        "flag": lambda cell: "true" if cell.casefold() in _TRUE else "false" if cell.casefold() in _FALSE else cell,
        "choice": lambda cell: _choices(column.name).get(cell.casefold(), cell),
    }
    return text.map(reading[column.kind], na_action="ignore").astype("str")


def _year(text: str) -> str:
    if found := _YEAR.fullmatch(text):
        return found[1] or found[2]
    if found := _SCHOOL_YEAR.fullmatch(text):
        next_year = str(int(found[1]) + 1)
        if found[2] in (next_year, next_year[2:]):
            return found[1]
    return text


def _number(text: str) -> str:
    text = re.sub(r"(?<=[0-9])[人名元个]$", "", text.replace("−", "-"))
    return text.replace(",", "") if re.fullmatch(r"-?[0-9]{1,3}(,[0-9]{3})+(\.[0-9]+)?", text) else text


@cache
def _choices(column_name: str) -> dict[str, str]:
    choices = dictionary().columns[column_name].choices
    return {word.casefold(): choice for choice, words in choices.items() for word in (choice, *words)}


# ------------------------------------------------------------------------------------------------ contract


@cache
def contract(dataset_name: str) -> pa.DataFrameSchema:
    """The contract on normalised text: shape per column, nothing missing, relations between counts, keys once per file.

    The frame has every column of the dataset, and `submission`: which file the row is of.
    """
    dataset = dictionary().datasets[dataset_name]
    columns = {
        column.name: pa.Column(
            None,
            nullable=not _is_needed(dataset, column.name),
            checks=pa.Check.str_matches(rf"^(?:{_shape(column)})$", name="shape"),
        )
        for column in dataset.columns
    }
    checks = [_frame_check(f"relation:{place}", _relation_holds(relation)) for place, relation in enumerate(dataset.relations)]
    if _has_stand_in(dataset):
        checks.append(_frame_check("missing_school", lambda rows: rows["school_id"].notna() | rows["school_name"].notna()))
    checks.append(_frame_check("same_key", lambda rows: same_key_as(rows, dataset).isna()))
    return pa.DataFrameSchema(columns, checks=checks)


def _frame_check(name: str, holds: Callable[[pd.DataFrame], pd.Series]) -> pa.Check:
    return pa.Check(lambda rows: holds(rows).astype(bool), name=name, ignore_na=False)


def _has_stand_in(dataset: Dataset) -> bool:
    return "school_id" in dataset.required and "school_name" in dataset.optional


def _is_needed(dataset: Dataset, name: str) -> bool:
    has_stand_in = name == "school_id" and _has_stand_in(dataset)
    return name in dataset.required and name not in dataset.may_be_empty and not has_stand_in


def _shape(column: Column) -> str:
    return "|".join(column.choices) if column.kind == "choice" else SHAPES[column.kind]


def _has_shape(text: pd.Series, column: Column) -> pd.Series:
    return text.astype("str").str.fullmatch(_shape(column), na=False).astype(bool)


def _relation_holds(relation: Relation) -> Callable[[pd.DataFrame], pd.Series]:
    """Whether the parts don't exceed the limit; a row in which one of them is no count is not judged here."""

    def holds(rows: pd.DataFrame) -> pd.Series:
        counted = {name: rows[name].astype("str").str.fullmatch(SHAPES["count"], na=False) for name in (*relation.sum, relation.at_most)}
        number = {name: pd.to_numeric(rows[name].where(counted[name]), errors="raise").astype("float64") for name in counted}
        parts = sum((number[name] for name in relation.sum[1:]), start=number[relation.sum[0]])
        return ~(parts > number[relation.at_most])

    return holds


def keys_of(rows: pd.DataFrame, dataset: Dataset) -> pd.Series:
    """A 64-bit mark of each row's key as written within its file; NA where the key isn't whole.

    A spreadsheet's lost leading zero makes no difference to it, nor does a school named instead of coded.
    """
    key = pd.DataFrame({"submission": rows["submission"].astype("str")})
    whole = pd.Series(True, index=rows.index)
    for name in dataset.key:
        text, column = rows[name].astype("str"), dataset.column(name)
        if name == "school_id" and _has_stand_in(dataset):
            text = text.fillna(rows["school_name"].astype("str"))
        if name not in dataset.may_be_empty:
            whole &= _has_shape(text, column)
        if column.kind == "code":
            text = text.str.replace(r"^([0-9]{5})$", r"0\1", regex=True)
        key[name] = text.fillna("")
    marks = pd.Series(pd.util.hash_pandas_object(key, index=False).to_numpy(), index=rows.index, dtype="UInt64")
    return marks.where(whole)


def same_key_as(rows: pd.DataFrame, dataset: Dataset) -> pd.Series:
    """For each row whose key stands more than once in its file: where else, as "12, 表2!5"; NA elsewhere.

    Taken from the frame where it says so itself: a file too large for one frame is compared beforehand.
    """
    if "same_key_as" in rows:
        return rows["same_key_as"]
    return other_places(keys_of(rows, dataset), rows)


def other_places(marks: pd.Series, places: pd.DataFrame) -> pd.Series:
    """For each mark that stands more than once: the row numbers (`row`, and `sheet` where it is another) of the others."""
    told = pd.Series(pd.NA, index=marks.index, dtype="str")
    repeated = marks.notna() & marks.duplicated(keep=False)
    if not repeated.any():
        return told
    numbers = places["row"] if "row" in places else pd.Series(range(len(marks)), index=marks.index)
    sheets = places["sheet"] if "sheet" in places else pd.Series("", index=marks.index)
    found = pd.DataFrame({"mark": marks, "row": numbers, "sheet": sheets})[repeated]
    words = pd.Series("", index=found.index, dtype="str")
    for _, group in found.groupby("mark", sort=False):
        first = list(zip(group.index[: ROWS_OF_A_KEY_TOLD + 1], group["sheet"], group["row"], strict=False))
        more = "…" if len(group) > ROWS_OF_A_KEY_TOLD + 1 else ""
        for own, sheet in zip(group.index, group["sheet"], strict=True):
            others = [f"{other}!{row}" if other != sheet else str(row) for index, other, row in first if index != own]
            words[own] = ", ".join(others[:ROWS_OF_A_KEY_TOLD]) + more
    told[found.index] = words
    return told


def text_of(raw: pd.DataFrame, dataset: Dataset, salt: bytes, only: Sequence[str] = ()) -> pd.DataFrame:
    """The normalised text of raw cells; columns of the dataset that the file lacks are NA. `only`: just these columns."""
    text = raw[[name for name in ("submission", "sheet", "row", "same_key_as") if name in raw]].copy()
    for column in dataset.columns:
        if not only or column.name in only:
            missing = pd.Series(pd.NA, index=raw.index, dtype="str")
            text[column.name] = normalised(raw[column.name], column, salt) if column.name in raw else missing
    return text


def judge(raw: pd.DataFrame, dataset: Dataset, layouts: Sequence[Sequence[str]] = (), salt: bytes = b"") -> tuple[pd.DataFrame, pd.DataFrame]:
    """Raw cells of one or more files -> accepted rows, typed, and one fault per rejected row (FAULT_COLUMNS).

    `raw` has columns of the dataset, `row`, `submission` and may have `sheet`, and `block`: which of `layouts`, the order of the columns
    in the file, the row is of. The fault named is the first in that order; others of the same row are told in its reason.
    """
    text = text_of(raw, dataset, salt)
    try:
        contract(dataset.name).validate(text, lazy=True)
    except SchemaErrors as error:
        faults = _faults(error.schema_errors, raw, text, dataset, layouts)
    else:
        faults = pd.DataFrame(columns=FAULT_COLUMNS)
    return _typed(text[~text.index.isin(faults["position"])], dataset), faults


def _typed(text: pd.DataFrame, dataset: Dataset) -> pd.DataFrame:
    typed = text[[name for name in ("submission", "sheet", "row") if name in text]].copy()
    for column in dataset.columns:
        cells = text[column.name]
        if column.kind == "flag":
            typed[column.name] = cells.map({"true": True, "false": False}).astype("boolean")
        elif column.kind in TYPES:
            typed[column.name] = pd.to_numeric(cells).astype(TYPES[column.kind])
        else:
            typed[column.name] = cells.astype("string")
    return typed


# ------------------------------------------------------------------------------------------------ reasons


def _faults(errors: Sequence[SchemaError], raw: pd.DataFrame, text: pd.DataFrame, dataset: Dataset, layouts: Sequence[Sequence[str]]) -> pd.DataFrame:
    """What the contract found, one line per row: the first column at fault in the order of the file, and every reason."""
    orders = [{name: place for place, name in enumerate(layout)} for layout in layouts or [list(raw.columns)]]
    blocks = raw["block"].to_numpy() if "block" in raw else np.zeros(len(raw), dtype=int)
    place_of = pd.Series(range(len(raw)), index=raw.index)
    found: dict[int, list[tuple[int, str, str, str]]] = {}
    for error in errors:
        for position, column, zh, en in _explained(error, raw, text, dataset):
            order = orders[blocks[place_of[position]]]
            if column == "school_id" and "school_name" in order and column not in order:
                column = "school_name"
            found.setdefault(position, []).append((order.get(column, len(order)), column, zh, en))
    lines = []
    for position in sorted(found):
        reasons = sorted(found[position], key=lambda fault: fault[0])
        column = reasons[0][1]
        is_secret = dataset.column(column).kind == "secret"
        value = sentence("reject.hidden", "zh") if is_secret else shown(raw.at[position, column] if column in raw else "")  # type: ignore[arg-type]
        lines.append((position, column, value, "；".join(fault[2] for fault in reasons), "; ".join(fault[3] for fault in reasons)))
    return pd.DataFrame(lines, columns=FAULT_COLUMNS)


def _explained(error: SchemaError, raw: pd.DataFrame, text: pd.DataFrame, dataset: Dataset) -> Iterator[tuple[int, str, str, str]]:
    """Position, column and both reasons of every row that failed one check. Anything but a failed check is a defect and raised."""
    if error.reason_code is SchemaErrorReason.SERIES_CONTAINS_NULLS:
        column = error.schema.name
        zh, en = (sentence("reject.missing", language, column=dataset.column(column).label[language]) for language in LANGUAGES)
        yield from ((position, column, zh, en) for position in error.failure_cases["index"])
        return
    if error.reason_code is not SchemaErrorReason.DATAFRAME_CHECK:
        raise error
    check = error.check.name
    if check == "shape":
        entry = dataset.column(error.schema.name)
        for position in error.failure_cases["index"]:
            written = shown(raw.at[position, entry.name], LONGEST_VALUE_TOLD)
            yield position, entry.name, *_shape_reasons(text.at[position, entry.name], written, entry.name, dataset.name)
        return
    positions = text.index[~error.check_output.to_numpy(dtype=bool)]
    if check == "missing_school":
        zh, en = (sentence("reject.missing", language, column=dataset.column("school_id").label[language]) for language in LANGUAGES)
        yield from ((position, "school_id", zh, en) for position in positions)
    elif check == "same_key":
        others = same_key_as(text, dataset)
        for position in positions:
            zh, en = (
                sentence(
                    "reject.same_key",
                    language,
                    rows=others[position],
                    key=("、" if language == "zh" else ", ").join(dataset.column(name).label[language] for name in dataset.key),
                )
                for language in LANGUAGES
            )
            yield position, dataset.key[-1], zh, en
    else:
        relation = dataset.relations[int(check.removeprefix("relation:"))]
        names = (*relation.sum, relation.at_most)
        for position in positions:
            numbers = {name: int(text.at[position, name]) for name in names}
            zh, en = (_relation_reason(relation, numbers, dataset, language) for language in ("zh", "en"))
            yield position, relation.sum[0], zh, en


@lru_cache(maxsize=4096)
def _shape_reasons(value: str, written: str, column_name: str, dataset_name: str) -> tuple[str, str]:
    column = dictionary().datasets[dataset_name].column(column_name)
    key = _shape_fault(value, column)
    zh, en = (
        sentence(
            f"reject.{key}",
            language,
            column=column.label[language],
            value=written,
            choices="、".join(words[0] for words in column.choices.values()) if language == "zh" else ", ".join(column.choices),
        )
        for language in LANGUAGES
    )
    return zh, en


def _shape_fault(value: str, column: Column) -> str:
    """The sentence of table "reject" for a value that hasn't the shape of its kind."""
    if len(value) > LONGEST_CELL:
        return "too_long"
    if column.kind in ("count", "money"):
        if re.fullmatch(r"-[0-9]+(\.[0-9]+)?", value):
            return "negative"
        if re.fullmatch(r"[0-9]{10,}(\.[0-9]+)?", value):
            return "too_large"
        if column.kind == "money":
            return "not_an_amount"
        return "not_whole" if re.fullmatch(r"[0-9]+\.[0-9]+", value) else "not_a_number"
    return {"year": "not_a_year", "choice": "not_a_choice", "flag": "not_a_flag"}.get(column.kind, "too_long")


def _relation_reason(relation: Relation, numbers: dict[str, int], dataset: Dataset, language: str) -> str:
    def told(name: str) -> str:
        return f"{dataset.column(name).label[language]} {numbers[name]}"

    total = sum(numbers[name] for name in relation.sum)
    parts = " + ".join(map(told, relation.sum)) + (f" = {total}" if len(relation.sum) > 1 else "")
    return sentence("reject.relation", "zh" if language == "zh" else "en", parts=parts, limit=told(relation.at_most))


def shown(value: str, longest: int = LONGEST_VALUE_SHOWN) -> str:
    """A cell as it is listed: as written, cut where it is too long."""
    return value if len(value) <= longest else value[: longest - 1] + "…"
