"""设置雷同: where the same is taught too often, who should stay and why, and which schools and majors resemble each other."""

import pandas as pd
import streamlit as st

from dashboards import charts, queries
from dashboards.page import Page, choose
from dashboards.tables import table

MOST_SCHOOLS = 60  # a matrix of more can't be read: then one district at a time


def show(page: Page) -> None:
    """Draws the page."""
    st.title(page.say("duplication.title"))
    schools = queries.school_indicators(page.snapshot, page.year)
    names = dict(sorted(zip(schools["district_code"], schools["district_name"], strict=True)))
    whole = {"": page.say("frame.all")} if len(schools) <= MOST_SCHOOLS else {}
    district = choose(page, "district", whole | names, page.say("list.district"))
    crowding = queries.crowding(page.snapshot, page.year)
    if district:
        schools = schools[schools["district_code"] == district]
        crowding = crowding[~crowding["area_id"].isin(names) | (crowding["area_id"] == district)]
    clusters, similarity, pairs = st.tabs([page.say(f"duplication.{tab}") for tab in ("clusters", "schools", "pairs")])
    with clusters:
        _clusters(page, crowding, district)
    with similarity:
        _schools(page, schools, district)
    with pairs:
        st.caption(page.say("duplication.pairs_help"))
        table(page, queries.major_pairs(page.snapshot), ["similarity", "major_name", "other_name", "is_same_class", "name_overlap", "course_overlap",
              "occupation_overlap", "common_courses", "common_occupations"], "pairs", headings={"other_name": page.label("other_code")}, height=560)  # fmt: skip


def _clusters(page: Page, crowding: pd.DataFrame, district: str) -> None:
    if crowding.empty:
        st.info(page.say("duplication.none"))
    else:
        names = {place: f"{row.major_name}　{page.figure(row.cluster_points, 'points')}" for place, row in enumerate(crowding.itertuples())}
        place = st.selectbox(page.say("duplication.pick"), list(names), format_func=names.__getitem__)
        row = crowding.iloc[place]
        st.markdown(page.say("duplication.proposal", points=int(row["cluster_points"]), kept=int(row["kept_points"]),
                             pupils=int(row["pupils_to_place"]), room=int(row["room"])))  # fmt: skip
        points = queries.cluster_points(page.snapshot, page.year, row["area_id"], row["cluster_code"])
        table(page, points, ["keep_rank", "is_kept", "school_name", "district_name", "major_name", "score", "employment_part", "intake_part",
                             "retention_part", "matched_part", "plan", "registered", "room"], "points", opens="offering")  # fmt: skip
        st.caption(page.say("duplication.score_help"))
    st.subheader(page.say("duplication.matrix"))
    page.chart(
        charts.offering_matrix(queries.active_offerings(page.snapshot, page.year, district), queries.levels(page.snapshot), page.language),
        "matrix",
    )


def _schools(page: Page, known: pd.DataFrame, district: str) -> None:
    table(page, known, ["school_name", "district_name", "major_count", "pupils_per_major", "overlap_share", "twin_school", "twin_similarity"], "schools",
          headings={"twin_school": page.label("twin_school_id")}, opens="school")  # fmt: skip
    st.subheader(page.say("duplication.similarity"))
    page.chart(charts.similarity_matrix(queries.school_pairs(page.snapshot, page.year, district)), "similarity")
