"""What a row must satisfy, once per dataset, made from the dictionary; raw cells -> accepted and rejected rows (docs/data).

Checks that need other files (is the school in the register, does the code lead to a major) are models, not contracts.
"""

import hashlib
import re
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache, partial

import numpy as np
import pandas as pd

with warnings.catch_warnings():  # where Spark is installed too, pandera looks at it, and it warns of a pandas that nothing here hands to it
    warnings.simplefilter("ignore", FutureWarning)
    import pandera.pandas as pa
    from pandera.errors import SchemaErrors

from warehouse.dictionary import Column, Dataset, Relation, dictionary
from warehouse.texts import sentence

LONGEST_VALUE_SHOWN, MOST_ROWS_SHOWN = 200, 5
SHAPES = {
    "year": r"(19[5-9]\d|20\d\d)",
    "month": r"(1[0-2]|[1-9])",
    "count": r"\d{1,9}",
    "decimal": r"\d{1,9}(\.\d+)?",
    "code": r".{1,60}",
    "name": r".{1,500}",
    "secret": r".{1,64}",
    "flag": r"(true|false)",
}
_TRUE, _FALSE = {"是", "1", "true", "对口", "已报送", "y", "yes"}, {"否", "0", "false", "不对口", "未报送", "n", "no"}
_SPACE = r"[\s\u200b\ufeff]+"
_DASHES = {"-", "—", "——", "–", "/"}
_YEAR = re.compile(r"(\d{4})(?:\.0+|年|[届级](?:毕业生|学生|生)?|年度|学年|学年度|年?秋季?|年毕业)?|(\d{4})([-/.])\d\d?\3\d\d?.*")
_SCHOOL_YEAR = re.compile(r"(\d{4})[-—–~至/](\d{4}|\d\d)(?:学年|学年度|年)?")


@dataclass(frozen=True)
class Fault:
    """Why a row is rejected: position in the frame, column, value as written, and the reason in both languages."""

    position: int
    column: str
    value: str
    reason_zh: str
    reason_en: str


# ------------------------------------------------------------------------------------------------ cells


def by_value(cells: pd.Series, function: Callable[[pd.Series], pd.Series]) -> pd.Series:
    """The function of each cell, called once with the distinct values: a column of a million students has few of them. NA stays NA."""
    places, values = pd.factorize(cells)
    found = function(pd.Series(values, dtype="str"))
    return (found.reindex(places) if (places < 0).any() else found.take(places)).set_axis(cells.index)


def pseudonyms(cells: pd.Series, salt: bytes) -> pd.Series:
    """Salted hashes of 64 bits (BLAKE2b, RFC 7693), NA where blank. Of ten million students of a year, two get the same one by chance once in 360,000 years."""
    is_odd = ~cells.str.fullmatch("[0-9A-Za-z]+")
    if is_odd.any():
        cells = cells.mask(is_odd, _plain(cells[is_odd]))
    digests = b"".join(
        [hashlib.blake2b(secret.encode(), key=salt, digest_size=8).digest() for secret in cells.fillna("").to_numpy(dtype=object)]
    )
    return pd.Series(np.frombuffer(digests, dtype="uint64"), index=cells.index).astype("UInt64").mask(cells.isna())


def _plain(cells: pd.Series) -> pd.Series:
    """Compatibility forms folded, without any space or a spreadsheet's quote; NA where blank."""
    text = cells.str.normalize("NFKC").str.replace(_SPACE, "", regex=True).str.removeprefix("'")
    return text.mask(text.eq("") | text.isin(_DASHES))


def normalised(cells: pd.Series, column: Column) -> pd.Series:
    """Raw text -> the text the contract judges; NA where blank. Unreadable values stay as they are and fail there."""
    if column.kind == "name":
        text = cells.str.replace(_SPACE, " ", regex=True).str.strip()
        return text.mask(text.eq("") | text.isin(_DASHES))
    text = _plain(cells)
    if column.kind == "year":
        return text.map(_year, na_action="ignore")
    if column.kind == "month":
        return text.str.replace(r"^0?(\d{1,2})月?(份|底|末)?$", r"\1", regex=True)
    if column.kind in ("count", "decimal"):
        grouped = text.str.fullmatch(r"-?\d{1,3}(,\d{3})+(\.\d+)?").fillna(False).astype(bool)
        unit = "人名个元" if column.kind == "count" else "元%"
        text = text.mask(grouped, text.str.replace(",", "")).str.replace(rf"(?<=\d)[{unit}]$", "", regex=True)
        return text.str.replace(r"^(-?\d+)\.0+$", r"\1", regex=True) if column.kind == "count" else text
    if column.kind == "code":
        return text.str.replace(r"^(\d+)\.0+$", r"\1", regex=True)
    if column.kind == "flag":
        return text.str.casefold().map(lambda word: "true" if word in _TRUE else "false" if word in _FALSE else word, na_action="ignore")
    choices = {word.casefold(): choice for choice, words in column.choices.items() for word in (choice, *words)}
    return text.str.casefold().map(lambda word: choices.get(word, word), na_action="ignore")


@cache
def _year(text: str) -> str:
    if found := _YEAR.fullmatch(text):
        return found[1] or found[2]
    if found := _SCHOOL_YEAR.fullmatch(text):
        first, second = int(found[1]), found[2]
        if int(second) % 100 == (first + 1) % 100 and len(second) in (2, 4):
            return found[1]
    return text


# ------------------------------------------------------------------------------------------------ contract


@cache
def contract(dataset_name: str) -> pa.DataFrameSchema:
    """The contract on normalised text, which has every column of the dataset: shape per column, nothing missing, relations between counts."""
    dataset = dictionary().datasets[dataset_name]
    columns = {
        column.name: pa.Column(
            None,
            nullable=not _is_needed(dataset, column.name),
            checks=pa.Check.str_matches(rf"^(?:{_shape(column)})$", name=f"shape:{column.name}"),
        )
        for column in dataset.columns
    }
    checks = [
        pa.Check(_relation_holds(relation, dataset), name=f"relation:{place}", ignore_na=False)
        for place, relation in enumerate(dataset.relations)
    ]
    if _has_stand_in(dataset):
        checks.append(
            pa.Check(
                lambda rows: rows["school_id"].notna() | rows["school_name"].notna(),
                name="missing_school",
                ignore_na=False,
            )
        )
    return pa.DataFrameSchema(columns, checks=checks)


def _has_stand_in(dataset: Dataset) -> bool:
    return "school_id" in dataset.required and "school_name" in dataset.optional


def _is_needed(dataset: Dataset, name: str) -> bool:
    return name in dataset.required and name not in dataset.may_be_empty and not (name == "school_id" and _has_stand_in(dataset))


def _shape(column: Column) -> str:
    return "|".join(column.choices) if column.kind == "choice" else SHAPES[column.kind]


def _relation_holds(relation: Relation, dataset: Dataset) -> Callable[[pd.DataFrame], pd.Series]:
    """What is no number of its own kind is told by the check of its column, and breaks no relation besides."""

    def holds(rows: pd.DataFrame) -> pd.Series:
        names = [*relation.sum, relation.at_most]
        told = rows[names]
        shaped = pd.DataFrame({name: _shaped(rows[name], _shape(dataset.column(name))) for name in names})
        numbers = shaped.apply(pd.to_numeric).astype("float64")
        return ~(numbers[list(relation.sum)].sum(axis=1) > numbers[relation.at_most]) | (told.notna() & shaped.isna()).any(axis=1)

    return holds


def _shaped(values: pd.Series, shape: str) -> pd.Series:
    return values.where(values.str.fullmatch(shape))


def _key_part(rows: pd.DataFrame, name: str, dataset: Dataset) -> pd.Series:
    cells = rows[name]
    if name == "school_id" and _has_stand_in(dataset):
        cells = cells.fillna(rows["school_name"])
    if dataset.column(name).kind == "code":
        return by_value(cells, lambda values: values.str.replace(r"^(\d{5})$", r"0\1", regex=True))
    return cells


def judge(
    raw: pd.DataFrame, dataset: Dataset, salt: bytes = b"", headers: Sequence[Sequence[str]] = ()
) -> tuple[pd.DataFrame, list[Fault]]:
    """Raw cells of one or more files (columns of the dataset, `row`, `submission`) -> accepted rows, typed, and one fault per rejected row.

    The fault named is the first in the order of the row's own header: `headers`[`block`], else of the frame's columns. Others of the same
    row are told in its reason.
    """
    text = pd.DataFrame({"submission": raw["submission"], "row": raw["row"]})
    for column in dataset.columns:
        if column.name not in raw:
            text[column.name] = pd.Series(pd.NA, index=raw.index, dtype="str")
        elif column.kind == "secret":
            text[column.name] = pseudonyms(raw[column.name], salt)
        else:
            text[column.name] = by_value(raw[column.name], partial(normalised, column=column)).astype("str")
    cases = pd.concat([_breaches(text, dataset), _same_keys(text, dataset)])
    faults = _faults(cases, raw, text, dataset, headers) if len(cases) else []
    return _typed(text.drop(index=[fault.position for fault in faults]) if faults else text, dataset), faults


def _breaches(text: pd.DataFrame, dataset: Dataset) -> pd.DataFrame:
    """What the contract finds (column, check, position of the row). Rows that differ in nothing it looks at are looked at once."""
    seen = text.drop(columns=["submission", "row"])
    for column in dataset.columns:
        if column.kind == "secret":
            seen[column.name] = pd.Series("present", index=text.index, dtype="str").mask(text[column.name].isna())
    place = np.zeros(len(seen), dtype="int64")
    for name in seen.columns:
        places, values = pd.factorize(seen[name])
        place = pd.factorize(place * (len(values) + 1) + places + 1)[0]
    distinct = seen[~pd.Series(place, index=seen.index).duplicated()].reset_index(drop=True)
    try:
        contract(dataset.name).validate(distinct, lazy=True)
    except SchemaErrors as error:
        if error.failure_cases["index"].isna().any():  # a check that itself failed is a defect, never a verdict on the row
            raise TypeError(error.failure_cases.to_string()) from error
        found = error.failure_cases[["column", "check", "index"]].drop_duplicates()
        return (
            found.astype({"index": "int64"}).merge(pd.DataFrame({"index": place, "position": seen.index}), on="index").drop(columns="index")
        )
    return pd.DataFrame(columns=["column", "check", "position"])


def _same_keys(text: pd.DataFrame, dataset: Dataset) -> pd.DataFrame:
    """Rows whose key, as written, stands more than once in their file, and which rows those are (`same`); a spreadsheet's lost leading zero makes no difference."""
    key = pd.DataFrame({"submission": text["submission"]})
    whole = pd.Series(True, index=text.index)
    for name in dataset.key:
        key[name] = cells = _key_part(text, name, dataset)
        if name not in dataset.may_be_empty:
            is_secret = dataset.column(name).kind == "secret"
            whole &= (cells if is_secret else by_value(cells, partial(_shaped, shape=_shape(dataset.column(name))))).notna()
    repeated = key[key.duplicated(keep=False) & whole]
    rows = text.loc[repeated.index, "row"].astype("str").groupby([repeated[name] for name in key], dropna=False)
    same = rows.transform(lambda numbers: "、".join(numbers.head(MOST_ROWS_SHOWN)))
    return pd.DataFrame({"column": dataset.key[-1], "check": "same_key", "position": repeated.index, "same": same})


def _typed(text: pd.DataFrame, dataset: Dataset) -> pd.DataFrame:
    types = {"year": "Int32", "month": "Int32", "count": "Int64", "decimal": "Float64"}
    typed = text[["submission", "row"]].copy()
    for column in dataset.columns:
        cells = text[column.name]
        if column.kind == "flag":
            typed[column.name] = cells.map({"true": True, "false": False}).astype("boolean")
        elif column.kind in types:
            typed[column.name] = by_value(cells, pd.to_numeric).astype(types[column.kind])
        else:
            typed[column.name] = cells
    return typed


# ------------------------------------------------------------------------------------------------ reasons


def _faults(cases: pd.DataFrame, raw: pd.DataFrame, text: pd.DataFrame, dataset: Dataset, headers: Sequence[Sequence[str]]) -> list[Fault]:
    orders = [{name: place for place, name in enumerate(names)} for names in headers or [list(raw.columns)]]
    found: dict[int, dict[tuple[int, str], tuple[str, dict[str, object]]]] = {}
    for case in cases.itertuples(index=False):
        position, check = int(case.position), str(case.check)
        column, key, values = _explain(check, case.column, case.same, text.loc[position], dataset)
        order = orders[raw.at[position, "block"] if headers else 0]
        found.setdefault(position, {}).setdefault((order.get(column, len(order)), column), (key, values))
    return [_fault(position, faults, raw.loc[position], dataset) for position, faults in sorted(found.items())]


def _explain(check: str, column: str, same: str, row: pd.Series, dataset: Dataset) -> tuple[str, str, dict[str, object]]:
    """Which column is at fault, and the sentence of table "reject" that says why."""
    if check.startswith("relation:"):
        relation = dataset.relations[int(check.removeprefix("relation:"))]
        words = {
            language: " + ".join(f"{dataset.column(name).label[language]} {row[name]}" for name in relation.sum if pd.notna(row[name]))
            for language in ("zh", "en")
        }
        limit = dataset.column(relation.at_most)
        return (
            relation.sum[0],
            "relation",
            {
                "parts": words["zh"],
                "parts_en": words["en"],
                "limit": f"{limit.label.zh} {row[limit.name]}",
                "limit_en": f"{limit.label.en} {row[limit.name]}",
            },
        )
    if check == "missing_school":
        return "school_id", "missing", {}
    if check == "same_key":
        return dataset.key[-1], "same_key", {"rows": same, "rows_en": same.replace("、", ", ")}
    if check == "not_nullable":
        return column, "missing", {}
    return column, _shape_fault(str(row[column]), dataset.column(column)), {}


def _shape_fault(value: str, column: Column) -> str:
    if len(value) > 500:
        return "too_long"
    if column.kind in ("count", "decimal"):
        if re.fullmatch(r"-\d+(\.\d+)?", value):
            return "negative"
        if re.fullmatch(r"\d+", value):
            return "too_large"
        return "not_whole" if re.fullmatch(r"\d+\.\d+", value) else "not_a_number"
    return {"year": "not_a_year", "month": "not_a_month", "choice": "not_a_choice", "flag": "not_a_flag"}.get(column.kind, "too_long")


def _fault(
    position: int,
    faults: dict[tuple[int, str], tuple[str, dict[str, object]]],
    raw: pd.Series,
    dataset: Dataset,
) -> Fault:
    reasons: dict[str, list[str]] = {"zh": [], "en": []}
    for (_, name), (key, values) in sorted(faults.items()):
        column = dataset.column(name)
        value = "" if column.kind == "secret" else _shown(raw.get(name, ""))
        for language in ("zh", "en"):
            known = {part.removesuffix("_en"): told for part, told in values.items() if part.endswith("_en") == (language == "en")}
            choices = "、".join(words[0] for words in column.choices.values()) if language == "zh" else ", ".join(column.choices)
            reasons[language].append(
                sentence(
                    f"reject.{key}",
                    language,
                    column=column.label[language],
                    value=value,
                    choices=choices,
                    **known,
                )
            )
    first = min(faults)[1]
    value = sentence("reject.hidden", "zh") if dataset.column(first).kind == "secret" else _shown(raw.get(first, ""))
    return Fault(position, first, value, *("；".join(reasons["zh"]), "; ".join(reasons["en"])))


def _shown(value: str) -> str:
    return value if len(value) <= LONGEST_VALUE_SHOWN else value[:LONGEST_VALUE_SHOWN] + "…"
