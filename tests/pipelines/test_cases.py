"""Every case in shared/cases: the inbox goes in through the commands, the warning list must come out exactly."""

from pathlib import Path

import pandas as pd
import pytest

from pipelines.cli import main

CASES = Path(__file__).parents[3] / "shared" / "cases"
NAMES = sorted(path.parent.name for path in CASES.glob("*/expected.csv"))
WITH_REJECTS = sorted(path.parent.name for path in CASES.glob("*/expected_rejects.csv"))
EXACT = ["level", "action", "rules", "plan", "recommended_plan", "same_major_points", "registered"]

pytestmark = pytest.mark.skipif(not NAMES, reason="the cases in ../shared/cases are not here")


@pytest.fixture(scope="module")
def case(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A case's folder, and the data folder of its run: run once for all that is asked of it."""
    case, data = CASES / request.param, tmp_path_factory.mktemp(request.param)
    year = (case / "year.txt").read_text().strip()
    run = ["run", "--data", str(data), "--inbox", str(case / "inbox"), "--policy", str(case / "policy.toml"), "--year", year]
    assert main(run) == 0
    return case, data


def _export(what: str, data: Path, *options: str) -> pd.DataFrame:
    output = data / f"{what}.csv"
    assert main(["export", what, "--data", str(data), "--format", "csv", "--output", str(output), *options]) == 0
    return pd.read_csv(output, dtype=str, keep_default_na=False, encoding="utf-8-sig")


@pytest.mark.parametrize("case", NAMES, indirect=True)
def test_case_comes_out_exactly(case: tuple[Path, Path]) -> None:
    folder, data = case
    keys = ["school_id", "major_code"]
    expected = pd.read_csv(folder / "expected.csv", dtype=str, keep_default_na=False).set_index(keys).sort_index()
    found = _export("warnings", data, "--all").set_index(keys).sort_index()
    assert list(found.index) == list(expected.index)
    pd.testing.assert_frame_equal(found[EXACT], expected[EXACT])
    rates = pd.to_numeric(found["employment_rate"]), pd.to_numeric(expected["employment_rate"])
    pd.testing.assert_series_equal(*rates, atol=0.0001)


@pytest.mark.parametrize("case", WITH_REJECTS, indirect=True)
def test_rejects_come_out_exactly(case: tuple[Path, Path]) -> None:
    folder, data = case
    columns = ["file", "row", "column"]
    expected = pd.read_csv(folder / "expected_rejects.csv", dtype=str, keep_default_na=False)[columns]
    found = _export("rejects", data)
    assert sorted(map(tuple, found[columns].to_numpy())) == sorted(map(tuple, expected.to_numpy()))
    assert (found["reason"] != "").all()
