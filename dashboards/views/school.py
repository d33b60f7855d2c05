"""学校画像: one school: its majors and their levels, what it shares with others, what it has handed in."""

import pandas as pd
import streamlit as st

from dashboards import charts, queries
from dashboards.entering import plain
from dashboards.page import Page, choose
from dashboards.tables import table
from warehouse.dictionary import dictionary


def show(page: Page) -> None:
    """Draws the page."""
    st.title(page.say("school.title"))
    known = queries.school_indicators(page.snapshot, page.year)
    school = choose(page, "school", dict(zip(known["school_id"], known["school_name"], strict=True)), page.say("offering.school"))
    if not school:
        return
    own = known[known["school_id"] == school].iloc[0]
    st.caption(page.say("school.about", code=school, district=own["district_name"]))
    for column, name in zip(st.columns(4), ("major_count", "pupils_per_major", "overlap_share", "twin_similarity"), strict=True):
        column.metric(page.label(name), page.figure(own[name], dictionary().unit(name)), border=True, help=page.meaning(name))
    if own["twin_school"]:
        st.markdown(page.say("school.twin", twin=own["twin_school"], similarity=page.percent(own["twin_similarity"])))
    broken = queries.school_warnings(page.snapshot, page.year)
    for row in broken[broken["school_id"] == school].itertuples():
        unit = dictionary().unit(row.indicator)
        source = getattr(row, f"source_{page.language}")
        basis = page.say("offering.basis", source=source) if pd.notna(source) else ""
        st.warning(
            page.say("school.rule", rule=getattr(row, page.title_column()), indicator=page.label(row.indicator), value=page.figure(row.value, unit),
                     comparison=page.word("comparison", row.comparison), threshold=page.figure(row.threshold, unit)) + plain(basis)
        )  # fmt: skip
    history = queries.warnings_of(page.snapshot, "school_id", school)
    now = history[history["year"] == page.year]
    left, right = st.columns([3, 2])
    with left:
        st.subheader(page.say("school.majors", count=len(now)))
        table(page, now, ["level", "major_name", "plan", "recommended_plan", "registered", "employment_rate", "same_major_points"], "majors",
              opens="offering")  # fmt: skip
    with right:
        st.subheader(page.say("overview.trend"))
        counts = history.groupby(["year", "level"]).size().reset_index(name="offerings")
        page.chart(charts.stacked_levels(counts, "year", queries.levels(page.snapshot), page.language), "levels")
    doubts = queries.doubts(page.snapshot, page.year, school)
    if not doubts.empty:
        st.subheader(page.say("quality.doubts", count=len(doubts)))
        st.caption(page.say("quality.doubts_help"))
        table(page, doubts, ["kind", "major_name", f"text_{page.language}"], "doubts")
