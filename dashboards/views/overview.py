"""总览: how many offerings stand at each level, where, and what changed since last year."""

import pandas as pd
import streamlit as st

from dashboards import charts, queries
from dashboards.page import Page, go_to_picked


def show(page: Page) -> None:
    """Draws the page."""
    st.title(page.say("overview.title"))
    levels, counts = queries.levels(page.snapshot), queries.level_counts(page.snapshot)
    rows = queries.warnings_of_year(page.snapshot, page.year)
    st.markdown(page.say("overview.lead", year=page.year, count=len(rows), flagged=int((rows["level_rank"] > 0).sum())))
    _level_numbers(page, levels, counts)
    left, right = st.columns([1, 1])
    with left:
        st.subheader(page.say("overview.trend"))
        st.plotly_chart(charts.stacked_levels(counts, "year", levels, page.language), width="stretch", config={"displaylogo": False})
        st.subheader(page.say("overview.district"))
        _by(page, rows, "district_name", levels)
    with right:
        st.subheader(page.say("overview.group"))
        _by(page, rows, "group_name", levels)
    _changes(page)


def _level_numbers(page: Page, levels: pd.DataFrame, counts: pd.DataFrame) -> None:
    def count(year: int, level: str) -> int:
        return int(counts[(counts["year"] == year) & (counts["level"] == level)]["offerings"].sum())

    has_before = (counts["year"] == page.year - 1).any()
    for column, level in zip(st.columns(len(levels)), levels.iloc[::-1].itertuples(), strict=True):
        now, before = count(page.year, str(level.level)), count(page.year - 1, str(level.level))
        with column.container(border=True):
            st.metric(
                getattr(level, page.title_column()),
                page.figure(now, "points"),
                page.say("overview.change", change=now - before) if has_before else page.say("overview.no_change"),
                delta_color="off" if level.level_rank == 0 or not has_before or now == before else "inverse",
                delta_arrow="auto" if has_before and now != before else "off",
            )
            page.link("list", page.say("overview.open_list"), level=str(level.level))


def _by(page: Page, rows: pd.DataFrame, by: str, levels: pd.DataFrame) -> None:
    counts = rows.groupby([by, "level"]).size().reset_index(name="offerings")
    st.plotly_chart(
        charts.stacked_levels(counts, by, levels, page.language, is_horizontal=True), width="stretch", config={"displaylogo": False}, key=by
    )


def _changes(page: Page) -> None:
    changed = queries.changes(page.snapshot, page.year)
    st.subheader(page.say("overview.changes"))
    kinds = ["new_warning", "raised", "lowered", "lifted"]
    for column, kind in zip(st.columns(4), kinds, strict=True):
        column.metric(page.say(f"overview.{kind}"), page.figure(int((changed["change"] == kind).sum()), "points"), border=True)
    titles = queries.levels(page.snapshot).set_index("level")[page.title_column()]
    st.markdown(f"**{page.say('overview.change_list', count=len(changed))}**　{page.say('overview.pick')}")
    if changed.empty:
        st.info(page.say("frame.no_rows"))
        return
    shown = pd.DataFrame(
        {
            page.say("overview.changes"): changed["change"].map(lambda kind: page.say(f"overview.{kind}")),
            page.say("overview.level_before"): changed["previous_level"].map(titles).fillna("—"),
            page.label("level"): changed["level"].map(titles),
            page.label("district_name"): changed["district_name"],
            page.label("school_name"): changed["school_name"],
            page.label("major_name"): changed["major_name"],
            page.label("reason_zh"): changed[f"reason_{page.language}"],
        }
    )
    go_to_picked(
        page, st.dataframe(shown, hide_index=True, on_select="rerun", selection_mode="single-row", height=330, key="changes"), changed
    )
