"""What every page is given: the snapshot, the year and the language, and the words and links made from them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import streamlit as st

from dashboards.access import RIGHTS
from dashboards.queries import Shown
from dashboards.texts import say
from warehouse import audit
from warehouse.dictionary import dictionary
from warehouse.policy import preset_titles
from warehouse.settings import Person
from warehouse.texts import Language, Mark, joined, sentence

SUBJECTS = {"school": "school_id", "major": "major_code", "district": "district_code"}
SUBJECT_PAGES = {"school": ("offering", "school"), "major": ("offering", "major"), "district": ("district",)}


@dataclass(frozen=True)
class Page:
    """One page run: the data folder, what is shown of which snapshot, to whom, which year and which language."""

    data: Path
    snapshot: Shown
    person: Person
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

    def dataset(self, name: str) -> str:
        """The name people use for what schools hand in."""
        return dictionary().datasets[name].label[self.language]

    def joined(self, parts: Iterable[str], mark: Mark = "list") -> str:
        """Words, or whole phrases (clause), one after the other, in the marks of the language."""
        return joined(parts, self.language, mark)

    @staticmethod
    def percent(value: float | None) -> str:
        """A share of 1 as a percentage with one decimal; a dash where there is none."""
        return "—" if pd.isna(value) else f"{value:.1%}"

    @staticmethod
    def number(value: float | None) -> str:
        """A number with thousands separators and at most two decimals; a dash where there is none."""
        return "—" if pd.isna(value) else f"{value:,.2f}".rstrip("0").rstrip(".")

    @staticmethod
    def points(value: float) -> str:
        """A difference of two shares of 1 in percentage points, signed; a dash where there is none."""
        return "—" if pd.isna(value) else f"{value * 100:+.1f}"

    def figure(self, value: float | None, unit: str) -> str:
        """A number with its unit; a dash where there is none."""
        if pd.isna(value):
            return "—"
        if unit == "ratio":
            return self.percent(value)
        return f"{self.number(value)}{self.unit(unit)}"

    def preset(self, name: str) -> str:
        """The title of a policy that ships with the product."""
        return preset_titles()[name][self.language]

    def comparison(self, indicator: str, comparison: str) -> str:
        """How a condition compares: for a rank, 1 is best, so below and above would mislead."""
        return self.word("comparison", f"{'rank_' if dictionary().indicators[indicator].unit == 'rank' else ''}{comparison}")

    def condition(self, row: Any) -> str:
        """A condition of the policy (indicator, comparison, threshold, certainty) in words."""
        threshold = self.figure(row.threshold, dictionary().indicators[row.indicator].unit)
        told = self.say(
            "method.condition",
            indicator=self.label(row.indicator),
            comparison=self.comparison(row.indicator, row.comparison),
            threshold=threshold,
        )
        return told + ("" if pd.isna(row.certainty) else self.say("method.own_certainty", certainty=self.percent(row.certainty)))

    def unit(self, unit: str) -> str:
        """The word that follows a number of this unit."""
        return sentence(f"unit.{unit}", self.language) if unit else ""

    def heading(self, name: str) -> str:
        """A column's name with its unit, as it heads numbers in a table; a year needs none."""
        unit = dictionary().unit(name)
        return f"{self.label(name)} ({self.unit(unit).strip()})" if unit != "year" and self.unit(unit).strip() else self.label(name)

    def title_column(self) -> str:
        """Which column of the policy tables has the titles of this language."""
        return f"title_{self.language}"

    def meaning(self, name: str) -> str:
        """What a column or indicator means."""
        known = dictionary()
        return known.indicators[name].definition[self.language] if name in known.indicators else known.columns[name].meaning[self.language]

    def chart(self, figure: Any, key: str, opens: str = "", asks: Sequence[str] = ()) -> None:
        """Draws a figure in the shared style; it can be downloaded as a picture.

        `opens` names the page that a picked point opens; `asks` names, in order, what its customdata say in that page's address.
        """
        options: dict = {"config": {"displaylogo": False, "toImageButtonOptions": {"format": "png", "scale": 2}}, "key": f"chart-{key}"}
        if not opens:
            st.plotly_chart(figure, width="stretch", **options)
            return
        event = st.plotly_chart(figure, width="stretch", on_select="rerun", selection_mode="points", **options)
        for point in event.selection.points:
            self.go(opens, **dict(zip(asks, map(str, point["customdata"]), strict=True)))

    def go(self, page: str, **query: str) -> None:
        """Opens another page in place of this one, with what it should show."""
        st.switch_page(st.session_state["pages"][page], query_params=self._address(query))

    def _address(self, query: Mapping[str, str | list[str]]) -> dict[str, str | list[str]]:
        return {"lang": self.language, "year": str(self.year), **query}

    def link(self, page: str, label: str, **query: str | list[str]) -> None:
        """A link to another page, with what it should show."""
        st.page_link(st.session_state["pages"][page], label=f"{label} →", query_params=self._address(query))

    def may(self, right: str) -> bool:
        """Whether the person may do this (a right of access.RIGHTS)."""
        return right in RIGHTS[self.person.role]

    def noted(self, deed: str, subject: str) -> None:
        """Writes what the person did into the audit log."""
        audit.record(self.data, self.person.name, self.person.role, deed, subject)

    def download(self, place: Any, label: str, content: Any, name: str) -> None:
        """A button in `place` (a column) that gives a file away; who took it goes into the audit log."""
        place.download_button(label, content, name, width="stretch", on_click=self.noted, args=("export", name))

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


def is_refused(page: Page, known: Mapping[str, str], name: str) -> bool:
    """Says so, and gives True, where the address asks for a school, major or district that is not there for this person."""
    asked = st.query_params.get(name, "")
    if not asked or asked in known:
        return False
    page.noted("refused", f"{name}={asked}")
    st.warning(page.say("access.not_shown", asked=asked))
    return True


def choose(page: Page, name: str, titles: dict[str, str], label: str) -> str:
    """A choice of one that starts from the address and goes back into it; "" where the address asks for what is not shown here."""
    if is_refused(page, titles, name):
        return ""
    asked = st.query_params.get(name, "")
    chosen = st.selectbox(label, list(titles), index=list(titles).index(asked) if asked in titles else 0, format_func=titles.__getitem__)
    remember(**{name: chosen})
    return str(chosen)


def go_to_picked(page: Page, opens: str, event: Any, rows: pd.DataFrame) -> None:
    """Opens the page on what the picked row of a table is about: its school, its major, or both."""
    if event.selection.rows:
        row = rows.iloc[event.selection.rows[0]]
        page.go(opens, **{word: str(row[column]) for word, column in SUBJECTS.items() if column in row and opens in SUBJECT_PAGES[word]})
