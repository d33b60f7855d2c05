"""Every case in shared/cases: the inbox goes in through the commands, the warning list must come out exactly."""

from pathlib import Path

import pandas as pd
import pytest

from pipelines.cli import main

CASES = Path(__file__).parents[3] / "shared" / "cases"
NAMES = sorted(path.parent.name for path in CASES.glob("*/expected.csv"))
EXACT = ["level", "action", "rules", "plan", "recommended_plan", "same_major_points", "registered"]

pytestmark = pytest.mark.skipif(not NAMES, reason="the cases in ../shared/cases are not here")


def _run(case: Path, data: Path) -> int:
    return main(
        [
            "run",
            "--data",
            str(data),
            "--inbox",
            str(case / "inbox"),
            "--policy",
            str(case / "policy.toml"),
            "--year",
            (case / "year.txt").read_text().strip(),
        ]
    )


@pytest.mark.parametrize("name", NAMES or ["absent"])
def test_case_comes_out_exactly(name: str, tmp_path: Path) -> None:
    case = CASES / name
    assert _run(case, tmp_path) == 0
    assert (
        main(
            [
                "export",
                "warnings",
                "--data",
                str(tmp_path),
                "--all",
                "--format",
                "csv",
                "--output",
                str(tmp_path / "list.csv"),
            ]
        )
        == 0
    )
    expected = pd.read_csv(case / "expected.csv", dtype=str, keep_default_na=False).set_index(["school_id", "major_code"]).sort_index()
    found = (
        pd.read_csv(tmp_path / "list.csv", dtype=str, keep_default_na=False, encoding="utf-8-sig")
        .set_index(["school_id", "major_code"])
        .sort_index()
    )
    assert list(found.index) == list(expected.index)
    pd.testing.assert_frame_equal(found[EXACT], expected[EXACT])
    rates = pd.to_numeric(found["employment_rate"]), pd.to_numeric(expected["employment_rate"])
    pd.testing.assert_series_equal(*rates, atol=0.0001)


@pytest.mark.parametrize("name", sorted(path.parent.name for path in CASES.glob("*/expected_rejects.csv")) or ["absent"])
def test_rejects_come_out_exactly(name: str, tmp_path: Path) -> None:
    case = CASES / name
    assert _run(case, tmp_path) == 0
    assert main(["export", "rejects", "--data", str(tmp_path), "--format", "csv", "--output", str(tmp_path / "rejects.csv")]) == 0
    columns = ["file", "row", "column"]
    expected = pd.read_csv(case / "expected_rejects.csv", dtype=str, keep_default_na=False)[columns]
    found = pd.read_csv(tmp_path / "rejects.csv", dtype=str, keep_default_na=False, encoding="utf-8-sig")
    assert sorted(map(tuple, found[columns].to_numpy())) == sorted(map(tuple, expected.to_numpy()))
    assert (found["reason"] != "").all()
