"""预警清单: filters that combine and stay in the address, a table to sort, and the filtered list as CSV and XLSX."""

import pandas as pd
import streamlit as st

from dashboards import charts, queries
from dashboards.page import Page, go_to_picked, remember
from warehouse import exports


def show(page: Page) -> None:
    """Draws the page."""
    st.title(page.say("list.title"))
    rows = queries.warnings_of_year(page.snapshot, page.year)
    chosen = _filtered(page, rows)
    st.markdown(f"**{page.say('list.count', count=len(chosen))}**　{page.say('list.pick')}")
    if chosen.empty:
        st.info(page.say("frame.no_rows"))
        return
    _table(page, chosen)
    _downloads(page, chosen)


def _choose(page: Page, column, name: str, titles: dict[str, str], default: list[str]) -> list[str]:
    """A choice of several that starts from the address and goes back into it."""
    asked = [value for value in st.query_params.get_all(name) if value in titles] or default
    picked = column.multiselect(
        page.say(f"list.{name}"),
        list(titles),
        default=asked,
        format_func=titles.get,
        placeholder=page.say("frame.all"),
        key=f"list-{name}-{page.language}",
    )
    remember(**{name: picked})
    return picked


def _filtered(page: Page, rows: pd.DataFrame) -> pd.DataFrame:
    levels, rules = queries.levels(page.snapshot), queries.rules(page.snapshot)
    columns = st.columns([2, 1.5, 1, 1.5, 1.5])
    level = _choose(
        page,
        columns[0],
        "level",
        dict(zip(levels["level"][::-1], levels[page.title_column()][::-1])),
        levels[levels["level_rank"] > 0]["level"].tolist()[::-1],
    )
    rule = _choose(page, columns[1], "rule", dict(zip(rules["rule_id"], rules[page.title_column()])), [])
    district = _choose(page, columns[2], "district", _named(rows, "district_code", "district_name"), [])
    school = _choose(page, columns[3], "school", _named(rows, "school_id", "school_name"), [])
    group = _choose(page, columns[4], "group", _named(rows, "group_code", "group_name"), [])
    keep = rows["level"].isin(level) if level else pd.Series(True, index=rows.index)
    for column, wanted in (("district_code", district), ("school_id", school), ("group_code", group)):
        if wanted:
            keep &= rows[column].isin(wanted)
    if rule:
        keep &= rows["rules"].map(lambda ids: bool(set(ids.split(";")) & set(rule)))
    return rows[keep].reset_index(drop=True)


def _named(rows: pd.DataFrame, code: str, name: str) -> dict[str, str]:
    pairs = rows[[code, name]].drop_duplicates().sort_values(code)
    return dict(zip(pairs[code], pairs[name]))


def _table(page: Page, rows: pd.DataFrame) -> None:
    levels = queries.levels(page.snapshot)
    titles = levels.set_index("level")[page.title_column()]
    rules = queries.rules(page.snapshot).set_index("rule_id")[page.title_column()]
    colours = {titles[level]: colour for level, colour in charts.level_colours(levels).items()}
    shown = pd.DataFrame(
        {
            page.label("level"): rows["level"].map(titles),
            page.label("district_name"): rows["district_name"],
            page.label("school_name"): rows["school_name"],
            page.label("major_name"): rows["major_name"],
            page.label("action"): rows["action"].map(lambda action: page.word("action", action)),
            page.heading("plan"): rows["plan"],
            page.heading("recommended_plan"): rows["recommended_plan"],
            page.heading("registered"): rows["registered"],
            page.heading("employment_rate"): rows["employment_rate"],
            page.say("list.employment_fraction"): [
                f"{placed:.0f}/{graduates:.0f}" if graduates > 0 else "—" for placed, graduates in zip(rows["placed"], rows["graduates"])
            ],
            page.heading("same_major_points"): rows["same_major_points"],
            page.label("rules"): rows["rules"].map(lambda ids: "；".join(rules[rule] for rule in ids.split(";") if rule)),
            page.label("major_code"): rows["major_code"],
        }
    )
    styled = shown.style.map(
        lambda title: f"color: white; background-color: {colours.get(title, '#888')}", subset=[page.label("level")]
    ).format(page.percent, subset=[page.heading("employment_rate")])
    go_to_picked(
        page,
        st.dataframe(styled, hide_index=True, on_select="rerun", selection_mode="single-row", height=520, key="list"),
        rows,
    )


def _downloads(page: Page, rows: pd.DataFrame) -> None:
    con = queries.connection(page.snapshot).cursor()
    listing = exports.warning_list(con, page.year, include_normal=True, keys=rows, language=page.language)
    left, right, _ = st.columns([1, 1, 4])
    left.download_button(page.say("list.csv"), exports.csv_bytes(listing), page.file_name("list.file", "csv"), "text/csv", width="stretch")
    right.download_button(
        page.say("list.xlsx"),
        exports.xlsx_bytes(listing, con, page.language),
        page.file_name("list.file", "xlsx"),
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        width="stretch",
    )
