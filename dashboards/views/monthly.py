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
    now = rows[rows["year"] == page.year]
    if now.empty:
        st.info(page.say("monthly.none", year=page.year))
        return
    months = sorted(now["month"].unique(), reverse=True)
    month = st.selectbox(page.label("month"), months, format_func=lambda number: page.say("monthly.until", month=number))
    so_far = now[now["month"] == month]
    before = rows[(rows["year"] == page.year - 1) & (rows["month"] == month)]
    _numbers(page, so_far, before)
    left, right = st.columns(2)
    with left:
        st.subheader(page.say("monthly.course"))
        page.chart(
            charts.lines_by(rows.groupby(["year", "month"])["registered"].sum().reset_index(), "month", "registered", "year"), "course"
        )
    with right:
        st.subheader(page.say("monthly.ratio"))
        _ratio(page, int(month))
    st.subheader(page.say("monthly.circular"))
    by = st.segmented_control(page.say("monthly.by"), ["district_name", "school_name"], default="district_name", format_func=page.label)
    ranked = ranking(so_far, before, by or "district_name")
    table(page, ranked, list(ranked.columns), "circular", headings={"before": page.say("monthly.before"), 
                                                                     "rank": page.say("monthly.rank")})  # fmt: skip
    _downloads(page, ranked, by or "district_name", int(month))


def ranking(so_far: pd.DataFrame, before: pd.DataFrame, by: str) -> pd.DataFrame:
    """Rank, name, plan, registered, plan_fulfilment, before (persons, a year ago) and growth (share of 1), best fulfilment first."""
    summed = so_far.groupby(by)[["plan", "registered"]].sum()
    summed["plan_fulfilment"] = summed["registered"] / summed["plan"].where(summed["plan"] > 0)
    summed["before"] = before.groupby(by)["registered"].sum()
    summed["growth"] = summed["registered"] / summed["before"] - 1
    summed = summed.sort_values("plan_fulfilment", ascending=False).reset_index()
    summed.insert(0, "rank", summed["plan_fulfilment"].rank(ascending=False, method="min").astype("Int64"))
    return summed


def _numbers(page: Page, so_far: pd.DataFrame, before: pd.DataFrame) -> None:
    registered, plan, last = so_far["registered"].sum(), so_far["plan"].sum(), before["registered"].sum()
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
