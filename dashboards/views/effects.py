"""落实与成效: whether decisions were carried out, what followed warnings, and how districts did."""

import pandas as pd
import streamlit as st

from dashboards import queries
from dashboards.page import Page
from dashboards.tables import table


def show(page: Page) -> None:
    """Draws the page."""
    st.title(page.say("effects.title"))
    done, after, districts = st.tabs([page.say(f"effects.{name}") for name in ("implementation", "aftermath", "districts")])
    with done:
        _implementation(page)
    with after:
        _aftermath(page)
    with districts:
        _districts(page)


def _implementation(page: Page) -> None:
    rows = queries.implementation(page.snapshot)
    if rows.empty:
        st.info(page.say("effects.no_decision"))
        return
    known = rows[rows["is_done"].notna()]
    carried = int(known["is_done"].astype(bool).sum())
    st.markdown(page.say("effects.done_told", done=carried, known=len(known), share=page.percent(carried / len(known) if len(known) else None),
                         pending=len(rows) - len(known)))  # fmt: skip
    only = st.toggle(page.say("effects.only_open"), value=True)
    shown = rows[rows["is_done"].ne(True)] if only else rows
    table(page, shown.reset_index(drop=True), ["year", "school_name", "major_name", "act", f"text_{page.language}", "district_name"],
          "implementation", opens="offering", height=480)  # fmt: skip


def _aftermath(page: Page) -> None:
    rows = queries.aftermath(page.snapshot)
    st.markdown(page.say("effects.aftermath_help"))
    if rows.empty:
        st.info(page.say("frame.no_rows"))
        return
    compared = rows[rows["difference"].notna()]
    summed = compared.groupby("act").agg(
        offerings=("act", "size"), rate_before=("rate_before", "mean"), rate_change=("rate_change", "mean"),
        change_compared=("change_compared", "mean"), difference=("difference", "mean"), spread=("difference", "sem"),
        registered_before=("registered_before", "sum"), registered_after=("registered_after", "sum"),
    ).reset_index()  # fmt: skip
    summed["interval"] = [
        page.say("effects.interval", low=f"{(mean - 1.96 * spread) * 100:+.1f}", high=f"{(mean + 1.96 * spread) * 100:+.1f}")
        if pd.notna(spread)
        else "—"
        for mean, spread in zip(summed["difference"], summed["spread"], strict=True)
    ]
    table(page, summed.sort_values("offerings", ascending=False), ["act", "offerings", "rate_before", "rate_change", "change_compared", "difference", "interval",
          "registered_before", "registered_after"], "aftermath", headings={"offerings": page.say("effects.cases"), "interval": page.say("effects.interval_of")})  # fmt: skip
    with st.expander(page.say("effects.each", count=len(rows))):
        table(page, rows, ["year", "level", "act", "school_name", "major_name", "rate_before", "rate_after", "rate_change", "change_compared", "difference",
                           "registered_before", "registered_after"], "each", opens="offering", height=420)  # fmt: skip


def _districts(page: Page) -> None:
    rows = queries.district_evaluation(page.snapshot, page.year)
    weights = queries.district_weights(page.snapshot)
    st.markdown(page.say("effects.districts_help", fulfilment=page.number(weights["fulfilment_weight"]), quality=page.number(weights["quality_report_weight"]),
                         monthly=page.number(weights["monthly_report_weight"])))  # fmt: skip
    if rows.empty:
        st.info(page.say("frame.no_rows"))
        return
    shares = {"quality": ("reports_delivered", "reports_due"), "monthly": ("monthly_delivered", "monthly_due")}
    told = rows.assign(**{f"{name}_of": [f"{a:.0f}/{b:.0f}" if pd.notna(a) and pd.notna(b) else "—" for a, b in zip(rows[over], rows[under], strict=True)]
                          for name, (over, under) in shares.items()})  # fmt: skip
    columns = ["district_rank", "district_name", "district_score", "plan_fulfilment", "registered", "plan", "quality_report_share", "quality_of", "monthly_report_share", "monthly_of"]  # fmt: skip
    headings = {"quality_of": page.say("effects.quality_of"), "monthly_of": page.say("effects.monthly_of")}
    table(page, told, columns, "districts", headings=headings, opens="district")
