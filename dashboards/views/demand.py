"""供需与产业吻合: the three lists, graduates against vacancies, and the structure of majors against that of industry."""

import streamlit as st

from dashboards import charts, queries
from dashboards.page import Page
from dashboards.tables import table


def show(page: Page) -> None:
    """Draws the page."""
    st.title(page.say("demand.title"))
    lists, supply, industry = st.tabs([page.say(f"demand.{tab}") for tab in ("lists", "supply", "industry")])
    with lists:
        _lists(page)
    with supply:
        _supply(page)
    with industry:
        _industry(page)


def _lists(page: Page) -> None:
    rows = queries.major_lists(page.snapshot, page.year)
    st.caption(page.say("demand.lists_help"))
    columns = ["major_name", "group_name", "list_reason", "points", "flagged", "graduates", "vacancies", "ratio"]
    for name in ("shortage", "upgrade", "restrict"):
        part = rows[rows["list"] == name]
        st.subheader(f"{page.word('list', name)}　{len(part)}")
        table(page, part, columns, f"list-{name}", opens="major", height=400)


def _supply(page: Page) -> None:
    majors = queries.major_supply(page.snapshot, page.year)
    if majors.empty:
        st.info(page.say("demand.no_demand"))
        return
    left, right = st.columns(2)
    with left:
        st.subheader(page.say("demand.by_major"))
        table(page, majors, ["major_name", "graduates", "vacancies", "ratio"], "majors", opens="major", height=520)
    with right:
        st.subheader(page.say("demand.by_class"))
        table(
            page,
            queries.class_supply(page.snapshot, page.year),
            ["class_name", "graduates", "vacancies", "ratio"],
            "classes",
            height=520,
        )


def _industry(page: Page) -> None:
    index = queries.match_index(page.snapshot)
    rows = queries.industry_match(page.snapshot, page.year)
    if rows.empty:
        st.info(page.say("demand.no_industry"))
        return
    now = index[index["year"] == page.year].iloc[0]
    left, right = st.columns([3, 2])
    with left:
        page.chart(charts.two_shares(rows[rows["area_id"] == now["area_id"]], "industry", ("pupil_share", page.label("pupil_share")),
                                     ("employment_share", page.label("employment_share"))), "shares")  # fmt: skip
    with right:
        st.metric(page.label("overlap"), page.percent(now["overlap"]), border=True, help=page.meaning("overlap"))
        st.markdown(page.say("demand.short", industry=now["short_industry"], gain=page.percent(now["short_gain"])))
        st.markdown(page.say("demand.over", industry=now["over_industry"], surplus=page.percent(now["surplus"])))
        page.chart(charts.lines_by(index, "year", "overlap", "area_id", is_ratio=True, height=220) if index["area_id"].nunique() > 1 else
                   charts.lines_by(index.assign(area_id=page.label("overlap")), "year", "overlap", "area_id", is_ratio=True, height=220), "index")  # fmt: skip
        table(page, rows, ["industry", "pupils", "employment", "location_quotient"], "quotients", height=300)
    st.caption(page.say("demand.industry_help"))
