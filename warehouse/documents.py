"""Notices, circulars and reports as Word files, from templates that the bureau edits in Word.

A template of the same name in DATA/templates goes before the one that ships. Placeholders are those of docxtpl: {{ name }} and, in the rows of
a table, {%tr for row in rows %}.
"""

import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import cache
from importlib.resources import files
from io import BytesIO
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd

from warehouse import decisions
from warehouse.palette import level_colours
from warehouse.settings import read_settings
from warehouse.texts import sentence

REPORTS = ("circular", "briefing", "analysis", "monthly")
KINDS = ("notices", *REPORTS)
ROWS_SHOWN = 30
NOT_IN_A_FILE_NAME = {ord(mark): "·" for mark in '/\\:*?<>|"'}


@dataclass(frozen=True)
class Office:
    """Who writes, when, and with which templates (a folder; may be absent)."""

    bureau: str
    today: date
    templates: Path

    @classmethod
    def of(cls, data: Path) -> "Office":
        """The office of this deployment, today, with the templates of a data folder."""
        return cls(read_settings().bureau.name or sentence("document.bureau", "zh"), datetime.now(UTC).date(), data / "templates")

    def template(self, name: str) -> BytesIO:
        """The bureau's own template of that name, else the one that ships."""
        own = self.templates / f"{name}.docx"
        return BytesIO(own.read_bytes() if own.exists() else (files("warehouse.templates") / f"{name}.docx").read_bytes())


def documents(
    con: duckdb.DuckDBPyConnection, entries: pd.DataFrame, office: Office, kinds: tuple[str, ...] = KINDS
) -> Iterator[tuple[str, bytes]]:
    """(file name, content) of every document of these kinds. `con`: the published snapshot; `entries`: the ledger's (Ledger.entries)."""
    heading = _heading(con, office)
    if "notices" in kinds:
        yield from _notices(con, entries, office, heading)
    for name in REPORTS:
        if name in kinds and (content := _CONTENT[name](con, entries)) is not None:
            yield f"{sentence(f'document.{name}', 'zh')}_{heading['year']}.docx", rendered(office, name, {**heading, **content})


def zipped(parts: Iterator[tuple[str, bytes]]) -> tuple[bytes, int]:
    """All documents in one file, and how many."""
    content, count = BytesIO(), 0
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, document in parts:
            archive.writestr(name, document)
            count += 1
    return content.getvalue(), count


def lay_out_templates(folder: Path) -> int:
    """Copies the templates that ship into a folder to be edited there; those already there stay. Returns how many were copied."""
    folder.mkdir(parents=True, exist_ok=True)
    missing = [
        entry for entry in files("warehouse.templates").iterdir() if entry.name.endswith(".docx") and not (folder / entry.name).exists()
    ]
    for entry in missing:
        (folder / entry.name).write_bytes(entry.read_bytes())
    return len(missing)


def rendered(office: Office, name: str, content: Mapping[str, Any]) -> bytes:
    """One document from its template; `chart_…` values are PNG bytes, or "" where no chart could be drawn."""
    from docx.shared import Mm
    from docxtpl import DocxTemplate, InlineImage

    template = DocxTemplate(office.template(name))
    pictures = {key: InlineImage(template, BytesIO(value), width=Mm(150)) for key, value in content.items() if isinstance(value, bytes)}
    template.render({**content, **pictures}, autoescape=True)
    target = BytesIO()
    template.save(target)
    return target.getvalue()


def _heading(con: duckdb.DuckDBPyConnection, office: Office) -> dict[str, Any]:
    row = con.execute("select assessment_year, snapshot_id, policy_title_zh, policy_basis, is_simulated from snapshot").fetchall()[0]
    today = office.today
    return {"bureau": office.bureau, "date": f"{today.year}年{today.month}月{today.day}日", "year": row[0], "next_year": row[0] + 1,
            "snapshot": row[1], "policy": row[2], "basis": row[3], "is_simulated": row[4]}  # fmt: skip


def _share(value: float | None) -> str:
    return "—" if value is None or pd.isna(value) else f"{value:.1%}"


def _count(value: float | None) -> str:
    return "—" if value is None or pd.isna(value) else f"{value:,.0f}"


# ------------------------------------------------------------------------------------------------ notices


def _notices(con: duckdb.DuckDBPyConnection, entries: pd.DataFrame, office: Office, heading: dict[str, Any]) -> Iterator[tuple[str, bytes]]:
    """One notice per school and sort of decision of the assessment year; flagged offerings that nobody decided on yet get the warning notice."""
    rows = con.execute(
        """
        select warning.school_id, school_name, warning.major_code, major_name, policy_level.title_zh as level, warning.action, reason_zh as reason, warning.plan, students,
               warning.level_rank
        from warning
        join snapshot on warning.year = assessment_year
        join schools on schools.school_id = warning.school_id
        join catalogue on catalogue.major_code = warning.major_code
        join policy_level on policy_level.level = warning.level
        left join roster on roster.year = warning.year and roster.school_id = warning.school_id and roster.major_code = warning.major_code
        order by warning.level_rank desc, warning.school_id, warning.major_code
        """
    ).df()
    standing = decisions.standing(entries)
    standing = standing.loc[standing["year"] == heading["year"], ["school_id", "major_code", "act", "decided_plan", "until", "reason"]]
    rows = rows.merge(standing.rename(columns={"reason": "decision_reason"}), on=["school_id", "major_code"], how="left").fillna(
        {"act": "none"}
    )
    rows = rows[(rows["level_rank"] > 0) | (rows["act"] != "none")]
    notices = rows["act"].map({name: act.notice for name, act in decisions.ACTS.items()} | {"none": "observe"})
    for kind in sorted(set(notices) - {""}):
        for (school_id, school_name), own in rows[notices == kind].groupby(["school_id", "school_name"]):
            told = [{**row, "action": sentence(f"action.{row['action']}", "zh"), "plan": _count(row["plan"]), "students": _count(row["students"]),
                     "decided_plan": _count(row["decided_plan"]), "until": row["until"] or "", "decision_reason": row["decision_reason"] or ""}
                    for row in own.astype(object).where(own.notna(), None).to_dict("records")]  # fmt: skip
            folder = sentence(f"document.notice_{kind}", "zh")
            file = f"{school_id}_{school_name}".translate(NOT_IN_A_FILE_NAME)
            yield f"{folder}/{file}.docx", rendered(office, f"notice_{kind}", {**heading, "school_name": school_name, "offerings": told})


# ------------------------------------------------------------------------------------------------ reports


def _summary(con: duckdb.DuckDBPyConnection) -> dict[str, Any]:
    """What several reports say: how many were assessed and flagged, this year and the year before, by level."""
    levels = con.execute(
        """
        select title_zh as title, level_rank, count(*) filter (where year = assessment_year) as count,
               count(*) filter (where year = assessment_year - 1) as before
        from policy_level
        left join warning using (level, level_rank)
        cross join snapshot
        group by title_zh, level_rank
        order by level_rank desc
        """
    ).df()
    assessed, flagged = levels["count"].sum(), levels.loc[levels["level_rank"] > 0, "count"].sum()
    stop = con.execute("select count(*) from warning join snapshot on year = assessment_year where action = 'stop'").fetchall()[0][0]
    schools = con.execute("select count(distinct school_id) from warning join snapshot on year = assessment_year").fetchall()[0][0]
    return {
        "schools": schools, "assessed": _count(assessed), "flagged": _count(flagged), "flagged_share": _share(flagged / assessed if assessed else None),
        "flagged_before": _count(levels.loc[levels["level_rank"] > 0, "before"].sum()), "stop_count": stop,
        "levels": [{"title": row.title, "count": _count(row.count_), "share": _share(row.count_ / assessed if assessed else None), "change": f"{row.count_ - row.before:+d}"}
                   for row in levels.rename(columns={"count": "count_"}).itertuples()],
        "chart_levels": _chart_levels(con),
    }  # fmt: skip


def _done(con: duckdb.DuckDBPyConnection) -> dict[str, Any]:
    rows = con.execute(
        "select school_name, major_name, is_done, text_zh as text from implementation join schools using (school_id) join catalogue using (major_code) "
        "join snapshot on implementation.year = assessment_year - 1 order by school_id, major_code"
    ).df()
    return {"decided": len(rows), "done": int((rows["is_done"] == True).sum()),  # noqa: E712
            "not_done": rows[rows["is_done"] == False].to_dict("records")}  # noqa: E712  # fmt: skip


def _circular(con: duckdb.DuckDBPyConnection, entries: pd.DataFrame) -> dict[str, Any]:
    districts = con.execute(
        """
        select district_name, count(*) as assessed, count(*) filter (where level_rank > 0) as flagged, count(*) filter (where action = 'stop') as stop,
               max(district_score) as score
        from warning
        join snapshot on warning.year = assessment_year
        join schools using (school_id)
        left join district_evaluation on district_evaluation.year = warning.year and district_evaluation.district_code = schools.district_code
        group by district_name
        order by flagged desc, district_name
        """
    ).df()
    stops = con.execute(
        "select school_id, major_code, district_name, school_name, major_name, rules from warning join snapshot on year = assessment_year "
        "join schools using (school_id) join catalogue using (major_code) where action = 'stop' order by district_code, school_id, major_code"
    ).df()
    titles = dict(con.execute("select rule_id, title_zh from policy_rule").fetchall())
    stops["rules"] = ["、".join(titles[rule] for rule in rules.split(";") if rule) for rules in stops["rules"]]
    stops = stops.merge(decisions.standing(entries)[["school_id", "major_code", "act"]], on=["school_id", "major_code"], how="left").fillna(
        {"act": "none"}
    )
    return {**_summary(con), **_done(con), "districts": districts.assign(score=districts["score"].map(_share)).to_dict("records"),
            "stops": stops.assign(act=[sentence(f"act.{act}", "zh") for act in stops["act"]]).to_dict("records")}  # fmt: skip


def _lists(con: duckdb.DuckDBPyConnection) -> dict[str, Any]:
    rows = con.execute(
        "select list, string_agg(distinct major_name, '、' order by major_name) as names from major_list join snapshot on year = assessment_year "
        "join catalogue using (major_code) group by list"
    ).fetchall()
    return {"shortage": "—", "upgrade": "—", "restrict": "—", **dict(rows)}


def _crowded(con: duckdb.DuckDBPyConnection) -> list[dict[str, Any]]:
    return con.execute(
        "select coalesce(major_name, cluster_code) as major_name, cluster_points as points, kept_points as kept, pupils_to_place as pupils, room from cluster_crowding "
        "join snapshot on year = assessment_year left join catalogue on major_code = cluster_code where cluster_points > kept_points "
        f"order by cluster_points desc, cluster_code limit {ROWS_SHOWN}"
    ).df().to_dict("records")  # fmt: skip


def _briefing(con: duckdb.DuckDBPyConnection, entries: pd.DataFrame) -> dict[str, Any]:
    year = con.execute("select assessment_year from snapshot").fetchall()[0][0]
    standing = decisions.standing(entries)
    matters = con.execute(
        "select proposal as kind, school_id, major_code, school_name, major_name, coalesce(title_zh, '') as level from proposal join schools using (school_id) "
        "join catalogue using (major_code) left join warning using (year, school_id, major_code) left join policy_level using (level) order by 1, 2, 3"
    ).df()
    matters["kind"] = [sentence(f"proposal_kind.{kind}", "zh") for kind in matters["kind"]]
    return {**_summary(con), **_done(con), **_lists(con), "crowded": _crowded(con), "decisions": int((standing["year"] == year).sum()),
            "matters": matters.head(ROWS_SHOWN).to_dict("records")}  # fmt: skip


def _analysis(con: duckdb.DuckDBPyConnection, _: pd.DataFrame) -> dict[str, Any]:
    industries = con.execute(
        "select industry, pupil_share, employment_share, location_quotient as quotient from industry_match join snapshot on year = assessment_year "
        "where area_id = (select min(area_id) from industry_match) order by employment_share desc"
    ).df()
    supply = con.execute(
        "select class_name, graduates, vacancies, ratio from class_supply join snapshot on year = assessment_year where ratio is not null order by ratio desc"
    ).df()
    overlap = con.execute("select avg(overlap) from match_index join snapshot on year = assessment_year").fetchall()[0][0]
    told = industries.assign(
        **{name: industries[name].map(_share) for name in ("pupil_share", "employment_share")}, quotient=industries["quotient"].round(2)
    )
    return {**_summary(con), **_lists(con), "crowded": _crowded(con), "overlap": _share(overlap), "industries": told.to_dict("records"),
            "supply": supply.assign(ratio=supply["ratio"].round(2)).to_dict("records"), "chart_industry": _chart_industry(industries)}  # fmt: skip


def _monthly(con: duckdb.DuckDBPyConnection, _: pd.DataFrame) -> dict[str, Any] | None:
    """The latest month of the assessment year by district; None where there are no monthly figures."""
    found = con.execute("select max(month) from enrolment_monthly join snapshot on year = assessment_year").fetchall()[0][0]
    year = con.execute("select assessment_year from snapshot").fetchall()[0][0]
    return None if found is None else _monthly_content(con, year, int(found), "district_name")


def monthly_circular(con: duckdb.DuckDBPyConnection, office: Office, year: int, month: int, by: str) -> bytes:
    """The circular on intake up to the end of a month, ranked by district_name or school_name (`by`)."""
    return rendered(office, "monthly", {**_heading(con, office), "year": year, **_monthly_content(con, year, month, by)})


def monthly_ranking(con: duckdb.DuckDBPyConnection, year: int, month: int, by: str) -> pd.DataFrame:
    """Intake up to the end of a month by district_name or school_name (`by`), best fulfilment first: rank (ties share the better one, none
    without a plan), `by`, plan, registered, plan_fulfilment, before (registered a year ago) and growth (share of 1).

    Plan and before are those of the schools that reported the month: one that has not reported yet is no fall in intake.
    """
    rows = con.execute(
        f"""
        with so_far as (
            select year, school_id, sum(registered) as registered from enrolment_monthly where month = $month group by year, school_id
        ),
        planned as (
            select school_id, sum(plan) as plan from enrolment where year = $year group by school_id
        ),
        summed as (
            select {by}, sum(planned.plan) as plan, sum(now.registered) as registered, sum(before.registered) as before
            from so_far as now
            join schools using (school_id)
            left join planned using (school_id)
            left join so_far as before on before.school_id = now.school_id and before.year = now.year - 1
            where now.year = $year
            group by {by}
        ),
        compared as (
            select {by}, plan, registered, registered / nullif(plan, 0) as plan_fulfilment, before, registered / nullif(before, 0) - 1 as growth
            from summed
        )
        select if(plan_fulfilment is null, null, rank() over (order by plan_fulfilment desc nulls last)) as rank, compared.*
        from compared
        order by plan_fulfilment desc nulls last, {by}
        """,
        {"month": month, "year": year},
    ).df()
    return rows.astype(dict.fromkeys(("rank", "plan", "registered", "before"), "Int64"))


def _monthly_content(con: duckdb.DuckDBPyConnection, year: int, month: int, by: str) -> dict[str, Any]:
    rows = monthly_ranking(con, year, month, by)
    plan, registered, before = (rows[name].sum() for name in ("plan", "registered", "before"))
    ranking = [{"rank": _count(row["rank"]), "name": row[by], "plan": _count(row["plan"]), "registered": _count(row["registered"]),
                "fulfilment": _share(row["plan_fulfilment"]), "before": _count(row["before"]), "growth": _share(row["growth"])}
               for row in rows.to_dict("records")]  # fmt: skip
    return {"month": month, "by": sentence(f"document.{by}", "zh"), "plan": _count(plan), "registered": _count(registered), "fulfilment": _share(registered / plan if plan else None),
            "before": _count(before), "ranking": ranking}  # fmt: skip


_CONTENT = {"circular": _circular, "briefing": _briefing, "analysis": _analysis, "monthly": _monthly}


# ------------------------------------------------------------------------------------------------ charts


@cache
def _has_chinese_font() -> bool:
    """Whether this machine has a font with Chinese; charts are drawn in it."""
    import matplotlib
    from matplotlib import font_manager

    names = sorted({font.name for font in font_manager.fontManager.ttflist})
    known = [name for name in names if "CJK" in name or name in ("SimHei", "Microsoft YaHei", "SimSun", "FangSong")]
    matplotlib.rcParams["font.family"] = [*sorted(known, key=lambda name: "Sans" not in name)[:1], "sans-serif"]
    return bool(known)


def _figure() -> Any:
    """An empty figure with axes; None where the machine has no Chinese font (the tables beside the chart say the same)."""
    from matplotlib.figure import Figure

    if not _has_chinese_font():
        return None
    figure = Figure(figsize=(7, 3.4), dpi=160, layout="constrained")
    figure.subplots().spines[["top", "right"]].set_visible(False)
    return figure


def _drawn(figure: Any) -> bytes:
    content = BytesIO()
    figure.savefig(content, format="png")
    return content.getvalue()


def _chart_levels(con: duckdb.DuckDBPyConnection) -> bytes | str:
    levels = con.execute("select level, level_rank, title_zh from policy_level order by level_rank").df()
    rows = con.execute("select year, level, count(*) as offerings from warning group by all").df()
    figure = _figure()
    if figure is None:
        return ""
    axes, below, colours = figure.axes[0], pd.Series(0, index=sorted(rows["year"].unique())), level_colours(levels)
    for level in levels.itertuples():
        counts = rows[rows["level"] == level.level].set_index("year")["offerings"].reindex(below.index, fill_value=0)
        axes.bar(below.index.astype(str), counts, bottom=below, label=level.title_zh, color=colours[str(level.level)], width=0.6)
        below = below + counts
    axes.set_ylabel(sentence("document.offerings", "zh"))
    axes.legend(ncols=4, frameon=False, loc="upper center", bbox_to_anchor=(0.5, 1.14))
    return _drawn(figure)


def _chart_industry(rows: pd.DataFrame) -> bytes | str:
    figure = _figure()
    if figure is None or rows.empty:
        return ""
    axes, shown = figure.axes[0], rows.head(10).iloc[::-1].reset_index(drop=True)
    for offset, name, colour in ((0.2, "pupil_share", "#1f5fa8"), (-0.2, "employment_share", "#b9c4cf")):
        axes.barh(shown.index + offset, shown[name] * 100, height=0.38, color=colour, label=sentence(f"document.{name}", "zh"))
    axes.set_yticks(shown.index, shown["industry"])
    axes.set_xlabel("%")
    axes.legend(frameon=False)
    return _drawn(figure)
