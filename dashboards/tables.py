"""Tables from frames: each column under its name and unit from the dictionary, rates as percentages, codes in words, levels in colour."""

from collections.abc import Callable, Mapping, Sequence

import pandas as pd
import streamlit as st

from dashboards import charts, queries
from dashboards.page import SUBJECTS, Page, go_to_picked
from warehouse.dictionary import dictionary
from warehouse.palette import level_colours
from warehouse.texts import sentences

WIDTHS = {"until": 105, "rules": 230, "text_zh": 420, "text_en": 460, "findings": 380}
LEVEL_COLUMNS = ("level", "previous_level", "level_lower", "level_higher", "new_level")
ROW_HEIGHT = 33
MOST_ROWS = 2000  # nobody reads further down; a slow office machine draws no more


def table(
    page: Page,
    rows: pd.DataFrame,
    columns: Sequence[str],
    key: str,
    *,
    headings: Mapping[str, str] | None = None,
    opens: str = "",
    height: int | None = None,
    pinned: int = 0,
    selects: bool = False,
) -> pd.DataFrame:
    """Shows the columns of a frame in this order. `opens` names the page that a picked row opens; `pinned` first columns stay in sight;
    `height` is the most it takes. Other rows make another table: what was ticked is forgotten, and columns are as wide as the new rows need.

    With `selects` several rows can be ticked; gives back those ticked, else every row. Of more than MOST_ROWS the first are drawn, and it says so.
    """
    if rows.empty:
        st.info(page.say("frame.no_rows"))
        return rows
    every = rows
    if len(rows) > MOST_ROWS:
        st.caption(page.say("frame.first_rows", shown=page.number(MOST_ROWS), count=page.number(len(rows))))
        rows = rows.head(MOST_ROWS)
    titles = queries.levels(page.snapshot).set_index("level")[page.title_column()].to_dict()
    names = {column: (headings or {}).get(column) or page.heading(column) for column in columns}
    shown = pd.DataFrame({names[column]: _in_words(page, rows[column], column, titles) for column in columns})
    as_unit: dict[str, Callable] = {"ratio": page.percent, "pp": page.points}
    formats = {names[column]: as_unit.get(dictionary().unit(column), page.number) for column in columns
               if dictionary().unit(column) in as_unit or _is_number(shown[names[column]])}  # fmt: skip
    colours = {titles[level]: colour for level, colour in level_colours(queries.levels(page.snapshot)).items()}
    levels = [names[column] for column in columns if column in LEVEL_COLUMNS]
    styled = shown.style.format(formats).map(
        lambda word: f"color: {charts.ink_on(colours[word])}; background-color: {colours[word]}" if word in colours else "", subset=levels
    )
    settings: dict = {names[column]: st.column_config.Column(pinned=True) for column in list(columns)[:pinned]}
    settings |= {names[column]: st.column_config.LineChartColumn(y_min=0, y_max=1) for column in columns if column == "history"}
    settings |= {names[column]: st.column_config.Column(width=WIDTHS[column]) for column in columns if column in WIDTHS}
    which = pd.util.hash_pandas_object(rows[[name for name in SUBJECTS.values() if name in rows]]).sum()
    options: dict = {"hide_index": True, "placeholder": "—", "key": f"{key}-{which}", "column_config": settings}
    if height:
        options["height"] = height if ROW_HEIGHT * (len(rows) + 1) > height else "content"
    if selects:
        ticked = st.dataframe(styled, on_select="rerun", selection_mode="multi-row", **options).selection.rows
        return rows.iloc[ticked] if ticked else every
    if opens:
        go_to_picked(page, opens, st.dataframe(styled, on_select="rerun", selection_mode="single-row", **options), rows)
    else:
        st.dataframe(styled, **options)
    return every


def _is_number(cells: pd.Series) -> bool:
    return pd.api.types.is_numeric_dtype(cells) and not pd.api.types.is_bool_dtype(cells)


def _in_words(page: Page, cells: pd.Series, column: str, titles: dict[str, str]) -> pd.Series:
    """Codes of the data under the names people use; the rest as it is."""
    if column in LEVEL_COLUMNS:
        return cells.map(lambda level: titles.get(level, level)).fillna("—")
    if column == "dataset":
        return cells.map(page.dataset)
    if column == "datasets":
        return cells.map(lambda names: page.joined(page.dataset(name) for name in names.split(";") if name))
    if column == "indicator":
        return cells.map(page.label)
    if column in ("year", "row"):
        return cells.astype("string")
    if pd.api.types.is_bool_dtype(cells):
        return cells.map({True: page.say("frame.yes"), False: page.say("frame.no")})
    words = sentences(page.language)
    return cells.map(lambda code: words.get(f"{column}.{code}", code) if isinstance(code, str) else code)
