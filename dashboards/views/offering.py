"""专业点: one offering, its level and why, every indicator over the years, and the rows of the files behind the numbers."""

from typing import Any

import pandas as pd
import streamlit as st

from dashboards import charts, queries
from dashboards.entering import plain, timeline
from dashboards.page import Page, is_refused, remember
from dashboards.tables import table
from warehouse.dictionary import dictionary
from warehouse.exports import why_unjudged
from warehouse.policy import presets


def show(page: Page) -> None:
    """Draws the page."""
    st.title(page.say("offering.title"))
    known = queries.offerings(page.snapshot)
    if is_refused(page, known.set_index("school_id")["school_name"].to_dict(), "school"):
        return
    school, major = _chosen(page, known)
    history = queries.offering_history(page.snapshot, school, major)
    entry = queries.offerings(page.snapshot).query("school_id == @school and major_code == @major").iloc[0]
    st.header(f"{entry['school_name']}　{entry['major_name']}")
    st.caption(page.say("offering.district_of", district=entry["district_name"], code=major, group=entry["group_name"]))
    former = queries.former_codes(page.snapshot, school, major)
    if not former.empty:
        told = page.joined(
            (
                page.say("offering.former", code=code, name=name, datasets=page.joined(_in_years(page, row) for row in part.itertuples()))
                for (code, name), part in former.groupby(["code", "former_name"], sort=False)
            ),
            "clause",
        )
        st.caption(page.say("offering.continues", former=told, code=major))
    now = history[history["year"] == page.year]
    if now.empty:
        st.info(page.say("offering.not_assessed", year=page.year))
    else:
        _verdict(page, now.iloc[0], entry, history)
        _recommendation(page, school, major)
    _decisions(page, school, major)
    _rules(page, school, major)
    _indicators(page, school, major)
    _small_cohorts(page, school, major)
    _peers(page, school, major)
    _doubts(page, school, major)
    _sources(page, school, major)


def _in_years(page: Page, row: Any) -> str:
    dataset = page.dataset(row.dataset)
    if row.first_year == row.last_year:
        return page.say("offering.former_year", dataset=dataset, first=row.first_year)
    return page.say("offering.former_years", dataset=dataset, first=row.first_year, last=row.last_year)


def _chosen(page: Page, known: pd.DataFrame) -> tuple[str, str]:
    left, right = st.columns(2)
    worst = queries.warnings_of_year(page.snapshot, page.year).iloc[0]
    schools = dict(zip(known["school_id"], known["school_name"]))
    asked = st.query_params.get("school", worst["school_id"])
    school = left.selectbox(
        page.say("offering.school"),
        list(schools),
        format_func=schools.__getitem__,
        index=list(schools).index(asked) if asked in schools else 0,
    )
    own = known[known["school_id"] == school]
    majors = {code: name + page.say("frame.in_brackets", text=code) for code, name in zip(own["major_code"], own["major_name"])}
    wanted = st.query_params.get("major", worst["major_code"])
    major = right.selectbox(
        page.say("offering.major"),
        list(majors),
        format_func=majors.__getitem__,
        index=list(majors).index(wanted) if wanted in majors else 0,
        key=f"major-{school}",
    )
    remember(school=school, major=major)
    return str(school), str(major)


def _verdict(page: Page, row: pd.Series, entry: pd.Series, history: pd.DataFrame) -> None:
    levels = queries.levels(page.snapshot).set_index("level")
    title = page.title_column()
    numbers = [
        ("level", levels.loc[row["level"], title]),
        ("action", page.word("action", row["action"])),
        ("plan", page.figure(row["plan"], "persons")),
        ("recommended", page.figure(row["recommended_plan"], "persons")),
        ("status", page.word("catalogue_status", entry["catalogue_status"])),
    ]
    for column, (key, value) in zip(st.columns([1, 1.4, 1, 1, 1]), numbers, strict=True):
        column.metric(page.say(f"offering.{key}"), value, border=True)
    st.markdown(f"**{page.say('offering.recommended')}** · {_arithmetic(page, row, levels)}")
    st.markdown(
        "**"
        + page.say("offering.history")
        + "** · "
        + "　→　".join(f"{year} {levels.loc[level, title]}" for year, level in zip(history["year"], history["level"]))
    )
    st.subheader(page.say("offering.reasons"))
    reasons = queries.offering_reasons(page.snapshot, row["school_id"], row["major_code"], page.year)
    if reasons.empty:
        st.markdown(page.say("offering.no_reason"))
        return
    if row["is_spared"]:
        st.markdown(page.say("offering.spared", level=levels.loc[row["level"], title]))
    for text, source in zip(reasons[f"text_{page.language}"], reasons[f"source_{page.language}"], strict=True):
        basis = page.say("offering.basis", source=source) if pd.notna(source) else ""
        st.markdown(f"- {plain(text + basis)}")
    reached, conditions = reasons[reasons["kind"] == "rule"], queries.conditions(page.snapshot)
    told = reached.assign(
        rule=reached[title],
        years=[page.joined(years.split(";")) for years in reached["years"]],
        threshold=[
            page.joined((page.condition(row) for row in conditions[conditions["rule_id"] == rule].itertuples()), "clause")
            for rule in reached["rule_id"]
        ],
    )
    columns = ["rule", "level", "threshold", "run_years", "years", "k", "n", "certainty"]
    table(
        page,
        told,
        [column for column in columns if told[column].notna().any()],
        "reached",
        headings={"rule": page.say("list.rule")},
    )


def _decisions(page: Page, school: str, major: str) -> None:
    entries = queries.ledger_entries(page.snapshot, page.data)
    own = entries[(entries["school_id"] == school) & (entries["major_code"] == major)]
    if not own.empty:
        st.subheader(page.say("offering.decisions"))
        timeline(page, own)
        told = queries.implementation(page.snapshot).query("school_id == @school and major_code == @major")
        for row in told.itertuples():
            st.markdown(f"- {row.year} · {page.word('act', row.act)} · {getattr(row, f'text_{page.language}')}")


def _arithmetic(page: Page, row: pd.Series, levels: pd.DataFrame) -> str:
    if pd.isna(row["plan"]):
        return page.say("offering.no_plan")
    if row["action"] == "stop":
        return page.say("offering.arithmetic_stop")
    if row["action"] == "reduce":
        cut, size = levels.loc[row["level"], "cut"], queries.policy(page.snapshot)["class_size"]
        return page.say(
            f"offering.arithmetic_{row['plan_rule']}",
            plan=int(row["plan"]),
            cut="" if pd.isna(cut) else f"{cut:.0%}",
            classes="" if pd.isna(size) else page.say("offering.whole_classes", size=int(size)),
            recommended=int(row["recommended_plan"]),
        )
    return page.say("offering.arithmetic_keep", year=int(row["plan_year"]))


def _recommendation(page: Page, school: str, major: str) -> None:
    found = queries.recommendation(page.snapshot, school, major, page.year)
    if found.empty:
        return
    row, titles = found.iloc[0], queries.levels(page.snapshot).set_index("level")[page.title_column()].to_dict()
    st.subheader(page.say("offering.recommendation"))
    variants = queries.variant_levels(page.snapshot, school, major, page.year)
    flagging = variants[(variants["level_rank"] > 0) & variants["variant"].isin(presets())]["variant"]
    names = page.say("frame.in_brackets", text=page.joined(map(page.preset, flagging))) if len(flagging) else ""
    lines = [
        page.say("offering.sureness", sureness=page.word("sureness", row["sureness"]), meaning=page.say(f"offering.{row['sureness']}")),
        page.say("offering.stability", lower=titles.get(row["level_lower"], row["level_lower"]), higher=titles.get(row["level_higher"], row["level_higher"]),
                 flagging=int(row["presets_flagging"]), presets=int(row["presets"]), names=names),
        page.say("offering.lift", lift=row[f"lift_{page.language}"]),
    ]  # fmt: skip
    if row[f"counter_{page.language}"]:
        lines.append(page.say("offering.counter", counter=row[f"counter_{page.language}"]))
    st.markdown("\n".join(f"- {line}" for line in lines))


def _small_cohorts(page: Page, school: str, major: str) -> None:
    rows = queries.pooled_rates(page.snapshot, school, major)
    if rows.empty:
        return
    st.subheader(page.say("offering.small"))
    st.caption(page.say("offering.small_help"))
    left, right = st.columns([3, 2])
    with left:
        names = {name: page.label(name) for name in ("rate", "pooled_rate", "expected_rate")}
        page.chart(charts.pooled_line(rows, names), "pooled")
    with right:
        last = rows.iloc[-1]
        if pd.notna(last["gain"]):
            st.markdown(page.say("offering.gain", year=int(last["year"]), gain=f"{last['gain'] * 100:+.1f}", low=f"{last['gain_low'] * 100:+.1f}",
                                 high=f"{last['gain_high'] * 100:+.1f}", expected=page.percent(last["expected_rate"])))  # fmt: skip
        forecast = queries.forecast(page.snapshot, school, major, page.year)
        scores = queries.forecast_scores(page.snapshot)
        if not forecast.empty and not scores.empty and scores.iloc[0]["method"] == "probability":
            st.markdown(page.say("offering.forecast", year=page.year + 1, probability=page.percent(forecast.iloc[0]["probability"])))


def _peers(page: Page, school: str, major: str) -> None:
    rows = queries.peers(page.snapshot, major, page.year)
    rows = rows[rows["school_id"] != school]
    st.subheader(page.say("offering.peers", count=len(rows)))
    table(
        page,
        rows,
        ["level", "school_name", "district_name", "plan", "registered", "employment_rate", "graduates"],
        "peers",
        opens="offering",
    )


def _doubts(page: Page, school: str, major: str) -> None:
    rows = queries.doubts(page.snapshot, page.year, school, major)
    if not rows.empty:
        st.subheader(page.say("quality.doubts", count=len(rows)))
        st.caption(page.say("quality.doubts_help"))
        table(page, rows, ["kind", f"text_{page.language}"], "doubts")


def _rules(page: Page, school: str, major: str) -> None:
    st.subheader(page.say("offering.rules"))
    st.caption(page.say("offering.rules_help"))
    states = queries.offering_states(page.snapshot, school, major)
    judged = {"breach": page.say("state.breach"), "pass": page.say("state.pass")}
    states["shown"] = [
        judged[state] if state in judged and not why else why_unjudged(why, page.language)
        for state, why in zip(states["state"], states["unjudged"], strict=True)
    ]
    grid = states.pivot(index=["rule_order", page.title_column()], columns="year", values="shown").reset_index(level=0, drop=True)
    grid.index.name = page.say("list.rule")
    grid.columns = [str(year) for year in grid.columns]
    colours = {page.say("state.breach"): "background-color: #f6d5d1; color: #7b1e14", page.say("state.pass"): "color: #2f6b3a"}
    st.dataframe(grid.style.map(lambda word: colours.get(word, "color: #8a94a0")), key="states")


def _indicators(page: Page, school: str, major: str) -> None:
    st.subheader(page.say("offering.indicators"))
    st.caption(page.say("offering.indicators_help"))
    values, targets = queries.offering_indicators(page.snapshot, school, major), queries.targets(page.snapshot)
    names = {key: page.say(f"offering.{key}") for key in ("interval", "median", "target")}
    present = [entry for entry in dictionary().indicators.values() if values.loc[values["indicator"] == entry.name, "value"].notna().any()]
    for start in range(0, len(present), 3):
        for column, entry in zip(st.columns(3), present[start : start + 3]):
            own = values[values["indicator"] == entry.name]
            latest = own[own["value"].notna()].iloc[-1]
            with column:
                st.markdown(
                    f"**{entry.label[page.language]}**　{_stated(page, latest, entry.unit)}",
                    help=page.joined((told[page.language] for told in (entry.definition, entry.reading, entry.limits)), "sentence"),
                )
                thresholds = targets.loc[targets["indicator"] == entry.name, "threshold"].drop_duplicates()
                lines = {threshold: page.figure(threshold, entry.unit) for threshold in thresholds}
                figure = charts.indicator_line(own, entry.unit, lines, {**names, "value": entry.label[page.language]})
                st.plotly_chart(figure, width="stretch", config={"displaylogo": False}, key=f"chart-{entry.name}")
    with st.expander(page.say("offering.values")):
        units = {entry.name: entry.unit for entry in present}
        told = values[values["indicator"].isin(units)]
        st.dataframe(
            pd.DataFrame(
                {
                    page.label("indicator"): told["indicator"].map(page.label),
                    page.label("year"): told["year"].astype(str),
                    page.label("value"): [_stated(page, row, units[row["indicator"]]) for _, row in told.iterrows()],
                    page.say("offering.interval"): [
                        f"{row['low']:.1%} – {row['high']:.1%}" if pd.notna(row["low"]) else "—" for _, row in told.iterrows()
                    ],
                    page.label("area_median"): [page.figure(row["area_median"], units[row["indicator"]]) for _, row in told.iterrows()],
                }
            ),
            hide_index=True,
            key="values",
        )
        evaluations = queries.evaluations(page.snapshot, school, major)
        if not evaluations.empty:
            st.markdown(f"**{dictionary().tables['evaluation'].label[page.language]}**")
            table(page, evaluations, ["year", "sample", "verified_employed", "satisfaction"], "evaluations")


def _stated(page: Page, row: pd.Series, unit: str) -> str:
    value = page.figure(row["value"], unit)
    if pd.isna(row["denominator"]) or unit != "ratio":
        return value
    return page.say(
        "offering.fraction",
        value=value,
        numerator=int(row["numerator"]) if pd.notna(row["numerator"]) else "—",
        denominator=int(row["denominator"]),
    )


def _sources(page: Page, school: str, major: str) -> None:
    st.subheader(page.say("offering.sources"))
    st.caption(page.say("offering.sources_help"))
    rows = queries.offering_sources(page.snapshot, school, major)
    rows["standing"] = rows["standing"].map(lambda standing: page.say(f"standing.{standing}"))
    table(page, rows, ["year", "dataset", "file", "sheet", "row", "code", "standing", "replaced_by"], "sources")
