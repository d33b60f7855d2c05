"""What every page is given: the snapshot, the year and the language, and the words and links made from them."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import streamlit as st

from dashboards.texts import say
from warehouse.dictionary import dictionary
from warehouse.texts import Language, sentence


@dataclass(frozen=True)
class Page:
    """One page run: which snapshot, which year, which language."""

    snapshot: Path
    year: int
    language: Language
    is_simulated: bool

    def say(self, key: str, /, **values: object) -> str:
        """A sentence of the screens."""
        return say(key, self.language, **values)

    def label(self, name: str) -> str:
        """The name people use for a column or indicator."""
        known = dictionary()
        return (known.indicators.get(name) or known.columns[name]).label[self.language]

    def word(self, table: str, code: str) -> str:
        """A code of the data in words, such as action.stop."""
        return sentence(f"{table}.{code}", self.language)

    @staticmethod
    def percent(value: float | None) -> str:
        """A share of 1 as a percentage with one decimal; a dash where there is none."""
        return "—" if pd.isna(value) else f"{value:.1%}"

    def figure(self, value: float | None, unit: str) -> str:
        """A number with its unit; a dash where there is none."""
        if pd.isna(value):
            return "—"
        if unit == "ratio":
            return self.percent(value)
        return f"{value:,.10g}{self.unit(unit)}"

    def unit(self, unit: str) -> str:
        """The word that follows a number of this unit."""
        return sentence(f"unit.{unit}", self.language)

    def heading(self, name: str) -> str:
        """A column's name with its unit, as it heads numbers in a table."""
        known = dictionary()
        unit = self.unit((known.indicators.get(name) or known.columns[name]).unit).strip()
        return f"{self.label(name)} ({unit})" if unit else self.label(name)

    def title_column(self) -> str:
        """Which column of the policy tables has the titles of this language."""
        return f"title_{self.language}"

    def link(self, page: str, label: str, **query: str | list[str]) -> None:
        """A link to another page, with what it should show."""
        st.page_link(st.session_state["pages"][page], label=label, query_params={"lang": self.language, "year": str(self.year), **query})

    def file_name(self, key: str, ending: str) -> str:
        """A download's name; says when the data are simulated."""
        return f"{self.say('frame.simulated_file') if self.is_simulated else ''}{self.say(key)}_{self.year}.{ending}"


def remember(**values: object) -> None:
    """Keeps choices in the address, so that it can be shared; empty ones leave it."""
    for name, value in values.items():
        if value:
            st.query_params[name] = value if isinstance(value, str | list) else str(value)
        elif name in st.query_params:
            del st.query_params[name]


def go_to_picked(page: Page, event: Any, rows: pd.DataFrame) -> None:
    """Opens the offering of the row that was picked in a table."""
    picked = event.selection.rows
    if picked:
        row = rows.iloc[picked[0]]
        st.session_state["goto"] = {"school": row["school_id"], "major": row["major_code"]}
        st.switch_page(
            st.session_state["pages"]["offering"], query_params={"lang": page.language, "year": str(page.year), **st.session_state["goto"]}
        )
