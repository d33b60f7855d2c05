"""政策模拟: another policy over the same facts, judged in memory, against the policy in force; nothing is published."""

from decimal import Decimal

import pandas as pd
import streamlit as st

from dashboards import queries
from dashboards.page import Page
from dashboards.tables import table
from warehouse.dictionary import dictionary
from warehouse.exports import table_xlsx
from warehouse.policy import COMPARISONS, Policy, PolicyError, parse_policy, presets, read_policy, write_policy
from warehouse.variants import judge_variant, over_snapshot, shifted

KEPT = "kept-variants"
CHANGES = ["enters", "leaves", "rises", "falls"]
MOVED = ["change", "district_name", "school_name", "major_name", "level", "new_level", "plan"]


@st.cache_resource(max_entries=4, show_spinner=False)
def _desk(snapshot: str):
    """One connection in memory over a snapshot, shared by the sessions of this process; the lock keeps its variants apart."""
    from pathlib import Path
    from threading import Lock

    opened = over_snapshot(Path(snapshot))
    return opened, opened.__enter__(), Lock()


@st.cache_data(max_entries=64, show_spinner=False)
def _judged(snapshot: str, policy: str, in_force: str) -> pd.DataFrame:
    _, con, lock = _desk(snapshot)
    with lock:
        return judge_variant(con, Policy.model_validate_json(policy), Policy.model_validate_json(in_force), "snapshot_file.main")


def show(page: Page) -> None:
    """Draws the page."""
    st.title(page.say("simulation.title"))
    st.caption(page.say("simulation.help"))
    in_force = Policy.model_validate_json(queries.snapshot_row(page.snapshot)["policy_json"])
    left, right = st.columns([2, 3])
    with left:
        policy = _edited(page, in_force)
    judged = _judged(str(page.snapshot.path), policy.model_dump_json(), in_force.model_dump_json())
    with right:
        rows = _compared(page, judged)
    _by_area_and_group(page, rows)
    _kept(page, policy, in_force)


def _edited(page: Page, in_force: Policy) -> Policy:
    """The policy as changed on the screen, from the one in force or a preset."""
    names = {"": page.say("simulation.in_force")} | {name: page.preset(name) for name in presets() if name != in_force.policy.id}
    start = st.selectbox(page.say("simulation.start"), list(names), format_func=names.__getitem__)
    base = read_policy(start) if start else in_force
    left, right = st.columns([2, 1], vertical_alignment="bottom")
    if right.button(page.say("simulation.reset"), width="stretch"):
        st.session_state["simulation-try"] = st.session_state.get("simulation-try", 0) + 1
    attempt = st.session_state.get("simulation-try", 0)
    goal = left.number_input(page.say("simulation.goal"), value=0.0, step=1.0, min_value=-50.0, max_value=50.0, format="%g", help=page.say("simulation.goal_help"),
                             key=f"goal-{start}-{attempt}")  # fmt: skip
    base = shifted(base, Decimal(str(goal)) / 100, {"employment_rate"})
    start = f"{start}-{goal}-{attempt}"
    tables = base.model_dump()
    for rule in tables["rule"]:
        title = (rule["title"] or {}).get(page.language, rule["id"])
        with st.expander(title, expanded=rule is tables["rule"][0]):
            for place, condition in enumerate(rule["conditions"]):
                _threshold(page, condition, f"{start}-{rule['id']}-{place}")
            for place, step in enumerate(rule["steps"]):
                _step(page, base, step, f"{start}-{rule['id']}-step-{place}")
            if not st.toggle(page.say("simulation.applies"), value=True, key=f"{start}-{rule['id']}-applies"):
                rule["steps"] = []
    tables["rule"] = [rule for rule in tables["rule"] if rule["steps"]]
    kept = {rule["id"] for rule in tables["rule"]}
    tables["escalation"] = [entry for entry in tables["escalation"] if set(entry["when"]) <= kept]
    return Policy.model_validate(tables)


def _threshold(page: Page, condition: dict, key: str) -> None:
    entry = dictionary().indicators[condition["indicator"]]
    comparison = next(name for name in COMPARISONS if condition[name] is not None)
    is_ratio = entry.unit == "ratio"
    value = float(condition[comparison]) * (100 if is_ratio else 1)
    sure = page.say("method.own_certainty", certainty=page.percent(float(condition["certainty"]))) if condition["certainty"] else ""
    label = f"{entry.label[page.language]} {page.comparison(condition['indicator'], comparison)}{' (%)' if is_ratio else ''}{sure}"
    told = st.number_input(label, value=value, step=1.0, min_value=0.0, format="%g", key=key)
    condition[comparison] = Decimal(str(told)) / (100 if is_ratio else 1)


def _step(page: Page, policy: Policy, step: dict, key: str) -> None:
    title = next(level.shown_title[page.language] for level in policy.level if level.id == step["level"])
    kind = next(name for name in ("years", "breaches", "window") if step[name] is not None)
    columns = st.columns([1, 1])
    step[kind] = int(
        columns[0].number_input(page.say(f"simulation.{kind}", level=title), value=step[kind], min_value=1, max_value=10, key=key)
    )
    if step["within"] is not None:
        step["within"] = max(step["within"], step["breaches"])
    if step["certainty"] is not None:
        told = columns[1].number_input(page.say("simulation.certainty"), value=float(step["certainty"]) * 100, min_value=50.0, max_value=99.9, step=1.0, format="%g",
                                       key=f"{key}-certainty")  # fmt: skip
        step["certainty"] = Decimal(str(told)) / 100


def _flagged(rows: pd.DataFrame, year: int) -> pd.DataFrame:
    return rows[rows["year"] == year].set_index(["school_id", "major_code"])


def _compared(page: Page, judged: pd.DataFrame) -> pd.DataFrame:
    """Draws who changes; every offering of the year with `change`."""
    rows = queries.warnings_of_year(page.snapshot, page.year).set_index(["school_id", "major_code"])
    other = _flagged(judged, page.year)
    rows = rows.join(other[["level", "level_rank", "recommended_plan"]].add_prefix("new_"), how="left")
    rows["change"] = "same"
    rows.loc[(rows["level_rank"] == 0) & (rows["new_level_rank"] > 0), "change"] = "enters"
    rows.loc[(rows["level_rank"] > 0) & (rows["new_level_rank"] == 0), "change"] = "leaves"
    rows.loc[(rows["level_rank"] > 0) & (rows["new_level_rank"] > rows["level_rank"]), "change"] = "rises"
    rows.loc[(rows["new_level_rank"] > 0) & (rows["new_level_rank"] < rows["level_rank"]), "change"] = "falls"
    flagged = int((rows["new_level_rank"] > 0).sum())
    figures: list[tuple[str, int, int | None]] = [(page.say("simulation.flagged"), flagged, flagged - int((rows["level_rank"] > 0).sum()))]
    figures += [(page.say(f"simulation.{change}"), int((rows["change"] == change).sum()), None) for change in CHANGES]
    for column, (label, value, delta) in zip(st.columns(5), figures, strict=True):
        column.metric(label, page.number(value), delta, delta_color="off", border=True)
    moved = rows[rows["change"] != "same"].reset_index()
    moved["change"] = moved["change"].map(lambda change: page.say(f"simulation.{change}"))
    headings = {"change": page.say("simulation.change"), "new_level": page.say("simulation.new_level")}
    if moved.empty:
        st.info(page.say("simulation.nobody"))
    else:
        table(page, moved, MOVED, "moved", headings=headings, opens="offering", height=480)
        con, words = queries.connection(page.snapshot).cursor(), {name: headings.get(name) or page.label(name) for name in MOVED}
        told = moved[MOVED].replace(queries.levels(page.snapshot).set_index("level")[page.title_column()].to_dict())
        book = table_xlsx(told, words, page.say("simulation.file"), con, page.language)
        page.download(st, page.say("simulation.export"), book, page.file_name("simulation.file", "xlsx"))
    return rows.reset_index()


def _by_area_and_group(page: Page, rows: pd.DataFrame) -> None:
    headings = {"now": page.say("simulation.in_force"), "then": page.say("simulation.then")} | {
        change: page.say(f"simulation.{change}") for change in CHANGES
    }
    for name, column in zip(("district_name", "group_name"), st.columns(2), strict=True):
        counts = pd.crosstab(rows[name], rows["change"]).reindex(columns=CHANGES, fill_value=0)
        flagged = rows.assign(now=rows["level_rank"] > 0, then=rows["new_level_rank"] > 0).groupby(name)[["now", "then"]].sum()
        with column:
            table(page, flagged.join(counts).reset_index(), [name, "now", "then", *CHANGES], f"by-{name}", height=400, headings=headings)


def _kept(page: Page, policy: Policy, in_force: Policy) -> None:
    st.subheader(page.say("simulation.side_by_side"))
    kept: dict[str, str] = st.session_state.setdefault(KEPT, {})
    left, middle, right = st.columns([2, 1, 1], vertical_alignment="bottom")
    name = left.text_input(page.say("simulation.name"), value=page.say("simulation.variant", number=len(kept) + 1))
    if middle.button(page.say("simulation.keep"), width="stretch") and name:
        kept[name] = policy.model_dump_json()
    text = write_policy(policy)
    try:
        parse_policy(text, "variant.toml")
        page.download(right, page.say("simulation.save"), text, f"{policy.policy.id}-variant.toml")
    except PolicyError as error:
        right.caption(error.told(page.language))
    chosen = st.multiselect(
        page.say("simulation.presets"),
        [entry for entry in presets() if entry != in_force.policy.id],
        format_func=page.preset,
        placeholder=page.say("frame.choose"),
        select_all=False,
    )
    columns = {
        page.say("simulation.in_force"): in_force.model_dump_json(),
        **kept,
        **{page.preset(entry): read_policy(entry).model_dump_json() for entry in chosen},
    }
    if len(columns) < 2:
        return
    rows = queries.warnings_of_year(page.snapshot, page.year).set_index(["school_id", "major_code"])
    titles = queries.levels(page.snapshot).set_index("level")[page.title_column()].to_dict()
    for title, told in columns.items():
        judged = _flagged(_judged(str(page.snapshot.path), told, in_force.model_dump_json()), page.year)
        rows[title] = judged["level"].map(lambda level: titles.get(level, level))
    differing = rows[rows[list(columns)].nunique(axis=1) > 1].reset_index()
    st.markdown(page.say("simulation.differing", count=len(differing)))
    table(
        page,
        differing,
        ["district_name", "school_name", "major_name", *columns],
        "side",
        headings={name: name for name in columns},
        opens="offering",
        height=320,
    )
