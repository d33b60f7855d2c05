"""县区画像: one district: its schools, their majors and levels, and its intake against plan."""

import streamlit as st

from dashboards import charts, queries
from dashboards.page import Page, choose
from dashboards.tables import table


def show(page: Page) -> None:
    """Draws the page."""
    st.title(page.say("district.title"))
    rows = queries.warnings_of_year(page.snapshot, page.year)
    pairs = rows[["district_code", "district_name"]].drop_duplicates().sort_values("district_code")
    district = choose(page, "district", dict(zip(pairs["district_code"], pairs["district_name"], strict=True)), page.say("list.district"))
    if not district:
        return
    history = queries.warnings_of(page.snapshot, "district_code", district)
    now = history[history["year"] == page.year]
    placed, graduates = now["placed"].sum(), now["graduates"].sum()
    figures = [
        (page.say("district.schools"), str(now["school_id"].nunique())),
        (page.say("major.points"), page.figure(len(now), "points")),
        (page.say("major.flagged"), page.figure(int((now["level_rank"] > 0).sum()), "points")),
        (page.label("registered"), page.figure(now["registered"].sum(), "persons")),
        (page.label("employment_rate"), page.percent(placed / graduates) if graduates else "—"),
    ]
    for column, (label, value) in zip(st.columns(5), figures, strict=True):
        column.metric(label, value, border=True)
    left, right = st.columns(2)
    levels = queries.levels(page.snapshot)
    with left:
        st.subheader(page.say("overview.trend"))
        counts = history.groupby(["year", "level"]).size().reset_index(name="offerings")
        page.chart(charts.stacked_levels(counts, "year", levels, page.language), "levels")
    with right:
        st.subheader(page.say("district.by_school"))
        counts = now.groupby(["school_name", "level"]).size().reset_index(name="offerings")
        page.chart(charts.stacked_levels(counts, "school_name", levels, page.language, is_horizontal=True), "schools")
    st.subheader(page.say("list.title"))
    flagged = now[now["level_rank"] > 0]
    table(page, flagged, ["level", "school_name", "major_name", "action", "plan", "recommended_plan", "registered", "employment_rate"], "flagged",
          opens="offering")  # fmt: skip
