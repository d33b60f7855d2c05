"""下年计划: plans after decisions and suggestions against the total wanted, places freed shifted to scarce majors, and why."""

import streamlit as st

from dashboards import queries
from dashboards.page import Page
from dashboards.tables import table
from warehouse import decisions, exports
from warehouse.next_plan import NextPlan, next_plan


def show(page: Page) -> None:
    """Draws the page."""
    st.title(page.say("next_plan.title"))
    con = queries.connection(page.snapshot).cursor()
    year = int(queries.snapshot_row(page.snapshot)["assessment_year"])
    standing = decisions.standing(queries.ledger_entries(page.snapshot, page.data))
    decided = standing[standing["year"] == year]
    terms = queries.exit_terms(page.snapshot)
    first = next_plan(con, decided)
    left, middle, right = st.columns(3, vertical_alignment="bottom")
    wanted = left.number_input(page.say("next_plan.wanted", year=year + 1), min_value=0, value=first.wanted, step=100)
    growth = middle.slider(page.say("next_plan.growth"), 0, 50, int(terms["school_growth"] * 100), format="%d%%") / 100
    follows = right.toggle(page.say("next_plan.follows"), value=True)
    as_first = (wanted, growth, follows) == (first.wanted, terms["school_growth"], True)  # over a country it takes seconds
    plan = first if as_first else next_plan(con, decided, int(wanted), growth, follows)
    _numbers(page, plan)
    st.caption(page.say("next_plan.how", growth=f"{growth:.0%}", balance=f"{terms['vocational_excess']:.0%}"))
    schools, districts, groups, each = st.tabs([page.say(f"next_plan.{name}") for name in ("schools", "districts", "groups", "each")])
    for tab, by in ((schools, "school_name"), (districts, "district_name"), (groups, "group_name")):
        with tab:
            summed = (
                plan.rows.groupby(by)[["plan", "base", "extra", "next_plan"]].sum().reset_index().sort_values("next_plan", ascending=False)
            )
            table(page, summed, [by, "plan", "base", "extra", "next_plan"], f"by-{by}", headings=_headings(page), height=420)
    with each:
        rows = plan.rows.assign(why=plan.told(page.language)).sort_values("extra", ascending=False).reset_index(drop=True)
        table(page, rows, ["level", "school_name", "major_name", "plan", "base", "extra", "next_plan", "capacity", "why"], "each",
              headings=_headings(page), opens="offering", height=420)  # fmt: skip
    form = plan.rows.assign(year=year + 1)[["year", "school_id", "school_name", "major_code", "major_name", "next_plan"]]
    title = page.say("next_plan.form", year=year + 1)
    headings = {name: page.label(name) for name in form.columns} | {"next_plan": page.label("plan")}
    page.download(
        st.columns([1, 3])[0],
        page.say("next_plan.export"),
        lambda: exports.table_xlsx(form, headings, title, con, page.language),
        page.file_name("next_plan.title", "xlsx"),
    )


def _headings(page: Page) -> dict[str, str]:
    return {name: page.say(f"next_plan.{name}") for name in ("base", "extra", "next_plan", "capacity", "why")}


def _numbers(page: Page, plan: NextPlan) -> None:
    rows = plan.rows
    numbers = [
        ("now", rows["plan"].sum()),
        ("freed", rows["plan"].sum() - rows["base"].sum()),
        ("shifted", rows["extra"].sum()),
        ("total", rows["next_plan"].sum()),
    ]
    for column, (key, value) in zip(st.columns(4), numbers, strict=True):
        column.metric(page.say(f"next_plan.{key}"), page.figure(value, "persons"), border=True)
    if plan.general is not None:
        share = rows["next_plan"].sum() / (rows["next_plan"].sum() + plan.general)
        st.markdown(page.say("next_plan.balance", general=f"{plan.general:,}", share=page.percent(share)))
    if plan.total < plan.wanted:
        st.warning(page.say("next_plan.limited", wanted=f"{plan.wanted:,}", total=f"{plan.total:,}"))
    if plan.excess:
        st.warning(page.say("next_plan.excess", excess=f"{plan.excess:,}"))
    left = plan.total - rows["next_plan"].sum()
    if left > 0:
        st.markdown(page.say("next_plan.left", left=f"{left:,}"))
