"""Four years of one fictional major, from the first warning to withdrawal, through the commands: files in, decisions, files in again."""

from datetime import datetime, tzinfo
from pathlib import Path

import duckdb
import openpyxl
import pytest

from pipelines.cli import main
from tests.small_city import REGISTER, form_of, policy_of
from warehouse import decisions, snapshot
from warehouse.policy import write_policy

pytestmark = pytest.mark.slow
OFFERING = ["--school", "S0", "--major", "730301"]


class City:
    """A data folder that a year's files are put into, one year after the other."""

    def __init__(self, data: Path) -> None:
        self.data = data
        (data / "inbox").mkdir(parents=True)
        (data / "policy.toml").write_text(write_policy(policy_of()), "utf-8")
        self.hand_in("schools", "", *REGISTER)

    def hand_in(self, dataset: str, year: int | str, *rows: tuple) -> None:
        """A file of one dataset and year."""
        (self.data / "inbox" / f"{dataset}{year}.csv").write_text(form_of(dataset, *rows), "utf-8")

    def year(self, year: int, plan: int, registered: int, placed: int, students: int) -> None:
        """What is handed in for a year, and the run of it. A second major of the school goes well all the time."""
        self.hand_in("enrolment", year, (year, "S0", "730301", plan, registered, registered), (year, "S0", "710201", 60, 60, 58))
        self.hand_in("graduates", year, (year, "S0", "730301", 50, placed, 0), (year, "S0", "710201", 50, 49, 0))
        self.hand_in("roster", year, (year, "S0", "730301", students, 0), (year, "S0", "710201", 170, 1))
        self.run()

    def run(self) -> None:
        """Runs by the small policy."""
        assert main(["run", "--data", str(self.data), "--policy", str(self.data / "policy.toml")]) == 0

    def decide(self, act: str, *given: str) -> int:
        """Enters something about the major of the story."""
        return main(["decide", "--data", str(self.data), *OFFERING, "--act", act, *given])

    def play(self, chapter: "Chapter") -> None:
        """What is handed in, and then what is decided."""
        handed_in, decided = chapter
        if handed_in:
            self.year(**handed_in)
        for act, *given in decided:
            assert self.decide(act, *given) == 0

    def ask(self, query: str) -> list[tuple]:
        """Rows of what is published."""
        path = snapshot.published(self.data)
        assert path is not None
        with duckdb.connect(str(path), read_only=True) as con:
            return con.execute(query).fetchall()

    def standing(self) -> tuple:
        """Level, suggested action and plan, and what was decided, as the warning list of the year tells it."""
        target = self.data / "list.csv"
        assert main(["export", "warnings", "--data", str(self.data), "--format", "csv", "--output", str(target)]) == 0
        rows = duckdb.sql(
            f"select level, action, recommended_plan, act, decided_plan from read_csv('{target}') where major_code = 730301"
        ).fetchall()
        return rows[0] if rows else ()


Chapter = tuple[dict[str, int], list[tuple[str, ...]]]
STORY: list[Chapter] = [
    ({"year": 2021, "plan": 60, "registered": 55, "placed": 40, "students": 160}, [("confirm",)]),
    ({"year": 2022, "plan": 60, "registered": 50, "placed": 38, "students": 150}, [("confirm", "--reason", "连续两年不达标")]),
    ({"year": 2023, "plan": 60, "registered": 30, "placed": 35, "students": 120}, [("opinion", "--reason", "行指委同意停招")]),
    ({}, [("confirm",), ("appeal", "--reason", "漏报 10 人"), ("reject", "--reason", "无就业证明")]),
    ({"year": 2024, "plan": 0, "registered": 0, "placed": 36, "students": 60}, []),
    ({"year": 2025, "plan": 0, "registered": 0, "placed": 36, "students": 0}, [("withdraw",)]),
]


def test_four_years_from_the_first_warning_to_withdrawal(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    city, chapters = City(tmp_path / "data"), iter(STORY)
    city.play(next(chapters))
    assert city.standing() == ("watch", "observe", 60, "observe", None)

    city.play(next(chapters))
    assert city.standing() == ("yellow", "reduce", 42, "reduce", 42)

    city.play(next(chapters))
    ((is_done, told),) = city.ask("select is_done, text_zh from implementation where year = 2022")
    assert not is_done
    assert told == "未落实：决定调减为 42 人，2023 年计划仍为 60 人"
    assert city.standing()[:2] == ("red", "stop")
    assert city.decide("withdraw") == 1
    assert "120 名在校生" in capsys.readouterr().err
    city.play(next(chapters))

    city.play(next(chapters))
    ((is_done, told),) = city.ask("select is_done, text_zh from implementation where year = 2023")
    assert is_done
    assert told == "已落实：2024 年没有招生；在校生 60 人继续培养至毕业"
    assert city.ask("select case_state from case_state where school_id = 'S0' and year = 2024") == [("suspended",)]

    city.play(next(chapters))
    city.run()
    assert city.ask("select distinct case_state from case_state where year = 2025") == [("withdrawn",)]
    assert city.decide("resume", "--reason", "x") == 1
    assert "已撤销" in capsys.readouterr().err

    book = tmp_path / "ledger.xlsx"
    assert main(["export", "ledger", "--data", str(city.data), "--format", "xlsx", "--output", str(book)]) == 0
    sheet = openpyxl.load_workbook(book).worksheets[0]
    header = [cell.value for cell in sheet[1]]
    acts = [row[header.index("处置")].value for row in sheet.iter_rows(min_row=2)]
    assert acts == ["观察", "调减招生计划", "行指委意见", "停止招生", "申诉", "申诉不成立", "撤销专业点"]
    ((change, registered),) = city.ask("select round(rate_change, 3), registered_after from aftermath where year = 2022 and act = 'reduce'")
    assert (float(change), registered) == (-0.04, 0)


def test_a_term_that_ended_makes_a_proposal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rectifying until 2022: still flagged then; and not flagged any more where it got better."""

    class Early(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> "Early":
            return cls(2021, 5, 1, tzinfo=tz)

    monkeypatch.setattr(decisions, "datetime", Early)
    city = City(tmp_path / "data")
    city.year(2021, plan=60, registered=55, placed=40, students=160)
    assert city.decide("rectify", "--until", "2022-12-31") == 0
    city.year(2022, plan=60, registered=50, placed=38, students=150)
    assert city.ask("select proposal from proposal") == [("end_rectifying",)]
    city.hand_in("graduates", "2022b", (2022, "S0", "730301", 50, 49, 0))
    city.run()
    assert city.ask("select proposal from proposal") == [("resume",)]


def test_a_district_is_scored_by_what_is_known_of_it(tmp_path: Path) -> None:
    city = City(tmp_path / "data")
    city.hand_in("quality_reports", 2023, (2023, "S0", "是"), (2023, "S2", "否"))
    city.hand_in("enrolment_monthly", 2023, (2023, 9, "S0", "730301", 30), (2023, 10, "S0", "730301", 30))
    city.hand_in("enrolment", 2023, (2023, "S0", "730301", 40, 40, 30), (2023, "S1", "730301", 40, 40, 40))
    city.run()
    rows = city.ask(
        "select district_code, plan_fulfilment, quality_report_share, monthly_report_share, round(district_score, 4), district_rank from district_evaluation order by 1"
    )
    assert rows == [("D0", 0.75, 0.5, 1.0, 0.725, 1), ("D1", 1.0, None, 0.0, round(0.5 / 0.7, 4), 2)]
