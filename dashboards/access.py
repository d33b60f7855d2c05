"""Who sits before the screen, and what that person may see and do."""

from collections.abc import Mapping
from pathlib import Path

import streamlit as st

from dashboards.queries import Shown
from dashboards.texts import say
from warehouse import audit
from warehouse.settings import Access, Person, Role
from warehouse.texts import Language

LOCAL = Person(name="", role="administrator")  # on one's own machine nobody logs in, and everything is allowed
RIGHTS: Mapping[Role, frozenset[str]] = {
    "analyst": frozenset({"compare", "upload"}),
    "decider": frozenset({"compare", "upload", "decide"}),
    "administrator": frozenset({"compare", "upload", "decide", "respond", "audit"}),
    "school": frozenset({"respond"}),
    "district": frozenset(),
}


def shown_to(person: Person, snapshot: Path) -> Shown:
    """What the person may see of a snapshot."""
    if person.role in ("school", "district"):
        return Shown(snapshot, person.schools if person.role == "school" else (), person.districts if person.role == "district" else ())
    return Shown(snapshot)


def logged_in(access: Access | None, data: Path, language: Language) -> Person | None:
    """The person, or None after the log-in or the refusal was drawn."""
    if access is None:
        return LOCAL
    if not getattr(st.user, "is_logged_in", False):
        st.title(say("frame.product", language))
        st.markdown(say("access.needed", language))
        if hasattr(st.user, "is_logged_in"):
            st.button(say("access.log_in", language), type="primary", on_click=st.login)
        else:
            st.error(say("access.not_set_up", language))
        return None
    person = access.person_of(st.user.to_dict())
    if person is None:
        st.title(say("frame.product", language))
        st.error(say("access.no_role", language, name=st.user.get(access.name_claim) or "—"))
        st.button(say("access.log_out", language), on_click=st.logout)
        audit.record(data, str(st.user.get(access.name_claim) or ""), "", "refused", "")
    return person
