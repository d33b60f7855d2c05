"""专业画像: one major across all schools: who offers it, how they fare, whether employers look for it, and which majors resemble it."""

import streamlit as st

from dashboards import charts, queries
from dashboards.page import Page, choose
from dashboards.tables import table


def show(page: Page) -> None:
    """Draws the page."""
    st.title(page.say("major.title"))
    rows = queries.warnings_of_year(page.snapshot, page.year)
    names = {
        code: name + page.say("frame.in_brackets", text=code)
        for code, name in sorted(set(zip(rows["major_code"], rows["major_name"], strict=True)))
    }
    major = choose(page, "major", names, page.say("offering.major"))
    if not major:
        return
    history = queries.warnings_of(page.snapshot, "major_code", major)
    now = history[history["year"] == page.year]
    supply = queries.major_supply(page.snapshot, page.year)
    supply = supply[supply["major_code"] == major]
    placed, graduates = now["placed"].sum(), now["graduates"].sum()
    figures = [
        (page.say("major.points"), page.figure(len(now), "points")),
        (page.say("major.flagged"), page.figure(int((now["level_rank"] > 0).sum()), "points")),
        (page.label("registered"), page.figure(now["registered"].sum(), "persons")),
        (page.label("employment_rate"), page.say("offering.fraction", value=page.percent(placed / graduates), numerator=f"{placed:.0f}",
                                                 denominator=f"{graduates:.0f}") if graduates else "—"),
        (page.label("supply_demand_ratio"), page.number(supply["ratio"].max()) if not supply.empty else "—"),
    ]  # fmt: skip
    for column, (label, value) in zip(st.columns([1, 1, 1, 1.6, 1]), figures, strict=True):
        column.metric(label, value, border=True)
    left, right = st.columns([3, 2])
    with left:
        st.subheader(page.say("major.schools"))
        table(page, now, ["level", "district_name", "school_name", "plan", "recommended_plan", "registered", "employment_rate", "graduates"], "points",
              opens="offering")  # fmt: skip
    with right:
        st.subheader(page.say("overview.trend"))
        counts = history.groupby(["year", "level"]).size().reset_index(name="offerings")
        page.chart(charts.stacked_levels(counts, "year", queries.levels(page.snapshot), page.language), "levels")
    pairs = queries.major_pairs(page.snapshot)
    pairs = pairs[(pairs["major_code"] == major) | (pairs["other_code"] == major)]
    if not pairs.empty:
        st.subheader(page.say("duplication.pairs"))
        table(page, pairs, ["similarity", "major_name", "other_name", "name_overlap", "course_overlap", "occupation_overlap", "common_courses",
                            "common_occupations"], "pairs", headings={"other_name": page.say("duplication.other")})  # fmt: skip
