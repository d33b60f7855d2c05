"""处置台账: what holds for every offering that was decided on, suggestion and decision side by side, its whole course, and undoing."""

import streamlit as st

from dashboards import queries
from dashboards.entering import enter, seen_of, tell, timeline
from dashboards.page import Page
from dashboards.tables import table
from warehouse import decisions, exports
from warehouse.decisions import Request

COLUMNS = ["school_name", "major_name", "case_state", "act", "decided_plan", "suggested", "suggested_plan", "until", "level", "year", "district_name", "reason", "person", "moment"]  # fmt: skip


def show(page: Page) -> None:
    """Draws the page."""
    st.title(page.say("ledger.title"))
    tell()
    entries = queries.ledger_entries(page.snapshot, page.data)
    standing = decisions.standing(entries)
    if entries.empty:
        st.info(page.say("ledger.none"))
        return
    states = standing["case_state"].replace("", "none").value_counts().to_dict()
    st.markdown(page.say("ledger.count", count=len(entries), offerings=len(standing)) + "　" + "　".join(f"{page.word('case_state', state)} {count}" for state, count in states.items()))  # fmt: skip
    left, middle, right = st.columns(3)
    for column, name, key in ((left, "act", "act"), (middle, "case_state", "case_state"), (right, "district_name", "district")):
        titles = {code: code if name == "district_name" else page.word(name, code or "none") for code in sorted(standing[name].unique())}
        picked = column.multiselect(
            page.say(f"ledger.{key}"), list(titles), placeholder=page.say("frame.all"), select_all=False, format_func=titles.__getitem__
        )
        standing = standing[standing[name].isin(picked)] if picked else standing
    standing = standing.sort_values("moment", ascending=False).reset_index(drop=True)
    told = standing.assign(
        case_state=[page.word("case_state", state or "none") for state in standing["case_state"]],
        suggested=[page.word("action", action) for action in standing["suggested"]],
        moment=standing["moment"].str[:10],
    )
    ticked = table(page, told, COLUMNS, "ledger", height=420, selects=True, pinned=2)
    if len(ticked) == 1:
        _course(page, ticked.iloc[0], entries)
    listing = exports.ledger_list(queries.connection(page.snapshot).cursor(), entries, page.language)
    left, right, _ = st.columns([1, 1, 3])
    page.download(left, page.say("list.csv"), exports.csv_bytes(listing), page.file_name("ledger.title", "csv"))
    con = queries.connection(page.snapshot).cursor()
    page.download(
        right, page.say("list.xlsx"), lambda: exports.xlsx_bytes(listing, con, page.language), page.file_name("ledger.title", "xlsx")
    )


def _course(page: Page, row, entries) -> None:
    own = entries[(entries["school_id"] == row["school_id"]) & (entries["major_code"] == row["major_code"])]
    seen = seen_of([(row["school_id"], row["major_code"])], entries)
    st.subheader(f"{row['school_name']}　{row['major_name']}")
    timeline(page, own)
    page.link("offering", page.say("todo.open"), school=row["school_id"], major=row["major_code"])
    if page.may("decide"):
        left, right = st.columns([3, 1], vertical_alignment="bottom")
        reason = left.text_input(page.say("ledger.undo_why"))
        if right.button(page.say("ledger.undo"), width="stretch"):
            enter(page, [Request(school, major, "undo", reason=reason, seen=count) for (school, major), count in seen.items()])
