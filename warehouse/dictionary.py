"""The only reader of dictionary.toml: what datasets, columns and indicators are called and mean.

Contracts, header recognition, table headings, tooltips, export headers and the glossary are all made from it.
"""

import tomllib
from dataclasses import dataclass, field, replace
from functools import cache
from importlib.resources import files

from pydantic import BaseModel, ConfigDict, Field


class Words(BaseModel):
    """One text in both languages."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    zh: str = Field(min_length=1)
    en: str = Field(min_length=1)

    def __getitem__(self, language: str) -> str:
        return self.zh if language == "zh" else self.en


@dataclass(frozen=True)
class Column:
    """A column, wherever it stands. `kind` is how its cells are read; empty for columns that are computed."""

    name: str
    label: Words
    meaning: Words
    source: str
    kind: str = ""
    unit: str = ""
    aliases: tuple[str, ...] = ()
    choices: dict[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def headers(self) -> tuple[str, ...]:
        """Every header that names this column in a submission."""
        return (self.name, self.label.zh, self.label.en, *self.aliases)


@dataclass(frozen=True)
class Relation:
    """The sum of some counts of a row must not exceed another count of it."""

    sum: tuple[str, ...]
    at_most: str


@dataclass(frozen=True)
class Dataset:
    """What schools and districts hand in. `may_be_empty`: columns whose header must stand though cells may be blank."""

    name: str
    label: Words
    key: tuple[str, ...]
    required: tuple[str, ...]
    optional: tuple[str, ...]
    columns: tuple[Column, ...]
    may_be_empty: tuple[str, ...] = ()
    relations: tuple[Relation, ...] = ()

    @property
    def is_of_persons(self) -> bool:
        """Whether each row tells of one person, known by a pseudonym only."""
        return any(column.kind == "secret" for column in self.columns)

    def column(self, name: str) -> Column:
        """The column of that name; StopIteration cannot happen for names of this dataset."""
        return next(column for column in self.columns if column.name == name)


@dataclass(frozen=True)
class Indicator:
    """A number per offering and year; `is_proportion` where it is a share of persons and so has an interval.
    `without`: what there is none of where the number it divides by is 0."""

    name: str
    label: Words
    unit: str
    is_proportion: bool
    definition: Words
    reading: Words
    limits: Words
    source: str
    without: Words | None


@dataclass(frozen=True)
class Table:
    """A published table: what one row of it is, and the columns that tell its rows apart (empty where none do)."""

    name: str
    label: Words
    meaning: Words
    key: tuple[str, ...]


@dataclass(frozen=True)
class Dictionary:
    """The whole of dictionary.toml, by name."""

    columns: dict[str, Column]
    datasets: dict[str, Dataset]
    indicators: dict[str, Indicator]
    tables: dict[str, Table]

    def unit(self, name: str) -> str:
        """The unit of an indicator or column; "" where it has none."""
        entry = self.indicators.get(name) or self.columns.get(name)
        return entry.unit if entry else ""


@cache
def dictionary() -> Dictionary:
    """The dictionary that ships with the product."""
    raw = tomllib.loads((files("warehouse") / "dictionary.toml").read_text("utf-8"))
    columns = {name: _column(name, entry) for name, entry in raw["column"].items()}
    return Dictionary(
        columns=columns,
        datasets={name: _dataset(name, entry, columns) for name, entry in raw["dataset"].items()},
        indicators={name: _indicator(name, entry) for name, entry in raw.get("indicator", {}).items()},
        tables={
            name: Table(name, Words(**entry["label"]), Words(**entry["meaning"]), tuple(entry["key"]))
            for name, entry in raw.get("table", {}).items()
        },
    )


def _column(name: str, entry: dict) -> Column:
    return Column(
        name=name,
        label=Words(**entry["label"]),
        meaning=Words(**entry["meaning"]),
        source=entry["source"],
        kind=entry.get("kind", ""),
        unit=entry.get("unit", ""),
        aliases=tuple(entry.get("aliases", ())),
        choices={choice: tuple(words) for choice, words in entry.get("choices", {}).items()},
    )


def _dataset(name: str, entry: dict, columns: dict[str, Column]) -> Dataset:
    kinds = entry.get("kinds", {})
    names = (*entry["required"], *entry["optional"])
    return Dataset(
        name=name,
        label=Words(**entry["label"]),
        key=tuple(entry["key"]),
        required=tuple(entry["required"]),
        optional=tuple(entry["optional"]),
        columns=tuple(replace(columns[column], kind=kinds.get(column, columns[column].kind)) for column in names),
        may_be_empty=tuple(entry.get("may_be_empty", ())),
        relations=tuple(Relation(tuple(rule["sum"]), rule["at_most"]) for rule in entry.get("relations", ())),
    )


def _indicator(name: str, entry: dict) -> Indicator:
    return Indicator(
        name=name,
        label=Words(**entry["label"]),
        unit=entry["unit"],
        is_proportion=entry.get("is_proportion", False),
        definition=Words(**entry["definition"]),
        reading=Words(**entry["reading"]),
        limits=Words(**entry["limits"]),
        source=entry["source"],
        without=Words(**entry["without"]) if "without" in entry else None,
    )
