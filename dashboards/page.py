"""What every page is given: the snapshot, the year and the language, and the words and links made from them."""

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

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

    def figure(self, value: float | None, unit: str) -> str:
        """A number with its unit; a dash where there is none."""
        if value is None or (isinstance(value, float) and math.isnan(value)) or value is pd.NA:
            return "—"
        if unit == "ratio":
            return f"{value:.1%}"
        return f"{value:,.0f} {self.say(f'frame.{unit}')}" if unit in ("persons", "points", "rank") else f"{value:g}"

    def title_column(self) -> str:
        """Which column of the policy tables has the titles of this language."""
        return f"title_{self.language}"

    def address(self, page: str, **query: object) -> str:
        """A link that can be shared."""
        return f"/{page}?{urlencode({'lang': self.language, 'year': self.year, **query})}"

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
