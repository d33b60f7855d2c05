"""The frame of the dashboard: navigation, language, year, which snapshot, and whether it is simulated."""

import gc
import sys
import time
from functools import partial
from html import escape
from pathlib import Path

import duckdb
import streamlit as st

sys.path.insert(0, str(Path(__file__).parents[1]))

from dashboards import queries
from dashboards.access import logged_in, shown_to
from dashboards.navigation import GROUPS, NEEDED, START, VIEWS
from dashboards.page import Page, remember
from dashboards.texts import say
from warehouse.build import code_fingerprint
from warehouse.settings import SettingsRefused, data_folder, inbox_of, read_settings
from warehouse.snapshot import published
from warehouse.source_state import source_states
from warehouse.texts import Language, sentence

STYLE = """
<style>
[data-testid="stMainBlockContainer"] {padding-top: 1.4rem; padding-bottom: 2rem; max-width: 1400px;}
.stamp {font-size: 0.85rem; padding-bottom: 0.3rem;}
[data-testid="stCaptionContainer"], [data-testid="stCaptionContainer"] p {color: inherit; opacity: 0.85;}
@page {size: A4; margin: 9mm;}
@media print {
  [data-testid="stSidebar"], [data-testid="stHeader"], [data-testid="stToolbar"], [data-testid="stDownloadButton"] {display: none;}
  [data-testid="stSelectbox"], [data-testid="stExpander"] {display: none;}
  [data-testid="stMainBlockContainer"] {max-width: none; padding: 0; zoom: 0.5;}
  [data-testid="stElementContainer"]:has([data-testid="stPlotlyChart"]) {zoom: 0.72;}
  [data-testid="stHorizontalBlock"] {display: flex !important; flex-wrap: nowrap !important; break-inside: avoid;}
  [data-testid="stColumn"] {min-width: 0 !important; flex: 1 1 0 !important;}
}
[data-testid="stFileUploaderDropzone"] button[data-testid="stBaseButton-secondary"] p {font-size: 0;}
[data-testid="stFileUploaderDropzoneInstructions"] {display: none;}
[data-testid="stFileUploaderDropzone"] button[data-testid="stBaseButton-secondary"]::after {content: "CHOOSE_FILE";}
.stamp b {background: #fff1c9; color: #5c4100; border-radius: 4px; padding: 0.15rem 0.5rem; margin-right: 0.6rem;}
</style>
"""


@st.cache_resource(show_spinner=False)
def _set_modules_aside() -> None:
    """Streamlit collects garbage after every page; without the modules, which never become garbage, that takes a tenth of the time."""
    gc.collect()
    gc.freeze()


def main() -> None:
    """Draws the frame and the page that the address names."""
    language: Language = "en" if st.query_params.get("lang") == "en" else "zh"
    _set_modules_aside()
    st.set_page_config(page_title=say("frame.product", language), layout="wide")
    st.html(STYLE.replace("CHOOSE_FILE", say("frame.choose_file", language)))
    data = data_folder()
    try:
        settings = read_settings()
    except SettingsRefused as refusal:
        st.error(refusal.told(language))
        return
    person = logged_in(settings.access, data, language)
    if person is None:
        return
    snapshot = published(data)
    if snapshot is None:
        st.title(say("frame.product", language))
        st.info(f"**{say('frame.nothing', language)}**\n\n{say('frame.nothing_help', language, inbox=inbox_of(data), data=data)}")
        return
    shown = shown_to(person, snapshot)
    stamp = queries.snapshot_row(shown)
    years = queries.assessed_years(shown)
    if not years:
        st.title(say("frame.product", language))
        st.info(say("access.nothing", language))
        return
    if settings.bureau.emblem:
        st.logo(settings.bureau.emblem, size="large")
    with st.sidebar:
        st.markdown(f"### {settings.bureau.name or say('frame.product', language)}")
        chosen = st.segmented_control(
            say("frame.language", language),
            ["zh", "en"],
            default=language,
            format_func={"zh": "中文", "en": "English"}.__getitem__,
            key="language",
        )
        asked = st.query_params.get("year", "")
        default = int(asked) if asked.isdigit() and int(asked) in years else int(stamp["assessment_year"])
        year = st.selectbox(say("frame.year", language), years, index=years.index(default))
        if settings.access:
            st.caption(say("access.who", language, name=person.name, role=sentence(f"role.{person.role}", language)))
            st.button(say("access.log_out", language), on_click=st.logout)
    if chosen and chosen != language:
        remember(lang=chosen)
        st.rerun()
    remember(lang=language, year=year)
    page = Page(data, shown, person, int(year), language, bool(stamp["is_simulated"]))
    pages = {
        name: st.Page(partial(_framed, page, stamp, name), title=say(f"{name}.title", language), url_path=name, default=name == START,
                      visibility="visible" if name not in NEEDED or page.may(NEEDED[name]) else "hidden")
        for name in VIEWS
    }  # fmt: skip
    st.session_state["pages"] = pages
    st.navigation(
        {say(f"frame.{group}", language): [pages[name] for name in names] for group, names in GROUPS.items()}, expanded=True
    ).run()


def _framed(page: Page, stamp, name: str) -> None:
    told = page.say(
        "frame.stamp",
        year=stamp["assessment_year"],
        snapshot=stamp["snapshot_id"],
        policy=stamp[f"policy_title_{page.language}"],
    )
    simulated = f"<b>{escape(page.say('frame.simulated'))}</b>" if page.is_simulated else ""
    now = time.time()
    late = [
        sentence("alert.never", page.language, name=state.name)
        if (age := state.hours_old(now)) is None
        else page.say("frame.source_late", name=state.name, hours=f"{age:,.0f}")
        for state in source_states(page.data)
        if state.problem
    ]
    if late:
        st.warning("　".join(late))
    basis = escape(stamp["policy_basis"])
    st.html(f'<div class="stamp" title="{basis}">{simulated}{escape(told)}</div>')
    remember(lang=page.language, year=page.year)
    if name in NEEDED and not page.may(NEEDED[name]):
        page.noted("refused", name)
        st.warning(page.say("access.not_allowed"))
        return
    try:
        VIEWS[name](page)
    except (duckdb.BinderException, duckdb.CatalogException, KeyError) as error:  # a table, a column or a code of another edition
        if stamp.get("code_fingerprint") == code_fingerprint():
            raise
        print(error, file=sys.stderr)
        older = page.say("frame.older_snapshot", snapshot=stamp["snapshot_id"], data=page.data)
        st.container(key="older-snapshot").warning(older)


if __name__ == "__main__":  # workers that check uploads load this file too, under another name
    main()
