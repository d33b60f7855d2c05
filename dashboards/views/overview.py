"""总览: how many offerings stand at each level, where, what changed since last year, and which five are worst."""

import pandas as pd
import streamlit as st

from dashboards import charts, queries
from dashboards.page import Page
from dashboards.tables import table


def show(page: Page) -> None:
    """Draws the page."""
    st.title(page.say("overview.title"))
    levels, counts = queries.levels(page.snapshot), queries.level_counts(page.snapshot)
    rows = queries.warnings_of_year(page.snapshot, page.year)
    flagged = rows[rows["level_rank"] > 0]
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(page.say("overview.lead", year=page.year, count=len(rows), flagged=len(flagged)), width="content")
        page.link("list", page.say("overview.open_flagged"))
        page.link("list", page.say("overview.open_all"), level=levels["level"].tolist())
    _level_numbers(page, levels, counts)
    left, right = st.columns([3, 2])
    with left:
        st.subheader(page.say("overview.worst"))
        worst = flagged.sort_values(["level_rank", "employment_rate"], ascending=[False, True]).head(5)
        table(
            page,
            worst,
            ["level", "school_name", "major_name", "employment_rate", "recommended_plan"],
            "worst",
            opens="offering",
        )
        st.subheader(page.say("overview.trend"))
        page.chart(charts.stacked_levels(counts, "year", levels, page.language), "trend", "list", ("level", "year"))
    with right:
        st.subheader(page.say("overview.district"))
        tiles = rows.groupby(["district_code", "district_name"]).agg(
            offerings=("level", "size"), flagged=("level_rank", lambda rank: int((rank > 0).sum()))
        )
        page.chart(charts.district_tiles(tiles.reset_index(), {"share": page.say("overview.share")}), "tiles", "district", ("district",))
        st.caption(page.say("overview.tiles_help"))
    _changes(page, rows)
    st.subheader(page.say("overview.group"))
    by_group = rows.groupby(["group_code", "group_name", "level"]).size().reset_index(name="offerings")
    figure = charts.stacked_levels(by_group, "group_name", levels, page.language, is_horizontal=True, code="group_code")
    page.chart(figure, "group", "list", ("level", "group"))


def _level_numbers(page: Page, levels: pd.DataFrame, counts: pd.DataFrame) -> None:
    def count(year: int, level: str) -> int:
        return int(counts[(counts["year"] == year) & (counts["level"] == level)]["offerings"].sum())

    has_before = (counts["year"] == page.year - 1).any()
    for column, level in zip(st.columns(len(levels)), levels.iloc[::-1].itertuples(), strict=True):
        now, before = count(page.year, str(level.level)), count(page.year - 1, str(level.level))
        with column.container(border=True):
            st.metric(
                getattr(level, page.title_column()),
                page.figure(now, "points"),
                page.say("overview.change", change=now - before) if has_before else page.say("overview.no_change"),
                delta_color="off" if level.level_rank == 0 or not has_before or now == before else "inverse",
                delta_arrow="auto" if has_before and now != before else "off",
            )
            page.link("list", page.say("overview.open_list"), level=str(level.level))


def _changes(page: Page, rows: pd.DataFrame) -> None:
    changed = rows[rows["moved"].notna()]
    st.subheader(page.say("overview.changes"))
    for column, move in zip(st.columns(4), queries.MOVES, strict=True):
        moved = changed[changed["moved"] == move]
        with column.container(border=True):
            st.metric(page.say(f"overview.{move}"), page.figure(len(moved), "points"))
            page.link("list", page.say("overview.open_list"), moved=move, level=sorted(moved["level"].unique()))
    st.markdown(f"**{page.say('overview.change_list', count=len(changed))}**　{page.say('overview.pick')}")
    told = changed.assign(moved=changed["moved"].map(lambda move: page.say(f"overview.{move}")))
    reason = f"reason_{page.language}"
    table(page, told, ["moved", "previous_level", "level", "district_name", "school_name", "major_name", reason], "changes", opens="offering",
          height=330, headings={"moved": page.say("overview.changes"), reason: page.label("reason_zh")})  # fmt: skip
