"""What may be decided about an offering, from which state, on what figures; and what a school's own request is held against.

States (case_state): "" where nothing was decided that holds on (the warning level speaks), rectifying 限期整改, reduced 已调减, suspended 停招,
withdrawn 撤销, resumed 恢复招生. The ladder 预警/限期整改 -> 调减 -> 暂停招生 -> 撤销 and the three years without intake follow the documents
that the policy files cite; the terms themselves stand in the policy ([exit]).
"""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path, PurePosixPath
from typing import Any

import duckdb
import pandas as pd

from warehouse import audit
from warehouse.ledger import Contested, Ledger
from warehouse.texts import Language, sentence
from warehouse.whole import write_whole


@dataclass(frozen=True)
class Act:
    """One sort of entry. `sort`: decision, response, opinion, appeal, ruling or undo. `after`: the states it may follow (None: any but withdrawn);
    `state`: what it leads to (None: unchanged). `needs`: fields that must be filled in; `may`: fields that can be, besides reason and document.
    `plan`: the plan it sets by itself. `notice`: the template of the notice that tells the school."""

    sort: str
    after: frozenset[str] | None = None
    state: str | None = None
    needs: tuple[str, ...] = ()
    may: tuple[str, ...] = ()
    plan: int | None = None
    notice: str = ""


_OPEN = frozenset({"", "rectifying", "reduced", "resumed"})
_CONCERNED = ("pupils", "teachers")
ACTS: dict[str, Act] = {
    "observe": Act("decision", _OPEN, "", notice="observe"),
    "rectify": Act("decision", _OPEN, "rectifying", may=("until",), notice="rectify"),
    "reduce": Act("decision", _OPEN, "reduced", ("plan",), notice="reduce"),
    "stop": Act("decision", _OPEN | {"suspended"}, "suspended", plan=0, notice="stop"),
    "withdraw": Act("decision", None, "withdrawn", plan=0, notice="stop"),
    "resume": Act("decision", frozenset({"rectifying", "reduced", "suspended"}), "resumed", ("reason",)),
    "postpone": Act("decision", None, None, ("until",)),
    "dismiss": Act("decision", _OPEN, "", ("reason",)),
    "exempt": Act("decision", _OPEN, "", ("reason", "until")),
    "opinion": Act("opinion", None, None, ("reason",)),
    "phase_out": Act("response", None, None, ("last_intake",), _CONCERNED),
    "merge": Act("response", None, None, ("merge_into",), _CONCERNED),
    "exemption": Act("response", None, None, ("reason", "years"), _CONCERNED),
    "improvement": Act("response", None, None, ("reason", "target", "until"), _CONCERNED),
    "appeal": Act("appeal", None, None, ("reason",)),
    "uphold": Act("ruling", None, None, ("reason",)),
    "reject": Act("ruling", None, None, ("reason",)),
    "undo": Act("undo", None, None, ("reason",)),
}
DETAILS = ("last_intake", "merge_into", "years", "target", *_CONCERNED)


def acts_of(*sorts: str) -> list[str]:
    """The acts of these sorts."""
    return [name for name, act in ACTS.items() if act.sort in sorts]


def acts_with(field: str) -> list[str]:
    """The acts that this field can be filled in for."""
    return [name for name, act in ACTS.items() if field in (*act.needs, *act.may)]


class NotAllowed(Exception):
    """An act that can't be done; `told` says why and what to do."""

    def __init__(self, key: str, **values: Any) -> None:
        self.key, self.values = key, values
        super().__init__(self.told("zh"))

    def told(self, language: Language) -> str:
        """The reason in words; codes among the values (act, case_state) under the names people use."""
        words = {
            name: sentence(f"{name}.{value or 'none'}", language) if name in ("act", "case_state") else value
            for name, value in self.values.items()
        }
        return sentence(f"decision.{self.key}", language, **words)


@dataclass(frozen=True)
class Request:
    """What somebody wants entered. `until`: ISO date. `seen`: number of the last entry they had before them (None: the latest there is).
    `document`: its name and content. `details`: the fields of DETAILS that the act has. `act` "confirm" takes the warning's own suggestion. `year`: the assessment year decided on (None: the snapshot's), so that earlier decisions
    can be entered afterwards."""

    school_id: str
    major_code: str
    act: str
    plan: int | None = None
    until: str = ""
    reason: str = ""
    document: tuple[str, bytes] | None = None
    details: Mapping[str, Any] = field(default_factory=dict)
    seen: int | None = None
    year: int | None = None


@dataclass(frozen=True)
class Figures:
    """What the published snapshot says of an offering in the assessment year; counts of persons, None where unknown."""

    year: int
    snapshot_id: str
    policy_id: str
    level: str
    action: str
    plan: int | None
    recommended_plan: int | None
    students: int | None
    registered: int | None
    rate: float | None
    years_without_intake: int
    is_only_provider: bool
    is_scarce: bool
    exit: Mapping[str, Any]


def figures_of(con: duckdb.DuckDBPyConnection, school_id: str, major_code: str, year: int | None = None) -> Figures:
    """The figures of a year (default: the assessment year). NotAllowed where the snapshot knows no such offering or year."""
    found = con.execute(
        """
        select intake_gap.year, snapshot_id, policy_id,
               coalesce(warning.level, 'normal') as level, coalesce(warning.action, 'none') as action, warning.plan, warning.recommended_plan,
               roster.students, warning.registered, warning.employment_rate as rate,
               years_without_intake,
               coalesce(warning.is_only_provider, false) as is_only_provider,
               exists (select 1 from major_list where major_list.year = intake_gap.year and major_list.area_id = offering.area_id
                       and major_list.major_code = $major and list = 'shortage') as is_scarce
        from intake_gap
        join snapshot on intake_gap.year = coalesce($year, assessment_year)
        join offering using (school_id, major_code)
        left join warning using (year, school_id, major_code)
        left join roster using (year, school_id, major_code)
        where school_id = $school and major_code = $major
        """,
        {"school": school_id, "major": major_code, "year": year},
    )
    names = [column[0] for column in found.description]
    row = found.fetchone()
    if row is None:
        raise NotAllowed("unknown", school=school_id, major=major_code, year=year or "")
    return Figures(**dict(zip(names, row, strict=True)), exit=con.execute("select * from policy_exit").df().iloc[0].to_dict())


def decide(
    ledger: Ledger,
    con: duckdb.DuckDBPyConnection,
    data: Path,
    request: Request,
    person: str,
    role: str,
    now: datetime | None = None,
) -> dict[str, Any]:
    """Enters a decision, response, opinion, appeal, ruling or undoing, and gives the entry back.

    `con`: the published snapshot. NotAllowed where the move is illegal or something is missing; Contested where somebody was faster.
    """
    figures = figures_of(con, request.school_id, request.major_code, request.year)
    earlier = ledger.of_offering(request.school_id, request.major_code)
    if request.seen is not None and len(earlier) != request.seen:
        raise Contested(earlier[-1])
    moment = now or datetime.now(UTC)
    name = figures.action.replace("none", "observe") if request.act == "confirm" else request.act
    if name not in ACTS:
        raise NotAllowed("no_act", found=name, known="、".join(["confirm", *ACTS]))
    act = ACTS[name]
    decided = [entry for entry in earlier if entry["is_effective"] and ACTS[entry["act"]].sort == "decision"]
    states = ["", *(entry["case_state"] for entry in decided)]
    plan, until = request.plan, request.until
    if name == "reduce" and plan is None and figures.action == "reduce":
        plan = figures.recommended_plan
    if name == "rectify" and not until:
        until = date(moment.year + int(figures.exit["rectify_years"]), 12, 31).isoformat()
    if name == "undo" and not decided:
        raise NotAllowed("nothing_to_undo")
    _refuse_other_fields(name, act, {**request.details, "plan": plan, "until": until, "reason": request.reason.strip()})
    _refuse_illegal_move(name, act, states[-1], figures, earlier, plan, until, request, moment)
    entry = {
        "school_id": request.school_id,
        "major_code": request.major_code,
        "number": len(earlier) + 1,
        "year": figures.year,
        "act": name,
        "case_state": states[-2] if name == "undo" else states[-1] if act.state is None else act.state,
        "plan": plan if act.plan is None else act.plan,
        "until": until,
        "reason": request.reason.strip(),
        "document": _kept(data, request.document),
        "details": json.dumps(
            {**{key: value for key, value in request.details.items() if value not in (None, "")},
             "findings": list(findings(con, figures, name, request))}, ensure_ascii=False),
        "suggested": figures.action,
        "suggested_plan": figures.recommended_plan,
        "level": figures.level,
        "undoes": decided[-1]["number"] if name == "undo" else None,
        "person": person,
        "role": role,
        "moment": moment.isoformat(timespec="seconds"),
        "snapshot_id": figures.snapshot_id,
        "policy_id": figures.policy_id,
    }  # fmt: skip
    ledger.add(entry)
    audit.record(data, person, role, "decide", f"{request.school_id}/{request.major_code} {name} #{entry['number']}")
    return entry


def _refuse_other_fields(name: str, act: Act, given: Mapping[str, Any]) -> None:
    filled_in = {key for key, value in given.items() if value not in (None, "")}
    for key in act.needs:
        if key not in filled_in:
            raise NotAllowed(f"needs_{key}")
    if others := sorted(filled_in - {"reason", *act.needs, *act.may}):
        raise NotAllowed("not_taken", act=name, found=", ".join(others))


def _refuse_illegal_move(
    name: str, act: Act, state: str, figures: Figures, earlier: list, plan: int | None, until: str, request: Request, moment: datetime
) -> None:
    if state == "withdrawn" and name != "undo":
        raise NotAllowed("withdrawn")
    if act.after is not None and state not in act.after:
        raise NotAllowed("illegal", act=name, case_state=state)
    if plan is not None and (plan < 0 or (name == "reduce" and figures.plan is not None and plan >= figures.plan)):
        raise NotAllowed("plan_not_reduced", plan=plan, current=figures.plan)
    if until:
        limits = {
            "postpone": timedelta(days=int(figures.exit["postpone_days"])),
            "exempt": timedelta(days=366 * int(figures.exit["exempt_years"])),
        }
        try:
            last = date.fromisoformat(until)
        except ValueError:
            raise NotAllowed("not_a_date", found=until) from None
        if last <= moment.date():
            raise NotAllowed("date_past", found=until)
        if name in limits and last > moment.date() + limits[name]:
            raise NotAllowed("date_too_late", found=until, latest=(moment.date() + limits[name]).isoformat())
    if name == "withdraw":
        if figures.students is None:
            raise NotAllowed("pupils_unknown", year=figures.year)
        if figures.students:
            raise NotAllowed("pupils_left", students=figures.students)
        if state != "suspended" and figures.years_without_intake < int(figures.exit["withdraw_after_years"]):
            raise NotAllowed("withdraw_too_early", years=int(figures.exit["withdraw_after_years"]), found=figures.years_without_intake)
    if name == "exemption" and not 1 <= int(request.details["years"]) <= int(figures.exit["exempt_years"]):
        raise NotAllowed("exempt_years", years=int(figures.exit["exempt_years"]))
    if act.sort == "ruling" and not open_appeal(earlier):
        raise NotAllowed("no_appeal")


def standing(entries: pd.DataFrame, year: int | None = None) -> pd.DataFrame:
    """The decision that holds for each offering (up to `year`): the ledger's columns, its plan as `decided_plan`. One row per offering."""
    chosen = entries[entries["is_effective"].astype(bool) & entries["act"].isin(acts_of("decision"))]
    if year is not None:
        chosen = chosen[chosen["year"] <= year]
    last = chosen.sort_values("number").groupby(["school_id", "major_code"]).tail(1)
    return last.rename(columns={"plan": "decided_plan"}).reset_index(drop=True)


def open_appeal(entries: list[dict[str, Any]]) -> dict[str, Any] | None:
    """The appeal of these entries (oldest first) that nobody has ruled on yet."""
    last = None
    for entry in entries:
        sort = ACTS[entry["act"]].sort
        last = entry if sort == "appeal" else None if sort == "ruling" else last
    return last


def appealed(entries: pd.DataFrame) -> set[tuple[str, str]]:
    """Offerings (school_id, major_code) with an appeal that nobody has ruled on yet."""
    grouped = entries.sort_values("number").groupby(["school_id", "major_code"]) if len(entries) else []
    return {offering for offering, own in grouped if open_appeal(own.to_dict("records"))}


def findings(con: duckdb.DuckDBPyConnection, figures: Figures, act: str, request: Request) -> Iterator[dict[str, Any]]:
    """Whether a school's request agrees with the figures: one finding per figure looked at; {"agrees", "key", "values"} for `finding_told`."""
    details = request.details
    if (pupils := details.get("pupils")) is not None and figures.students is not None:
        yield _finding("pupils", int(pupils) == figures.students, stated=int(pupils), known=figures.students)
    if act == "phase_out":
        yield _finding("last_intake", int(details["last_intake"]) >= figures.year - figures.years_without_intake,
                       stated=int(details["last_intake"]), known=figures.year - figures.years_without_intake)  # fmt: skip
    if act == "merge":
        into = details["merge_into"]
        found = con.execute(
            """
            select major_name, class_code = (select class_code from catalogue where major_code = $own) as is_same_class, level_rank
            from catalogue
            left join warning on warning.major_code = catalogue.major_code and year = $year and school_id = $school
            where catalogue.major_code = $into
            """,
            {"own": request.major_code, "into": into, "year": figures.year, "school": request.school_id},
        ).fetchone()
        name, is_same_class, level_rank = found or (None, False, None)
        yield _finding("merge_offered", level_rank is not None and into != request.major_code, into=into)
        if level_rank is not None:
            yield _finding("merge_level", level_rank == 0, into=name)
        yield _finding("merge_class", is_same_class, into=into)
    if act == "exemption":
        yield _finding("only_provider", figures.is_only_provider)
        yield _finding("scarce", figures.is_scarce)
    if act == "improvement":
        target = float(details["target"])
        yield _finding("target", figures.rate is not None and target > figures.rate, stated=f"{target:.1%}",
                       known="—" if figures.rate is None else f"{figures.rate:.1%}")  # fmt: skip


def _finding(key: str, agrees: bool, **values: Any) -> dict[str, Any]:
    return {"agrees": bool(agrees), "key": key, "values": values}


def contested_told(first: Contested, language: Language) -> str:
    """Who was faster, when, and with what."""
    entry = first.entry
    return sentence(
        "decision.contested", language, person=entry["person"], moment=entry["moment"], act=sentence(f"act.{entry['act']}", language)
    )


def finding_told(finding: Mapping[str, Any], language: Language) -> str:
    """A finding in words."""
    return sentence(f"finding.{finding['key']}_{'agrees' if finding['agrees'] else 'differs'}", language, **finding["values"])


def _kept(data: Path, document: tuple[str, bytes] | None) -> str:
    """Keeps a document (name, content) under its hash in DATA/documents; gives "hash/name", "" without one."""
    if document is None:
        return ""
    name, content = PurePosixPath(document[0].replace("\\", "/")).name, document[1]
    digest = hashlib.sha256(content).hexdigest()[:16]
    target = data / "documents" / digest / name
    if not target.exists():
        write_whole(target, content)
    return f"{digest}/{name}"
