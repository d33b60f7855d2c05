"""待办: every case that waits for somebody, the evidence beside it, and the decision: one or many at once."""

from datetime import UTC, datetime

import pandas as pd
import streamlit as st

from dashboards import queries
from dashboards.entering import document_of, enter, fresh, plain, seen_of, tell, timeline
from dashboards.page import Page
from dashboards.tables import table
from warehouse.decisions import Request, acts_of, acts_with

COLUMNS = ["proposal", "until", "level", "action", "district_name", "school_name", "major_name", "plan", "recommended_plan", "registered", "employment_rate"]  # fmt: skip


def show(page: Page) -> None:
    """Draws the page."""
    st.title(page.say("todo.title"))
    tell()
    entries = queries.ledger_entries(page.snapshot, page.data)
    cases = queries.open_cases(page.snapshot, entries, datetime.now(UTC).date().isoformat())
    kinds = cases["proposal"].value_counts().to_dict()
    st.markdown(
        page.say("todo.count", count=len(cases))
        + "　"
        + "　".join(f"{page.word('proposal_kind', kind)} {count}" for kind, count in kinds.items())
    )
    left, middle, right = st.columns(3)
    chosen = cases
    for column, name, where in ((left, "proposal", "proposal"), (middle, "district_name", "district"), (right, "group_name", "group")):
        titles = {code: page.word("proposal_kind", code) if name == "proposal" else code for code in sorted(cases[name].unique())}
        picked = column.multiselect(
            page.say(f"todo.{where}"), list(titles), placeholder=page.say("frame.all"), select_all=False, format_func=titles.__getitem__
        )
        chosen = chosen[chosen[name].isin(picked)] if picked else chosen
    chosen = chosen.reset_index(drop=True)
    if chosen.empty:
        st.info(page.say("todo.none"))
        return
    st.caption(page.say("todo.tick"))
    told = chosen.assign(proposal=chosen["proposal"].map(lambda kind: page.word("proposal_kind", kind)))
    ticked = table(page, told, COLUMNS, "todo", height=380, selects=True, headings={"proposal": page.say("todo.why")})
    if len(ticked) == len(chosen) and len(chosen) > 1:  # nothing ticked
        return
    offerings = list(zip(ticked["school_id"], ticked["major_code"], strict=True))
    seen = seen_of(offerings, entries)
    left, right = st.columns([3, 2])
    with left:
        _evidence(page, ticked, entries)
    with right:
        if page.may("decide"):
            _decision(page, ticked, seen)
        else:
            st.info(page.say("todo.may_not"))


def _evidence(page: Page, ticked: pd.DataFrame, entries: pd.DataFrame) -> None:
    st.subheader(page.say("todo.evidence"))
    year = int(queries.snapshot_row(page.snapshot)["assessment_year"])
    for row in ticked.head(5).itertuples():
        st.markdown(f"**{plain(row.school_name)}　{plain(row.major_name)}**")
        reasons = queries.offering_reasons(page.snapshot, row.school_id, row.major_code, year)
        for text in reasons[f"text_{page.language}"]:
            st.markdown(f"- {plain(text)}")
        timeline(page, entries[(entries["school_id"] == row.school_id) & (entries["major_code"] == row.major_code)])
        page.link("offering", page.say("todo.open"), school=row.school_id, major=row.major_code)
    if len(ticked) > 5:
        st.caption(page.say("todo.more", count=len(ticked) - 5))


def _decision(page: Page, ticked: pd.DataFrame, seen: dict[tuple[str, str], int]) -> None:
    st.subheader(page.say("todo.decide", count=len(ticked)))
    acts = ["confirm", *acts_of("decision", "opinion", "ruling")]
    act = st.selectbox(page.label("act"), acts, format_func=lambda name: page.word("act", name), key="todo-act")
    plan = (
        st.number_input(page.label("decided_plan"), min_value=0, value=None, step=1)
        if act in acts_with("plan") and len(ticked) == 1
        else None
    )
    until = st.date_input(page.label("until"), value=None) if act in acts_with("until") else None
    reason = st.text_area(page.label("reason"), key=fresh("todo-reason"))
    document = document_of(page, "todo-document")
    if st.button(page.say("ledger.enter"), type="primary", width="stretch"):
        enter(page, [Request(school, major, act, plan, until.isoformat() if until else "", reason, document, seen=count)
                     for (school, major), count in seen.items()])  # fmt: skip
