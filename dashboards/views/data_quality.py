"""数据质量: every file reconciled, what was rejected and why, what was replaced, and totals that disagree."""

import pandas as pd
import streamlit as st

from dashboards import queries
from dashboards.page import Page
from warehouse import exports
from warehouse.dictionary import dictionary


def show(page: Page) -> None:
    """Draws the page."""
    st.title(page.say("quality.title"))
    files = queries.submissions(page.snapshot)
    sums = {key: int(files[f"rows_{key}"].sum()) for key in ("found", "accepted", "rejected", "skipped", "superseded")}
    st.markdown(page.say("quality.lead", files=len(files), **sums))
    for column, key in zip(st.columns(5), sums, strict=True):
        column.metric(page.label(f"rows_{key}"), f"{sums[key]:,}")
    _rejects(page)
    _listing(page, "totals", queries.totals_that_disagree(page.snapshot))
    _listing(page, "superseded", queries.superseded_rows(page.snapshot))
    _files(page, files)


def _rejects(page: Page) -> None:
    con = queries.connection(page.snapshot).cursor()
    rejects = exports.reject_list(con, page.language)
    st.subheader(page.say("quality.rejects", count=len(rejects)))
    if rejects.empty:
        st.info(page.say("quality.no_rejects"))
        return
    labels = {
        "file": page.label("file"),
        "sheet": page.label("sheet"),
        "row": page.label("row"),
        "column": page.label("header"),
        "value": page.label("value"),
        "reason": page.label("reason_zh"),
    }
    st.dataframe(
        rejects.astype({"row": "string"}).fillna("").rename(columns=labels),
        hide_index=True,
        key="rejects",
        column_config={labels["reason"]: st.column_config.TextColumn(width="large")},
    )
    left, right, _ = st.columns([1, 1, 4])
    left.download_button(
        page.say("list.csv"), exports.csv_bytes(rejects), page.file_name("quality.file", "csv"), "text/csv", width="stretch"
    )
    right.download_button(
        page.say("list.xlsx"), exports.xlsx_bytes(rejects, con, page.language), page.file_name("quality.file", "xlsx"), width="stretch"
    )


def _listing(page: Page, key: str, rows: pd.DataFrame) -> None:
    st.subheader(page.say(f"quality.{key}", count=len(rows)))
    if rows.empty:
        st.info(page.say(f"quality.no_{key}"))
        return
    if "dataset" in rows:
        rows = rows.assign(
            dataset=rows["dataset"].map(lambda name: dictionary().datasets[name].label[page.language]), year=rows["year"].astype(str)
        )
    st.dataframe(rows.rename(columns={name: page.label(name) for name in rows.columns}), hide_index=True, key=key)


def _files(page: Page, files: pd.DataFrame) -> None:
    st.subheader(page.say("quality.files"))
    if st.checkbox(page.say("quality.only_problems"), key="only-problems"):
        files = files[files["entries"] > 0]
    names = ["file", "datasets", "rows_found", "rows_accepted", "rows_rejected", "rows_skipped", "rows_superseded", "ignored_columns"]
    shown = files[names].assign(
        datasets=files["datasets"].map(
            lambda known: "、".join(dictionary().datasets[name].label[page.language] for name in known.split(";") if name)
        )
    )
    st.dataframe(shown.rename(columns={name: page.label(name) for name in names}), hide_index=True, key="files")
