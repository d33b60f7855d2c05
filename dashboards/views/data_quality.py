"""数据质量: every file reconciled, what was rejected and why, what was replaced, and totals that disagree."""

from pathlib import Path

import pandas as pd
import streamlit as st

from dashboards import charts, queries
from dashboards.page import Page
from dashboards.tables import table
from warehouse import exports
from warehouse.dictionary import dictionary
from warehouse.lineage import models
from warehouse.precheck import precheck, take
from warehouse.settings import inbox_of
from warehouse.submissions import SUFFIXES


def show(page: Page) -> None:
    """Draws the page."""
    st.title(page.say("quality.title"))
    files = queries.submissions(page.snapshot)
    sums = {key: int(files[f"rows_{key}"].sum()) for key in ("found", "accepted", "rejected", "skipped", "superseded")}
    st.markdown(page.say("quality.lead", files=len(files), **sums))
    for column, key in zip(st.columns(5), sums, strict=True):
        column.metric(page.label(f"rows_{key}"), f"{sums[key]:,}", border=True)
    tabs = st.tabs([page.say(f"quality.tab_{name}") for name in ("rejects", "deliveries", "doubts", "files", "upload", "lineage")])
    with tabs[0]:
        _rejects(page)
        _listing(page, "totals", queries.totals_that_disagree(page.snapshot))
        _listing(page, "superseded", queries.superseded_rows(page.snapshot))
    with tabs[1]:
        _deliveries(page)
    with tabs[2]:
        _doubts(page)
    with tabs[3]:
        _files(page, files)
    with tabs[4]:
        _upload(page)
    with tabs[5]:
        _lineage(page)


def _deliveries(page: Page) -> None:
    st.caption(page.say("quality.deliveries_help"))
    rows = queries.deliveries(page.snapshot)
    rows = rows[rows["dataset"].isin(["enrolment", "graduates", "roster"]) & rows["year"].between(page.year - 2, page.year)]
    due = rows["year"].astype(str) + " " + rows["dataset"].map(page.dataset)
    page.chart(charts.delivery_calendar(rows.assign(due=due)), "deliveries")
    missing = queries.missing_reports(page.snapshot, page.year)
    st.subheader(page.say("quality.missing", count=len(missing)))
    st.caption(page.say("quality.missing_help"))
    table(page, missing, ["district_name", "school_name", "major_name", "due"], "missing", opens="offering")


def _doubts(page: Page) -> None:
    rows = queries.doubts(page.snapshot, page.year)
    st.subheader(page.say("quality.doubts", count=len(rows)))
    st.caption(page.say("quality.doubts_help"))
    table(
        page, rows, ["kind", "district_name", "school_name", "major_name", f"text_{page.language}"], "doubts", opens="offering", height=460
    )
    withdrawn = queries.withdrawn_enrolment(page.snapshot, page.year)
    st.subheader(page.say("quality.withdrawn", count=len(withdrawn)))
    table(page, withdrawn, ["year", "school_name", "code", "written_name", "plan", "registered", "file", "row"], "withdrawn")


def _upload(page: Page) -> None:
    st.markdown(page.say("quality.upload_help"))
    left, right = st.columns([2, 1], vertical_alignment="bottom")
    form = left.selectbox(page.say("quality.template"), list(dictionary().datasets), format_func=page.dataset)
    page.download(right, page.say("quality.template_get"), exports.template_xlsx(form), f"{dictionary().datasets[form].label.zh}.xlsx")
    if not page.may("upload"):
        return
    files = st.file_uploader(page.say("quality.upload"), accept_multiple_files=True, type=[suffix.removeprefix(".") for suffix in SUFFIXES])
    if not files:
        return
    inbox = inbox_of(page.data)
    with st.spinner(page.say("quality.checking")):
        rejects, rows = precheck({Path(file.name).name: file.getvalue() for file in files}, inbox, queries.reference_files(page.snapshot))
    st.markdown(page.say("quality.checked", **rows))
    if rejects.empty:
        st.success(page.say("quality.all_fine"))
    else:
        st.dataframe(
            rejects[["file", "sheet", "row", "column", "value", "reason"]].astype("string").fillna("").rename(columns=_reject_labels(page)),
            hide_index=True,
        )
    if st.button(page.say("quality.take"), type="primary"):
        for file in files:
            take(Path(file.name).name, file.getvalue(), inbox)
            page.noted("upload", Path(file.name).name)
        st.success(page.say("quality.taken", count=len(files)))


def _lineage(page: Page) -> None:
    st.markdown(page.say("quality.lineage_help"))
    kept = {"schools", "enrolment", "graduates", "roster", "offering_year", "indicator", "indicator_value", "rule_condition", "rule_state", "rule_run",
            "step_year", "rule_reached", "warning_level", "warning_reason", "warning", "reported_row"}  # fmt: skip
    edges = sorted({(source, model.name) for model in models() for source in model.reads if {source, model.name} <= kept})
    told = dictionary().tables
    label = {name: told[name].label[page.language] if name in told else name for name in kept}
    lines = "; ".join(f'"{label[source]}" -> "{label[target]}"' for source, target in edges)
    st.graphviz_chart(f"digraph {{ rankdir=LR; node [shape=box, style=rounded, fontsize=11, fontname=sans]; {lines} }}")


def _rejects(page: Page) -> None:
    con = queries.connection(page.snapshot).cursor()
    rejects = exports.reject_list(con, page.language)
    st.subheader(page.say("quality.rejects", count=len(rejects)))
    if rejects.empty:
        st.info(page.say("quality.no_rejects"))
        return
    labels = _reject_labels(page)
    st.dataframe(
        rejects.astype({"row": "string"}).fillna("").rename(columns=labels),
        hide_index=True,
        key="rejects",
        column_config={labels["reason"]: st.column_config.TextColumn(width="large")},
    )
    left, right, _ = st.columns([1, 1, 4])
    page.download(left, page.say("list.csv"), exports.csv_bytes(rejects), page.file_name("quality.file", "csv"))
    page.download(right, page.say("list.xlsx"), exports.xlsx_bytes(rejects, con, page.language), page.file_name("quality.file", "xlsx"))


def _reject_labels(page: Page) -> dict[str, str]:
    names = {"file": "file", "sheet": "sheet", "row": "row", "column": "header", "value": "value", "reason": "reason_zh"}
    return {name: page.label(label) for name, label in names.items()}


def _listing(page: Page, key: str, rows: pd.DataFrame) -> None:
    st.subheader(page.say(f"quality.{key}", count=len(rows)))
    if rows.empty:
        st.info(page.say(f"quality.no_{key}"))
        return
    table(page, rows, list(rows.columns), key)


def _files(page: Page, files: pd.DataFrame) -> None:
    st.subheader(page.say("quality.files"))
    if st.checkbox(page.say("quality.only_problems"), key="only-problems"):
        files = files[files["entries"] > 0]
    names = ["file", "datasets", "rows_found", "rows_accepted", "rows_rejected", "rows_skipped", "rows_superseded", "ignored_columns"]
    table(page, files, names, "files", headings={name: page.label(name) for name in names})
