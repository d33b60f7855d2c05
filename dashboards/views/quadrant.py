"""象限分析: every offering by two indicators of choice; what is drawn around with the mouse is listed below."""

import streamlit as st

from dashboards import charts, queries
from dashboards.page import Page, remember
from dashboards.tables import table
from warehouse.dictionary import dictionary


def show(page: Page) -> None:
    """Draws the page."""
    st.title(page.say("quadrant.title"))
    rows = queries.figures(page.snapshot, page.year)
    present = [name for name in dictionary().indicators if name in rows and rows[name].notna().any()]
    columns = st.columns([1, 1, 2])
    x = _axis(page, columns[0], "x", present, "employment_rate")
    y = _axis(page, columns[1], "y", present, "plan_fulfilment")
    st.caption(page.say("quadrant.help"))
    shown = rows[rows[x].notna() & rows[y].notna()]
    targets = queries.targets(page.snapshot)
    lines = {name: part["threshold"].drop_duplicates().tolist() for name, part in targets.groupby("indicator")}
    ratios = {name for name in present if dictionary().indicators[name].unit == "ratio"}
    labels = {name: page.heading(name) for name in (x, y)}
    figure = charts.quadrants(shown, x, y, labels, lines, ratios, queries.levels(page.snapshot), page.language)
    event = st.plotly_chart(figure, width="stretch", on_select="rerun", selection_mode=("lasso", "box", "points"), key=f"quadrant-{x}-{y}")
    picked = [point["customdata"][0] if isinstance(point["customdata"], list) else point["customdata"] for point in event.selection.points]
    chosen = shown.loc[picked] if picked else shown
    st.markdown(f"**{page.say('list.count', count=len(chosen))}**　{page.say('list.pick')}")
    table(
        page,
        chosen,
        ["level", "district_name", "school_name", "major_name", x, *([y] if y != x else []), "registered"],
        "picked",
        opens="offering",
        height=360,
    )


def _axis(page: Page, column, name: str, present: list[str], default: str) -> str:
    asked = st.query_params.get(name, default)
    chosen = column.selectbox(
        page.say(f"quadrant.{name}"), present, index=present.index(asked if asked in present else present[0]), format_func=page.label
    )
    remember(**{name: chosen})
    return chosen
