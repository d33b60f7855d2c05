"""招生月报: intake up to each month against plan and last year, the ratio of vocational to general, and the ranked 通报 table."""

import pandas as pd
import streamlit as st

from dashboards import charts, queries
from dashboards.page import Page
from dashboards.tables import table
from warehouse import exports
from warehouse.documents import Office, monthly_circular


def show(page: Page) -> None:
    """Draws the page."""
    st.title(page.say("monthly.title"))
    rows = queries.monthly(page.snapshot, [page.year - 1, page.year])
    months = sorted(rows.loc[rows["year"] == page.year, "month"], reverse=True)
    if not months:
        st.info(page.say("monthly.none", year=page.year))
        return
    month = st.selectbox(page.label("month"), months, format_func=lambda number: page.say("monthly.until", month=number))
    _numbers(page, queries.monthly_ranking(page.snapshot, page.year, month, "district_name"))
    left, right = st.columns(2)
    with left:
        st.subheader(page.say("monthly.course"))
        page.chart(charts.lines_by(rows, "month", "registered", "year"), "course")
    with right:
        st.subheader(page.say("monthly.ratio"))
        _ratio(page, month)
    st.subheader(page.say("monthly.circular"))
    by = st.segmented_control(page.say("monthly.by"), ["district_name", "school_name"], default="district_name", format_func=page.label)
    ranked = queries.monthly_ranking(page.snapshot, page.year, month, by or "district_name")
    st.caption(page.say("monthly.reported"))
    table(page, ranked, list(ranked.columns), "circular", headings={"before": page.say("monthly.before"), 
                                                                     "rank": page.say("monthly.rank")})  # fmt: skip
    _downloads(page, ranked, by or "district_name", month)


def _numbers(page: Page, ranked: pd.DataFrame) -> None:
    registered, plan, last = (ranked[name].sum() for name in ("registered", "plan", "before"))
    figures = [
        (
            page.label("registered"),
            page.figure(registered, "persons"),
            page.say("monthly.against", change=page.percent(registered / last - 1)) if last else None,
        ),
        (page.label("plan"), page.figure(plan, "persons"), None),
        (page.label("plan_fulfilment"), page.percent(registered / plan) if plan else "—", None),
    ]
    for column, (label, value, delta) in zip(st.columns(3), figures, strict=True):
        column.metric(label, value, delta, delta_color="off", border=True)


def _ratio(page: Page, month: int) -> None:
    rows = queries.district_enrolment(page.snapshot, [page.year])
    rows = rows[rows["month"] == month]
    if rows.empty:
        st.info(page.say("frame.no_rows"))
        return
    vocational, general = rows["vocational_registered"].sum(), rows["general_registered"].sum()
    st.markdown(page.say("monthly.ratio_told", vocational=f"{vocational:,}", general=f"{general:,}",
                         share=page.percent(vocational / (vocational + general))))  # fmt: skip
    shares = rows.assign(vocational_share=rows["vocational_registered"] / (rows["vocational_registered"] + rows["general_registered"]))
    table(page, shares.sort_values("vocational_share"), ["district_name", "vocational_plan", "vocational_registered", "general_registered", "vocational_share"], "ratio", height=260)  # fmt: skip


def _downloads(page: Page, ranked: pd.DataFrame, by: str, month: int) -> None:
    title = page.say("monthly.document", year=page.year, month=month)
    headings = {name: page.heading(name) for name in ("plan", "registered", "plan_fulfilment", "growth")} | {
        by: page.label(by), "rank": page.say("monthly.rank"), "before": page.say("monthly.before")}  # fmt: skip
    left, right, _ = st.columns([1, 1, 4])
    con = queries.connection(page.snapshot).cursor()
    sheet = exports.table_xlsx(ranked, headings, title, con, page.language)
    page.download(left, page.say("list.xlsx"), sheet, page.file_name("monthly.file", "xlsx"))
    page.download(
        right,
        page.say("monthly.word"),
        lambda: monthly_circular(con, Office.of(page.data), page.year, month, by),
        page.file_name("monthly.file", "docx"),
    )
