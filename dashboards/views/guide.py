"""使用帮助: a short tour by the tasks that people come with."""

import streamlit as st

from dashboards.page import Page

TASKS = {
    "list": "list",
    "why": "offering",
    "decide": "todo",
    "notices": "letters",
    "done": "effects",
    "what_if": "simulation",
    "crowded": "duplication",
    "delivered": "quality",
    "month": "monthly",
}


def show(page: Page) -> None:
    """Draws the page."""
    st.title(page.say("guide.title"))
    st.markdown(page.say("guide.lead"))
    for task, target in TASKS.items():
        with st.container(border=True):
            st.markdown(f"**{page.say(f'guide.{task}_title')}**")
            st.markdown(page.say(f"guide.{task}"))
            page.link(target, page.say("guide.open", page=page.say(f"{target}.title")))
