"""文书: notices to schools, the circular, the briefing, the analysis and the monthly circular, as Word files."""

import streamlit as st

from dashboards import queries
from dashboards.page import Page
from warehouse.documents import KINDS, Office, documents, zipped
from warehouse.ledger import entries_of


def show(page: Page) -> None:
    """Draws the page."""
    st.title(page.say("letters.title"))
    st.markdown(page.say("letters.help"))
    con, office = queries.connection(page.snapshot).cursor(), Office.of(page.data)
    for kind in KINDS:
        left, right = st.columns([4, 1], vertical_alignment="center", border=True)
        left.markdown(f"**{page.word('document', kind)}**　{page.say(f'letters.{kind}')}")
        page.download(
            right,
            page.say("letters.get"),
            lambda kind=kind: zipped(documents(con, entries_of(page.data), office, (kind,)))[0],
            f"{page.say('frame.simulated_file') if page.is_simulated else ''}{page.word('document', kind)}.zip",
        )
    st.caption(page.say("letters.templates"))
