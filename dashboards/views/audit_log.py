"""审计日志: who exported, uploaded, decided, changed the policy or was refused."""

import streamlit as st

from dashboards.page import Page
from dashboards.tables import table
from warehouse import audit
from warehouse.exports import csv_bytes


def show(page: Page) -> None:
    """Draws the page."""
    st.title(page.say("audit.title"))
    st.caption(page.say("audit.help"))
    rows = audit.entries(page.data)
    if rows.empty:
        st.info(page.say("audit.none"))
        return
    rows["deed"] = rows["deed"].map(lambda deed: page.word("deed", deed))
    rows["role"] = rows["role"].map(lambda role: page.word("role", role) if role else "—")
    table(page, rows, audit.COLUMNS, "audit", height=600, headings={column: page.say(f"audit.{column}") for column in audit.COLUMNS})
    page.download(st.columns([1, 4])[0], page.say("list.csv"), csv_bytes(rows), page.file_name("audit.file", "csv"))
