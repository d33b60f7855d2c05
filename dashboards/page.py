"""What every page is given: the snapshot, the year and the language, and the words and links made from them."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import streamlit as st

from dashboards.texts import say
from warehouse.dictionary import dictionary
from warehouse.texts import Language, sentence

SUBJECTS = {"school": "school_id", "major": "major_code", "district": "district_code"}
SUBJECT_PAGES = {"school": ("offering", "school"), "major": ("offering", "major"), "district": ("district",)}


@dataclass(frozen=True)
class Page:
    """One page run: the data folder, the snapshot of it that is shown, which year and which language."""

    data: Path
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

    @staticmethod
    def number(value: float | None) -> str:
        """A number with thousands separators and at most two decimals; a dash where there is none."""
        return "—" if pd.isna(value) else f"{value:,.2f}".rstrip("0").rstrip(".")

    def figure(self, value: float | None, unit: str) -> str:
        """A number with its unit; a dash where there is none."""
        if pd.isna(value):
            return "—"
        if unit == "ratio":
            return self.percent(value)
        return f"{self.number(value)}{self.unit(unit)}"

    def unit(self, unit: str) -> str:
        """The word that follows a number of this unit."""
        return sentence(f"unit.{unit}", self.language) if unit else ""

    def heading(self, name: str) -> str:
        """A column's name with its unit, as it heads numbers in a table."""
        known = dictionary()
        unit = self.unit((known.indicators.get(name) or known.columns[name]).unit).strip()
        return f"{self.label(name)} ({unit})" if unit else self.label(name)

    def title_column(self) -> str:
        """Which column of the policy tables has the titles of this language."""
        return f"title_{self.language}"

    def meaning(self, name: str) -> str:
        """What a column or indicator means."""
        known = dictionary()
        return known.indicators[name].definition[self.language] if name in known.indicators else known.columns[name].meaning[self.language]

    def chart(self, figure: Any, key: str) -> None:
        """Draws a figure in the shared style; it can be downloaded as a picture."""
        st.plotly_chart(
            figure,
            width="stretch",
            config={"displaylogo": False, "toImageButtonOptions": {"format": "png", "scale": 2}},
            key=f"chart-{key}",
        )

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


def choose(name: str, titles: dict[str, str], label: str) -> str:
    """A choice of one that starts from the address and goes back into it."""
    asked = st.query_params.get(name, "")
    chosen = st.selectbox(label, list(titles), index=list(titles).index(asked) if asked in titles else 0, format_func=titles.__getitem__)
    remember(**{name: chosen})
    return str(chosen)


def go_to_picked(page: Page, opens: str, event: Any, rows: pd.DataFrame) -> None:
    """Opens the page on what the picked row of a table is about: its school, its major, or both."""
    if event.selection.rows:
        row = rows.iloc[event.selection.rows[0]]
        query = {word: str(row[column]) for word, column in SUBJECTS.items() if column in row and opens in SUBJECT_PAGES[word]}
        st.switch_page(st.session_state["pages"][opens], query_params={"lang": page.language, "year": str(page.year), **query})
