"""方法说明: made from the dictionary, the SQL models and the policy: what each indicator is, and each rule as it is read."""

from importlib.resources import files

import pandas as pd
import streamlit as st

from dashboards import charts, queries
from dashboards.page import Page
from dashboards.tables import table
from warehouse.dictionary import dictionary
from warehouse.lineage import models

CHAPTERS = ("small", "soundness", "clusters", "demand", "trust", "forecast", "recommend")


def show(page: Page) -> None:
    """Draws the page."""
    st.title(page.say("method.title"))
    rules, indicators, chapters, terms = st.tabs([page.say(f"method.{tab}") for tab in ("rules", "indicators", "chapters", "terms")])
    with rules:
        _rules(page)
    with indicators:
        _indicators(page)
    with chapters:
        _chapters(page)
    with terms:
        rows = queries.published_columns(page.snapshot)
        language = page.language
        shown = rows[["table_name", "column_name", f"label_{language}", "unit", f"meaning_{language}", "source"]]
        shown = shown.assign(unit=shown["unit"].map(lambda unit: _unit(page, unit)))
        st.dataframe(shown.rename(columns={name: page.label(name) for name in shown.columns}), hide_index=True, height=560)


def _rules(page: Page) -> None:
    policy = queries.policy(page.snapshot)
    st.markdown(f"**{policy[page.title_column()]}**　{policy['basis']}")
    st.markdown(policy[f"note_{page.language}"])
    conditions, steps = queries.conditions(page.snapshot), queries.steps(page.snapshot)
    for rule_id, part in conditions.groupby("rule_id", sort=False):
        first = part.iloc[0]
        st.markdown(f"##### {first[page.title_column()]}")
        lines = [page.say("method.when", conditions=page.say("method.and").join(map(page.condition, part.itertuples())))]
        for step in steps[steps["rule_id"] == rule_id].itertuples():
            sure = "" if pd.isna(step.certainty) else page.say("method.certainty", certainty=page.percent(step.certainty))
            lines.append(
                page.say(
                    f"method.{step.kind}",
                    years="—" if pd.isna(step.years) else int(step.years),
                    span=step.span,
                    level=getattr(step, page.title_column()),
                    certainty=sure,
                )
            )
        if first["min_denominator"]:
            lines.append(page.say("method.min_denominator", persons=int(first["min_denominator"])))
        if first["max_gap"]:
            lines.append(page.say("method.max_gap", years=int(first["max_gap"])))
        if pd.notna(first["grace_years"]):
            lines.append(page.say("method.grace", years=int(first["grace_years"])))
        if first[f"source_{page.language}"]:
            lines.append(page.say("method.source", source=first[f"source_{page.language}"]))
        st.markdown("\n".join(f"- {line}" for line in lines))


def _indicators(page: Page) -> None:
    sql = {model.name: model.sql for model in models() if model.folder == "indicators"}
    for entry in dictionary().indicators.values():
        with st.expander(entry.label[page.language]):
            st.markdown(f"**{page.label('definition_zh')}** · {entry.definition[page.language]}")
            st.markdown(f"**{page.label('reading_zh')}** · {entry.reading[page.language]}")
            st.markdown(f"**{page.label('limits_zh')}** · {entry.limits[page.language]}")
            st.markdown(f"**{page.label('source')}** · {entry.source}　**{page.label('unit')}** · {_unit(page, entry.unit)}")
            st.code(sql[entry.name], language="sql")


def _unit(page: Page, unit: str) -> str:
    return page.unit(unit).strip() or (page.say(f"method.unit_{unit}") if unit else "")


def _chapters(page: Page) -> None:
    for chapter in CHAPTERS:
        st.markdown(f"##### {page.say(f'method.{chapter}_title')}")
        st.markdown(page.say(f"method.{chapter}_text"))
        if chapter == "soundness":
            _soundness(page)
        if chapter == "forecast":
            scores, calibration = queries.forecast_scores(page.snapshot), queries.calibration(page.snapshot)
            left, right = st.columns(2)
            with left:
                table(page, scores, ["method", "forecasts", "brier"], "scores")
                if not scores.empty:
                    st.markdown(page.say("method.beats" if scores.iloc[0]["method"] == "probability" else "method.beaten"))
            with right:
                page.chart(
                    charts.calibration(calibration, {"stated": page.label("mean_forecast"), "came_true": page.label("came_true")}),
                    "calibration",
                )


def _soundness(page: Page) -> None:
    rows = pd.read_csv(str(files("warehouse.reference") / "soundness.csv"))
    rows = rows[rows["policy"].isin(["default", "plain", "window-one-bar"])]
    left, right = st.columns(2)
    names = {policy: page.say(f"method.policy_{policy.replace('-', '_')}") for policy in rows["policy"].unique()}
    shown = pd.concat([rows.assign(name=rows["policy"].map(names)), rows[rows["policy"] == "default"].assign(name=page.say("method.limit"), seen_at_line=rows["limit"], wrong_at_bar=0.01)])  # fmt: skip
    for column, share in ((left, "seen_at_line"), (right, "wrong_at_bar")):
        with column:
            st.markdown(f"**{page.say(f'method.{share}')}**")
            page.chart(charts.lines_by(shown, "size", share, "name", is_ratio=True, height=340), share)
