"""申诉: what schools answer and appeal against, held against the figures at once, and the rulings on it."""

import streamlit as st

from dashboards import queries
from dashboards.entering import document_of, enter, fresh, plain, seen_of, tell, timeline
from dashboards.page import Page
from dashboards.tables import table
from warehouse import exports
from warehouse.decisions import Request, acts_of, acts_with

COLUMNS = ["moment", "act", "district_name", "school_name", "major_name", "reason", "findings", "person"]


def show(page: Page) -> None:
    """Draws the page."""
    st.title(page.say("appeals.title"))
    tell()
    st.caption(page.say("appeals.help"))
    entries = queries.ledger_entries(page.snapshot, page.data)
    listing = exports.ledger_list(queries.connection(page.snapshot).cursor(), entries, page.language)
    rows = listing[listing["act"].isin(acts_of("response", "appeal", "ruling"))].merge(
        queries.offerings(page.snapshot)[["school_id", "major_code", "district_name"]], on=["school_id", "major_code"]
    )
    if rows.empty:
        st.info(page.say("appeals.none"))
    else:
        rows = rows.sort_values("moment", ascending=False).reset_index(drop=True)
        told = rows.assign(moment=rows["moment"].str[:10])
        ticked = table(page, told, COLUMNS, "appeals", selects=True, headings={"findings": page.say("appeals.findings")})
        if (len(ticked) == 1 and len(rows) > 1) or len(rows) == 1:
            _ruling(page, ticked.iloc[0], entries)
    if page.may("respond"):
        _response(page, entries)


def _ruling(page: Page, row, entries) -> None:
    st.subheader(f"{row['school_name']}　{row['major_name']}")
    timeline(page, entries[(entries["school_id"] == row["school_id"]) & (entries["major_code"] == row["major_code"])])
    if row["document"]:
        digest, name = row["document"].split("/", 1)
        kept = page.data / "documents" / digest / name
        page.download(st.columns([1, 4])[0], page.say("appeals.document"), kept.read_bytes(), name)
    if page.may("decide"):
        seen = seen_of([(row["school_id"], row["major_code"])], entries)
        left, middle, right = st.columns([3, 1, 1], vertical_alignment="bottom")
        reason = left.text_input(page.label("reason"), key=fresh("ruling-reason"))
        for column, act in ((middle, "uphold"), (right, "reject")):
            if column.button(page.word("act", act), width="stretch"):
                enter(page, [Request(school, major, act, reason=reason, seen=count) for (school, major), count in seen.items()])


def _response(page: Page, entries) -> None:
    st.subheader(page.say("appeals.answer"))
    own = queries.offerings(page.snapshot)
    titles = {(row.school_id, row.major_code): f"{row.school_name}　{row.major_name}" for row in own.itertuples()}
    left, right = st.columns(2)
    offering = left.selectbox(page.say("appeals.which"), list(titles), format_func=titles.__getitem__)
    act = right.selectbox(page.label("act"), acts_of("response", "appeal"), format_func=lambda name: page.word("act", name))
    year = int(queries.snapshot_row(page.snapshot)["assessment_year"])
    for text in queries.offering_reasons(page.snapshot, *offering, year)[f"text_{page.language}"]:
        st.markdown(f"- {plain(text)}")
    details: dict[str, object] = {}
    first, second, third = st.columns(3)
    if act in acts_with("last_intake"):
        details["last_intake"] = first.number_input(page.say("appeals.last_intake"), value=year, step=1)
    if act in acts_with("merge_into"):
        others = {
            row.major_code: row.major_name for row in own[own["school_id"] == offering[0]].itertuples() if row.major_code != offering[1]
        }
        details["merge_into"] = first.selectbox(page.say("appeals.merge_into"), list(others), format_func=others.__getitem__)
    if act in acts_with("years"):
        longest = int(queries.exit_terms(page.snapshot)["exempt_years"])
        details["years"] = first.number_input(page.say("appeals.years"), min_value=1, max_value=longest, step=1)
    if act in acts_with("target"):
        details["target"] = first.number_input(page.say("appeals.target"), min_value=0, max_value=100, value=90) / 100
    until = second.date_input(page.label("until"), value=None) if act in acts_with("until") else None
    if act in acts_with("pupils"):
        details["pupils"] = second.number_input(page.say("appeals.pupils"), min_value=0, value=None, step=1)
        details["teachers"] = third.number_input(page.say("appeals.teachers"), min_value=0, value=None, step=1)
    reason = st.text_area(page.label("reason"), key=fresh("answer-reason"))
    document = document_of(page, "answer-document")
    if st.button(page.say("ledger.enter"), type="primary"):
        seen = seen_of([offering], entries)
        enter(page, [Request(*offering, act, None, until.isoformat() if until else "", reason, document, details, seen[offering])])
