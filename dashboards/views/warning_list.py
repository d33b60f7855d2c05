"""预警清单: filters that combine and stay in the address, columns to choose, and what is seen as CSV and XLSX."""

import pandas as pd
import streamlit as st

from dashboards import queries
from dashboards.page import Page, remember
from dashboards.saved_views import save_view, saved_views
from dashboards.tables import table
from warehouse import decisions, exports

FIRST = ["district_name", "school_name", "major_name"]
CHOICES = ["level", "action", "rules", "act", "plan", "recommended_plan", "decided_plan", "registered", "employment_rate", "placed_of", "change", "history", "same_major_points",
           "sureness", "lift", "counter", "graduates", "major_code", "group_name", "previous_level"]  # fmt: skip
USUAL = CHOICES[:14]
FILTERS = ("level", "action", "rule", "district", "school", "group", "major", "moved")


def show(page: Page) -> None:
    """Draws the page."""
    st.title(page.say("list.title"))
    _apply_saved(page)
    rows = queries.warnings_of_year(page.snapshot, page.year)
    entries = queries.ledger_entries(page.snapshot, page.data)
    rows = _with_decisions(page, rows, entries)
    chosen, filters = _filtered(page, rows)
    left, middle, right = st.columns([3, 1, 1, 1], vertical_alignment="bottom")[:3]
    left.markdown(f"**{page.say('list.count', count=len(chosen))}**　{page.say('list.tick')}")
    with middle.popover(page.say("list.saved"), width="stretch"):
        _keep(page)
    with right.popover(page.say("list.columns"), width="stretch"):
        columns = st.multiselect(
            page.say("list.columns"),
            CHOICES,
            default=USUAL,
            format_func=lambda name: _heading(page, name),
            label_visibility="collapsed",
            select_all=False,
        )
    if chosen.empty:
        st.info(page.say("frame.no_rows"))
        return
    headings = {name: _heading(page, name) for name in ("act", "placed_of", "change", "history", "rules", "lift", "counter")}
    ticked = table(page, _told(page, chosen), [*FIRST, *columns], "list", height=470, pinned=3, selects=True, headings=headings)
    if len(ticked) == 1:
        one = ticked.iloc[0]
        page.link(
            "offering",
            page.say("list.open", school=one["school_name"], major=one["major_name"]),
            school=one["school_id"],
            major=one["major_code"],
        )
    _downloads(page, rows, ticked, filters, entries)


def _with_decisions(page: Page, rows: pd.DataFrame, entries: pd.DataFrame) -> pd.DataFrame:
    """The rows with `act`, what was decided in words and whether an appeal is open, and `decided_plan`."""
    decided = decisions.standing(entries, page.year)
    acts = [
        page.word("act", act) + page.say("frame.in_brackets", text=year) for act, year in zip(decided["act"], decided["year"], strict=True)
    ]
    rows = rows.merge(
        decided.assign(act=acts)[["school_id", "major_code", "act", "decided_plan"]], on=["school_id", "major_code"], how="left"
    )
    is_open = pd.MultiIndex.from_frame(rows[["school_id", "major_code"]]).isin(decisions.appealed(entries))
    appeal = page.word("export", "appealed")
    rows["act"] = [
        page.joined([act, appeal] if pd.notna(act) else [appeal], "clause") if is_new else act
        for act, is_new in zip(rows["act"], is_open, strict=True)
    ]
    return rows


def _apply_saved(page: Page) -> None:
    """Puts the filters of a saved view into the address before they are drawn."""
    chosen = st.session_state.pop("saved-view", None)
    if chosen:
        remember(**dict.fromkeys(FILTERS, None))
        remember(**saved_views(page.data).get(chosen, {}))
        for name in FILTERS:
            st.session_state.pop(f"list-{name}-{page.language}", None)


def _keep(page: Page) -> None:
    """Saves the filters of the address under a name, and opens those saved before."""
    for name in saved_views(page.data):
        if st.button(name, key=f"saved-{name}", width="stretch"):
            st.session_state["saved-view"] = name
            st.rerun()
    name = st.text_input(page.say("list.save_as"), key="save-as")
    if st.button(page.say("list.save"), width="stretch") and name:
        save_view(page.data, name, {filter_: st.query_params.get_all(filter_) for filter_ in FILTERS if filter_ in st.query_params})
        st.rerun()


def _heading(page: Page, name: str) -> str:
    own = {"act": "list.act", "placed_of": "list.employment_fraction", "change": "list.change", "history": "list.history", "rules": "list.rule",
           "lift": "offering.lift_short", "counter": "offering.counter_short"}  # fmt: skip
    return page.say(own[name]) if name in own else page.heading(name)


def _choose(page: Page, column, name: str, titles: dict[str, str], default: list[str]) -> list[str]:
    """A choice of several that starts from the address and goes back into it."""
    asked = [value for value in st.query_params.get_all(name) if value in titles] or default
    picked = column.multiselect(
        page.say(f"list.{name}"),
        list(titles),
        default=asked,
        format_func=titles.get,
        placeholder=page.say("frame.all"),
        select_all=False,
        key=f"list-{name}-{page.language}",
    )
    remember(**{name: picked})
    return picked


def _filtered(page: Page, rows: pd.DataFrame) -> tuple[pd.DataFrame, dict[str, str]]:
    """The rows that pass every filter, and the filters in words."""
    levels, rules = queries.levels(page.snapshot), queries.rules(page.snapshot)
    titles = {
        "level": dict(zip(levels["level"][::-1], levels[page.title_column()][::-1], strict=True)),
        "action": {code: page.word("action", code) for code in ("stop", "reduce", "observe", "none")},
        "rule": dict(zip(rules["rule_id"], rules[page.title_column()], strict=True)),
        "moved": {move: page.say(f"overview.{move}") for move in queries.MOVES},
        "district": _named(rows, "district_code", "district_name"),
        "school": _named(rows, "school_id", "school_name"),
        "group": _named(rows, "group_code", "group_name"),
        "major": _named(rows, "major_code", "major_name"),
    }
    default = {"level": levels[levels["level_rank"] > 0]["level"].tolist()[::-1]}
    columns = [*st.columns([1.7, 1.3, 1.3, 1]), *st.columns(4)]
    picked = {name: _choose(page, column, name, titles[name], default.get(name, [])) for name, column in zip(titles, columns, strict=True)}
    keep = pd.Series(True, index=rows.index)
    for name, column in (
        ("level", "level"),
        ("action", "action"),
        ("district", "district_code"),
        ("school", "school_id"),
        ("group", "group_code"),
        ("major", "major_code"),
        ("moved", "moved"),
    ):
        if picked[name]:
            keep &= rows[column].isin(picked[name])
    if picked["rule"]:
        keep &= rows["rules"].map(lambda ids: bool(set(ids.split(";")) & set(picked["rule"])))
    told = {page.say(f"list.{name}"): page.joined(titles[name][code] for code in codes) for name, codes in picked.items() if codes}
    return rows[keep].reset_index(drop=True), told


def _named(rows: pd.DataFrame, code: str, name: str) -> dict[str, str]:
    pairs = rows[[code, name]].drop_duplicates().sort_values(code)
    return dict(zip(pairs[code], pairs[name], strict=True))


def _told(page: Page, rows: pd.DataFrame) -> pd.DataFrame:
    """The rows with what only the screen shows: the fraction, the change since last year, the small line, rules in words."""
    rules = queries.rules(page.snapshot).set_index("rule_id")[page.title_column()]
    advice = queries.recommendations(page.snapshot, page.year)
    advice = advice[["school_id", "major_code", "sureness", f"lift_{page.language}", f"counter_{page.language}"]]
    advice.columns = ["school_id", "major_code", "sureness", "lift", "counter"]
    told = rows.merge(queries.last_year_values(page.snapshot, page.year, "employment_rate"), on=["school_id", "major_code"], how="left")
    told = told.merge(queries.indicator_history(page.snapshot, "employment_rate"), on=["school_id", "major_code"], how="left")
    told = told.merge(advice, on=["school_id", "major_code"], how="left")
    told["placed_of"] = [
        f"{placed:.0f}/{graduates:.0f}" if pd.notna(graduates) and graduates > 0 else "—"
        for placed, graduates in zip(told["placed"], told["graduates"], strict=True)
    ]
    difference = (told["employment_rate"] - told["before"]) * 100
    told["change"] = ["—" if pd.isna(points) else page.say("list.points", points=points) for points in difference]
    told["rules"] = told["rules"].map(lambda ids: page.joined((rules[rule] for rule in ids.split(";") if rule), "clause"))
    return told


def _downloads(page: Page, every: pd.DataFrame, rows: pd.DataFrame, filters: dict[str, str], entries: pd.DataFrame) -> None:
    """Buttons for `rows`, or for `every` one; a file is made when somebody asks for it."""
    con = queries.connection(page.snapshot).cursor()
    st.caption(page.say("list.chosen_only"))
    left, middle, right, last, note = st.columns([1, 1, 1.1, 1.3, 0.8], vertical_alignment="center")
    by_district = right.checkbox(page.say("list.by_district"))
    everything = last.checkbox(page.say("list.everything"))
    keys, told = (None, {}) if everything else (rows, filters)
    by = "district_name" if by_district else ""
    note.markdown(page.say("list.exporting", count=len(every if everything else rows)))

    def listing() -> pd.DataFrame:
        return exports.warning_list(con, page.year, include_normal=True, keys=keys, language=page.language, entries=entries)

    page.download(left, page.say("list.csv"), lambda: exports.csv_bytes(listing()), page.file_name("list.file", "csv"))
    page.download(
        middle,
        page.say("list.xlsx"),
        lambda: exports.xlsx_bytes(listing(), con, page.language, by, told),
        page.file_name("list.file", "xlsx"),
    )
