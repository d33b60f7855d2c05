"""The ledger and its moves: nothing is overwritten, illegal moves are refused with the reason, and of two at once the second is told."""

import os
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pandas as pd
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from tests.small_city import judged
from tests.warehouse.postgres import Postgres, running_postgres
from warehouse.decisions import ACTS, Act, NotAllowed, Request, acts_with, decide, figures_of, finding_told, standing
from warehouse.documents import Office, documents
from warehouse.ledger import Contested, Ledger, address_of, details_of, entries_of, is_begun, metadata
from warehouse.next_plan import next_plan

NOW = datetime(2026, 3, 1, 9, tzinfo=UTC)
FAILING = ("S0", "730301")
YEARS = (2021, 2022, 2023)
CITY: dict[str, list[tuple]] = {
    "enrolment": [
        *((year, "S0", "730301", 40, 40, 30) for year in YEARS),
        *((year, "S0", "710201", 40, 40, 38) for year in YEARS),
        *((2020, school, "710201", 20, 20, 20) for school in ("S1", "S2")),
        *((year, school, "710201", 10, 0, 0) for school in ("S1", "S2") for year in YEARS),
    ],
    "graduates": [*((year, "S0", "730301", 60, 10, 5) for year in YEARS), *((year, "S0", "710201", 60, 58, 1) for year in YEARS)],
    "roster": [(2023, "S0", "730301", 88, 2), (2023, "S1", "710201", 0, 0)],
}


@pytest.fixture(scope="module")
def snapshot_of_city(tmp_path_factory: pytest.TempPathFactory) -> Iterator[duckdb.DuckDBPyConnection]:
    """S0: 730301 red, 710201 fine; without intake since 2020: 710201 at S1, which says that no pupils are left, and at S2, which says nothing of them."""
    with judged(tmp_path_factory.mktemp("ledger"), with_variants=True, **CITY) as con:
        yield con


@pytest.fixture(scope="module")
def postgres() -> Iterator[Postgres]:
    with running_postgres() as server:
        yield server


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.slow)])
def ledger(request: pytest.FixtureRequest, tmp_path: Path) -> Ledger:
    """An empty ledger, in a file and in PostgreSQL."""
    if request.param == "sqlite":
        return Ledger(f"sqlite:///{tmp_path / 'ledger.db'}")
    server = request.getfixturevalue("postgres")
    return Ledger(server.new_database(f"ledger{os.urandom(4).hex()}"))


@pytest.fixture
def enter(ledger: Ledger, snapshot_of_city: duckdb.DuckDBPyConnection, tmp_path: Path):
    """Enters something about the failing offering."""

    def entered(act: str, *, offering: tuple[str, str] = FAILING, person: str = "chief", **given) -> dict:
        return decide(ledger, snapshot_of_city.cursor(), tmp_path, Request(*offering, act, **given), person, "decider", NOW)

    return entered


def test_a_confirmed_suggestion_takes_its_action_and_plan(enter) -> None:
    entry = enter("confirm")
    assert (entry["act"], entry["plan"], entry["case_state"], entry["suggested"], entry["level"]) == ("stop", 0, "suspended", "stop", "red")
    assert (entry["year"], entry["number"], entry["policy_id"]) == (2023, 1, "small")


def test_the_ladder_is_walked_and_nothing_is_overwritten(enter, ledger: Ledger) -> None:
    enter("rectify")
    enter("reduce", plan=20)
    enter("stop")
    enter("resume", reason="新企业签约")
    entries = ledger.entries()
    assert list(entries["case_state"]) == ["rectifying", "reduced", "suspended", "resumed"]
    assert list(entries["number"]) == [1, 2, 3, 4]
    assert entries["until"][0] == "2027-12-31"
    assert list(entries["plan"].astype(object).where(entries["plan"].notna(), None)) == [None, 20, 0, None]


@pytest.mark.parametrize(
    ("before", "act", "given", "key"),
    [
        ((), "reduce", {"plan": 40}, "plan_not_reduced"),
        ((), "reduce", {"plan": -1}, "plan_not_reduced"),
        ((), "reduce", {}, "needs_plan"),
        ((), "dismiss", {"reason": "  "}, "needs_reason"),
        ((), "postpone", {}, "needs_until"),
        ((), "postpone", {"until": "2027年"}, "not_a_date"),
        ((), "postpone", {"until": "2026-02-01"}, "date_past"),
        ((), "postpone", {"until": "2027-06-30"}, "date_too_late"),
        ((), "exempt", {"until": "2033-01-01", "reason": "x"}, "date_too_late"),
        ((), "resume", {"reason": "x"}, "illegal"),
        (("stop",), "reduce", {"plan": 10}, "illegal"),
        (("stop",), "withdraw", {}, "pupils_left"),
        ((), "undo", {"reason": "x"}, "nothing_to_undo"),
        ((), "uphold", {"reason": "x"}, "no_appeal"),
        ((), "exemption", {"reason": "x", "details": {"years": 5}}, "exempt_years"),
        ((), "fire", {}, "no_act"),
        ((), "observe", {"plan": 20}, "not_taken"),
        ((), "merge", {"details": {"merge_into": "710201", "target": 0.9}}, "not_taken"),
    ],
)
def test_an_illegal_move_is_refused_with_its_reason_in_both_languages(enter, ledger: Ledger, before, act, given, key) -> None:
    for earlier in before:
        enter(earlier)
    with pytest.raises(NotAllowed) as refusal:
        enter(act, **given)
    assert refusal.value.key == key
    assert refusal.value.told("zh") != refusal.value.told("en")
    assert len(ledger.entries()) == len(before)


def test_an_unknown_offering_is_refused(enter) -> None:
    with pytest.raises(NotAllowed, match="没有这个专业点"):
        enter("observe", offering=("S9", "730301"))


def test_three_years_without_intake_and_without_pupils_may_be_withdrawn_and_then_nothing_more(enter, snapshot_of_city) -> None:
    idle = ("S1", "710201")
    assert snapshot_of_city.execute("select school_id, proposal, years_without_intake from proposal").fetchall() == [("S1", "withdraw", 3)]
    assert enter("withdraw", offering=idle)["case_state"] == "withdrawn"
    with pytest.raises(NotAllowed, match="已撤销"):
        enter("resume", offering=idle, reason="x")
    assert enter("undo", offering=idle, reason="误操作")["case_state"] == ""


def test_pupils_that_nobody_reported_are_not_taken_for_none(enter, snapshot_of_city) -> None:
    assert figures_of(snapshot_of_city, "S2", "710201").years_without_intake == 3
    with pytest.raises(NotAllowed) as refusal:
        enter("withdraw", offering=("S2", "710201"))
    assert "2023 年" in refusal.value.told("zh")
    assert "The roster of 2023" in refusal.value.told("en")


def test_undoing_is_an_entry_of_its_own_and_brings_the_state_before_back(enter, ledger: Ledger) -> None:
    enter("reduce", plan=20)
    enter("stop")
    assert enter("undo", reason="误操作")["case_state"] == "reduced"
    entries = ledger.entries()
    assert list(entries["is_effective"]) == [True, False, False]
    assert standing(entries)[["act", "decided_plan"]].values.tolist() == [["reduce", 20]]
    assert enter("undo", reason="重新研究")["undoes"] == 1
    assert standing(ledger.entries()).empty


def test_what_was_entered_besides_a_decision_leaves_no_state_behind_when_the_decision_is_undone(enter) -> None:
    enter("stop")
    enter("appeal", reason="漏报")
    enter("undo", reason="申诉成立")
    assert enter("reduce", plan=20)["case_state"] == "reduced"
    assert enter("undo", reason="误操作")["case_state"] == ""


def test_the_next_run_holds_the_decision_that_the_lists_show(enter, ledger: Ledger, tmp_path: Path) -> None:
    enter("reduce", plan=20, year=2022)
    enter("appeal", reason="漏报", year=2022)
    enter("rectify")
    enter("stop", offering=("S0", "710201"))
    enter("undo", offering=("S0", "710201"), reason="误操作")
    entries = ledger.entries()
    with judged(tmp_path, decided=entries, **CITY) as con:
        for year, expected in ((2021, []), (2022, [("reduce", 20)]), (2023, [("rectify", None)])):
            assert con.execute("select act, decided_plan from case_state where year = ?", [year]).fetchall() == expected
            held = standing(entries, year)[["act", "decided_plan"]].astype(object)
            assert [(act, None if plan is pd.NA else plan) for act, plan in held.itertuples(index=False)] == expected
        assert con.execute("select distinct sort from ledger_entry order by 1").fetchall() == [("appeal",), ("decision",), ("undo",)]


def test_an_act_is_one_line(enter, ledger: Ledger, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What follows from a decision that is named nowhere else: its plan, whether that was carried out, next year's plan, the notice, a date to ask for."""
    monkeypatch.setitem(ACTS, "pause", Act("decision", frozenset({""}), "suspended", needs=("until",), plan=0, notice="stop"))
    enter("pause", until="2026-06-30", year=2022)
    entries = ledger.entries()
    with judged(tmp_path, decided=entries, with_variants=True, **CITY) as con:
        assert con.execute("select act, is_done, text_en from implementation").fetchall() == [
            ("pause", False, "Not done: enrolment was to stop, 2023 has a plan of 40 and 30 registered")
        ]
        plan = next_plan(con, standing(entries)).rows.set_index(["school_id", "major_code"])
        assert plan.loc[FAILING, ["plan", "next_plan"]].tolist() == [40, 0]
        office = Office("局", NOW.date(), tmp_path / "templates")
        notices = [name for name, _ in documents(con, entries.assign(year=2023), office, ("notices",))]
        assert notices == ["停止招生通知书/S0_模拟0校.docx"]
    assert "pause" in acts_with("until")


def test_class_and_group_are_those_of_the_catalogue_handed_in(ledger: Ledger, tmp_path: Path) -> None:
    """Cars and lorries are of one class whatever their codes; the bakers' code only looks like that of the cars."""
    majors = ["K100", "M7", "K101"]
    with judged(
        tmp_path,
        catalogue=[("K100", "Cars", "k", "Vehicles", "t", "Traffic"), ("M7", "Lorries", "k", "Vehicles", "t", "Traffic"), ("K101", "Bakers", "b", "Bread", "f", "Food")],
        enrolment=[(year, "S0", major, 40, 40, 30) for year in YEARS for major in majors],
        graduates=[(year, "S0", major, 100, placed, 0) for year in YEARS for major, placed in zip(majors, (50 + year - 2021, 98, 91 + (year - 2021)), strict=True)],
        with_variants=True,
    ) as con:  # fmt: skip
        for into, is_of_the_class in (("M7", True), ("K101", False), ("X", False)):
            request = Request("S0", "K100", "merge", details={"merge_into": into})
            found = details_of(decide(ledger, con, tmp_path, request, "school", "", NOW))["findings"]
            assert {finding["key"]: finding["agrees"] for finding in found}["merge_class"] is is_of_the_class
        assert con.execute("select major_code, change_compared from aftermath where year = 2021").fetchall() == [("K100", 0)]


def test_somebody_who_has_not_seen_the_last_entry_is_told(enter, ledger: Ledger) -> None:
    enter("rectify", person="first")
    with pytest.raises(Contested) as told:
        enter("stop", person="second", seen=0)
    assert told.value.entry["person"] == "first"
    assert len(ledger.entries()) == 1


def test_of_many_who_decide_at_once_one_enters_and_all_others_are_told(ledger: Ledger, snapshot_of_city, tmp_path: Path) -> None:
    outcomes: list[str] = []
    ready = threading.Barrier(8)

    def one(number: int) -> None:
        con = snapshot_of_city.cursor()
        ready.wait()
        try:
            decide(ledger, con, tmp_path, Request(*FAILING, "dismiss", reason=f"意见{number}", seen=0), f"p{number}", "decider", NOW)
            outcomes.append("entered")
        except Contested:
            outcomes.append("told")

    people = [threading.Thread(target=one, args=(number,)) for number in range(8)]
    for person in people:
        person.start()
    for person in people:
        person.join()
    assert sorted(outcomes) == ["entered"] + ["told"] * 7
    assert len(ledger.entries()) == 1


def test_a_response_is_held_against_the_figures_at_once(enter) -> None:
    merge = details_of(enter("merge", details={"merge_into": "710201", "pupils": 80}))["findings"]
    assert {finding["key"]: finding["agrees"] for finding in merge} == {
        "pupils": False,
        "merge_offered": True,
        "merge_level": True,
        "merge_class": False,
    }
    assert "80" in finding_told(merge[0], "zh")
    assert "88" in finding_told(merge[0], "en")
    exemption = details_of(enter("exemption", reason="唯一布点", details={"years": 2}))["findings"]
    assert {finding["key"]: finding["agrees"] for finding in exemption} == {"only_provider": True, "scarce": False}
    plan = details_of(enter("improvement", reason="校企合作", until="2027-09-01", details={"target": 0.2}))["findings"]
    assert [finding["agrees"] for finding in plan] == [False]
    phase_out = details_of(enter("phase_out", details={"last_intake": 2022}))["findings"]
    assert [finding["agrees"] for finding in phase_out] == [False]


def test_an_appeal_keeps_its_document_waits_for_a_ruling_and_leaves_the_decision_standing(enter, ledger: Ledger, tmp_path: Path) -> None:
    enter("confirm")
    appeal = enter("appeal", reason="就业数据漏报", document=("../../证明.pdf", b"%PDF"))
    assert (tmp_path / "documents" / appeal["document"]).read_bytes() == b"%PDF"
    assert not list(tmp_path.parent.glob("证明.pdf"))
    assert enter("uphold", reason="属实")["case_state"] == "suspended"
    with pytest.raises(NotAllowed, match="没有待裁定的申诉"):
        enter("reject", reason="x")
    assert standing(ledger.entries())["act"].tolist() == ["stop"]


def test_a_document_whose_writing_broke_off_is_kept_whole_the_next_time(enter, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def half(path: Path, content: bytes) -> None:
        with path.open("wb") as file:
            file.write(content[:2])
        raise OSError("full")

    document = ("证明.pdf", b"%PDF")
    monkeypatch.setattr(Path, "write_bytes", half)
    with pytest.raises(OSError, match="full"):
        enter("appeal", reason="x", document=document)
    monkeypatch.undo()
    assert (tmp_path / "documents" / enter("appeal", reason="x", document=document)["document"]).read_bytes() == b"%PDF"


def test_the_figures_are_those_of_the_assessment_year(snapshot_of_city) -> None:
    figures = figures_of(snapshot_of_city, *FAILING)
    assert (figures.year, figures.level, figures.plan, figures.recommended_plan, figures.students) == (2023, "red", 40, 0, 88)
    assert figures.years_without_intake == 0


def test_the_migrations_make_the_table_that_the_code_writes(ledger: Ledger) -> None:
    with ledger.engine.connect() as con:
        assert compare_metadata(MigrationContext.configure(con, opts={"compare_type": True}), metadata) == []


def test_the_settings_name_another_ledger(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert not is_begun(tmp_path)
    assert address_of(tmp_path) == f"sqlite:///{tmp_path / 'ledger.db'}"
    (tmp_path / "majorwatch.toml").write_text('ledger_env = "LEDGER"\n', "utf-8")
    monkeypatch.setenv("MAJORWATCH_CONFIG", str(tmp_path / "majorwatch.toml"))
    monkeypatch.setenv("LEDGER", f"sqlite:///{tmp_path / 'elsewhere.db'}")
    assert entries_of(tmp_path).empty
    assert (tmp_path / "elsewhere.db").exists()
