"""What the simulated bureau decided in earlier years, so that the demonstration has a past: seeded by the codes, entered as people would."""

import hashlib
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from warehouse.decisions import NotAllowed, Request, decide
from warehouse.ledger import ledger_of
from warehouse.snapshot import open_snapshot, published

PERSON = "模拟处室"


def enter_decisions(data: Path) -> None:
    """Decides most of what was flagged in the years before the last, after what the schools then did: where a plan fell, it had been cut.
    Some schools have answered this year's warnings."""
    path, ledger = published(data), ledger_of(data)
    assert path is not None
    with open_snapshot(path) as con:
        flagged = con.execute(
            """
            select warning.year, warning.school_id, warning.major_code, action, recommended_plan, warning.plan, next.plan as next_plan, warning.year = assessment_year as is_now,
                   (select min(other.major_code) from warning as other where other.year = warning.year and other.school_id = warning.school_id
                    and other.level_rank = 0) as healthy
            from warning
            cross join snapshot
            left join enrolment as next on next.year = warning.year + 1 and next.school_id = warning.school_id and next.major_code = warning.major_code
            where warning.year between assessment_year - 3 and assessment_year and action <> 'none'
            order by warning.year, warning.school_id, warning.major_code
            """
        ).fetchall()
        for year, school, major, action, recommended, plan, next_plan, is_now, healthy in flagged:
            chance = int(hashlib.sha256(f"{year}{school}{major}".encode()).hexdigest(), 16) % 100
            given = _answer(chance, healthy) if is_now else _decision(chance, action, plan, recommended, next_plan)
            if given:
                try:
                    decide(
                        ledger, con, data, Request(school, major, year=year, **given), PERSON, "", datetime(year + 1, 3, 1, 9, tzinfo=UTC)
                    )
                except NotAllowed:  # a stopped major is not decided again
                    continue


def _decision(chance: int, action: str, plan: int | None, recommended: int | None, next_plan: int | None) -> dict[str, Any]:
    if action == "reduce" and plan and next_plan is not None and recommended is not None and next_plan < plan:
        return {"act": "reduce", "plan": max(next_plan, recommended)}
    if chance < 12:
        return {"act": "dismiss", "reason": "模拟：毕业去向补报后达到标准"}
    if chance < 30:
        return {"act": "rectify", "reason": "模拟：先行整改"}
    return {} if chance > 85 or (action == "stop" and next_plan and chance > 35) else {"act": "confirm"}


def _answer(chance: int, healthy: str | None) -> dict[str, Any]:
    if chance < 5:
        return {"act": "appeal", "reason": "模拟：有毕业生升学信息漏报"}
    if chance < 9 and healthy:
        return {"act": "merge", "details": {"merge_into": healthy, "pupils": 60 + chance, "teachers": chance % 4}}
    if chance < 13:
        return {"act": "exemption", "reason": "模拟：县区内唯一布点", "details": {"years": 1 + chance % 3}}
    return (
        {"act": "improvement", "reason": "模拟：与企业共建实训", "until": "2027-09-01", "details": {"target": 0.92}} if chance < 16 else {}
    )
