"""Entering into the ledger from a page: who, on what they had before them, and in plain words what became of it."""

from datetime import UTC, datetime
from typing import Any

import streamlit as st

from dashboards import queries
from dashboards.page import Page
from warehouse.decisions import ACTS, NotAllowed, Request, acts_with, contested_told, decide, finding_told
from warehouse.ledger import Contested, details_of, ledger_of

RIGHT_OF = {"decision": "decide", "undo": "decide", "ruling": "decide", "opinion": "decide", "response": "respond", "appeal": "respond"}


def seen_of(offerings: list[tuple[str, str]], entries: Any) -> dict[tuple[str, str], int]:
    """How many entries each offering had when the person first had it before them; kept until something was entered or they were told."""
    counts = entries.groupby(["school_id", "major_code"]).size().to_dict() if len(entries) else {}
    kept = st.session_state.setdefault("seen", {})
    return {offering: kept.setdefault(offering, counts.get(offering, 0)) for offering in offerings}


def enter(page: Page, requests: list[Request]) -> None:
    """Enters each; says at the next drawing of the page what was entered and what was refused, each with its reason."""
    told: list[tuple[str, str]] = []
    con = queries.connection(page.snapshot).cursor()
    for request in requests:
        name = f"{request.school_id} {request.major_code}"
        sort = "decision" if request.act == "confirm" else ACTS[request.act].sort
        if not page.may(RIGHT_OF[sort]):
            page.noted("refused", f"{name} {request.act}")
            told.append(("error", page.joined([name, page.say("access.not_allowed")], "colon")))
            continue
        try:
            entry = decide(ledger_of(page.data), con, page.data, request, page.person.name or page.say("ledger.here"), page.person.role)
        except NotAllowed as refusal:
            told.append(("error", page.joined([name, refusal.told(page.language)], "colon")))
            continue
        except Contested as first:
            told.append(("error", page.joined([name, contested_told(first, page.language)], "colon")))
            continue
        state = page.word("case_state", entry["case_state"] or "none")
        checked = page.joined((finding_told(finding, page.language) for finding in details_of(entry)["findings"]), "clause")
        told.append(("success", page.say("ledger.entered", offering=name, number=entry["number"], act=page.word("act", entry["act"]), state=state, checked=checked)))  # fmt: skip
    st.session_state["told"] = told
    st.session_state.pop("seen", None)
    if all(kind == "success" for kind, _ in told):
        st.session_state["entered"] = st.session_state.get("entered", 0) + 1
    st.rerun()


def fresh(key: str) -> str:
    """A key for a field that is empty again once something was entered."""
    return f"{key}-{st.session_state.get('entered', 0)}"


def tell() -> None:
    """Says what became of the last thing entered."""
    for kind, text in st.session_state.pop("told", []):
        (st.success if kind == "success" else st.error)(text)


def document_of(page: Page, key: str) -> tuple[str, bytes] | None:
    """A file to go with an entry."""
    file = st.file_uploader(page.label("document"), key=fresh(key))
    return (file.name, file.getvalue()) if file else None


def timeline(page: Page, entries: Any) -> None:
    """The entries of one offering, oldest first, what was undone struck through."""
    for entry in entries.sort_values("number").to_dict("records"):
        plan = f" {entry['plan']}{page.unit('persons')}" if entry["act"] in acts_with("plan") else ""
        act = f"{page.word('act', entry['act'])}{plan}"
        is_undone = not entry["is_effective"] and ACTS[entry["act"]].sort != "undo"
        line = page.say("ledger.line", number=entry["number"], year=entry["year"], act=f"~~{act}~~" if is_undone else f"**{act}**",
                        state=page.word("case_state", entry["case_state"] or "none"), person=plain(entry["person"]), moment=entry["moment"][:10])  # fmt: skip
        findings = [finding_told(finding, page.language) for finding in details_of(entry).get("findings", [])]
        is_over = entry["is_effective"] and entry["until"] and entry["until"] < datetime.now(UTC).date().isoformat()
        until = f"{page.label('until')} {entry['until']}{page.say('ledger.overdue') if is_over else ''}"
        more = [entry["until"] and until, plain(entry["reason"]), *findings]
        st.markdown("- " + page.joined([line, *(part for part in more if part)], "clause"))


def plain(text: str) -> str:
    """Text of the data, which never acts as markup."""
    return text.translate({ord(mark): f"\\{mark}" for mark in "\\`*_{}[]<>#|~$:"})
