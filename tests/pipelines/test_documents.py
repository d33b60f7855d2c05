"""Word files: made by the command, opened again, and saying what the snapshot and the ledger say."""

import zipfile
from datetime import date
from io import BytesIO
from pathlib import Path

import docx
import duckdb
import matplotlib.colors
import matplotlib.image
import pytest

from pipelines.cli import main
from tests.small_city import judged, policy_of
from warehouse import decisions
from warehouse.build import RunInputs
from warehouse.documents import Office, documents
from warehouse.ledger import entries_of
from warehouse.palette import level_colours

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def letters(city: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, docx.document.Document]:
    """Every document of the demonstration city by its name."""
    target = tmp_path_factory.mktemp("documents") / "all.zip"
    assert main(["documents", "--data", str(city), "--output", str(target)]) == 0
    with zipfile.ZipFile(target) as archive:
        return {name: docx.Document(BytesIO(archive.read(name))) for name in archive.namelist()}


def _words(document: docx.document.Document) -> str:
    cells = [cell.text for table in document.tables for row in table.rows for cell in row.cells]
    return "\n".join([*(paragraph.text for paragraph in document.paragraphs), *cells])


def test_every_document_is_filled_in_and_says_that_it_is_simulated(letters: dict[str, docx.document.Document]) -> None:
    assert {name.split("/")[0].split("_")[0] for name in letters} >= {
        "专业预警通知书", "年度专业预警通报", "联席会议材料", "专业设置与产业匹配分析报告", "招生通报"}  # fmt: skip
    for name, letter in letters.items():
        words = _words(letter)
        assert not {"{{", "{%", "None", "nan"} & {mark for mark in ("{{", "{%", "None", "nan") if mark in words}, name
        assert letter.paragraphs[0].text == "模拟数据，均为虚构", name
        assert letter.sections[0].page_width.mm == pytest.approx(210, abs=0.5)


def test_every_flagged_offering_that_nobody_decided_on_is_in_its_schools_warning_notice(
    letters: dict[str, docx.document.Document], city: Path, city_snapshot: duckdb.DuckDBPyConnection
) -> None:
    ((year,),) = city_snapshot.execute("select assessment_year from snapshot").fetchall()
    standing = decisions.standing(entries_of(city))
    decided = {(row.school_id, row.major_code) for row in standing[standing["year"] == year].itertuples()}
    flagged = city_snapshot.execute(
        "select school_id, school_name, major_code, reason_zh from warning join schools using (school_id) where year = ? and level_rank > 0",
        [year],
    ).fetchall()
    told = 0
    for school, name, major, reason in flagged:
        if (school, major) not in decided:
            words = _words(letters[f"专业预警通知书/{school}_{name}.docx"])
            assert f"{name}：" in words
            assert major in words
            assert reason in words
            told += 1
    assert told > 50


def test_reports_count_what_the_snapshot_counts(
    letters: dict[str, docx.document.Document], city_snapshot: duckdb.DuckDBPyConnection
) -> None:
    flagged, stops, done = city_snapshot.execute(
        "select count(*) filter (where level_rank > 0), count(*) filter (where action = 'stop'), "
        "(select count(*) from implementation where year = assessment_year - 1 and is_done) from warning join snapshot on year = assessment_year group by assessment_year"
    ).fetchall()[0]
    (circular,) = [letter for name, letter in letters.items() if name.startswith("年度")]
    words = _words(circular)
    assert f"其中{flagged}个预警" in words
    assert f"已落实{done}个" in words
    assert len(circular.tables[2].rows) == stops + 1
    assert len(circular.inline_shapes) == 1, "the chart of the years"
    (analysis,) = [letter for name, letter in letters.items() if name.startswith("专业设置")]
    assert len(analysis.inline_shapes) == 2


def test_a_notice_follows_the_decision_and_the_bureaus_own_template_goes_first(tmp_path: Path) -> None:
    from tests.pipelines.test_story import City

    city = City(tmp_path / "data")
    city.year(2021, plan=60, registered=55, placed=20, students=160)
    for act, folder in (("rectify", "限期整改通知书"), ("stop", "停止招生通知书")):
        assert city.decide(act, "--reason", "a<b & c") == 0
        target = tmp_path / f"{act}.zip"
        assert main(["documents", "--data", str(city.data), "--kind", "notices", "--output", str(target)]) == 0
        with zipfile.ZipFile(target) as archive:
            (name,) = archive.namelist()
            assert name == f"{folder}/S0_模拟0校.docx"
            words = _words(docx.Document(BytesIO(archive.read(name))))
        assert "模拟0校：" in words
        assert "a<b & c" in words or act == "stop"
    assert main(["documents", "--data", str(city.data), "--templates"]) == 0
    own = city.data / "templates" / "notice_stop.docx"
    changed = docx.Document(str(own))
    changed.paragraphs[1].add_run("本局自拟格式")
    changed.save(str(own))
    assert main(["documents", "--data", str(city.data), "--templates"]) == 0
    assert main(["documents", "--data", str(city.data), "--kind", "notices", "--output", str(target)]) == 0
    with zipfile.ZipFile(target) as archive:
        assert "本局自拟格式" in _words(docx.Document(BytesIO(archive.read(archive.namelist()[0]))))


def test_levels_have_the_colours_of_the_screen_and_the_worst_is_red(tmp_path: Path) -> None:
    policy = policy_of(
        '[[rule]]\nid = "employment"\nconditions = [ { indicator = "employment_rate", below = 0.9 } ]\nsteps = [ { years = 1, level = "listed" } ]\n',
        levels='[[level]]\nid = "listed"\naction = "observe"\n',
    )
    graduates = [(2023, "S0", "730301", 50, 10, 0), (2023, "S1", "730301", 50, 50, 0)]
    with judged(tmp_path, policy, with_variants=True, graduates=graduates) as con:
        ((_, letter),) = documents(con, RunInputs((), policy).decided, Office("某局", date(2023, 10, 1), tmp_path), ("circular",))
        expected = level_colours(con.execute("select level, level_rank from policy_level order by level_rank").df())
    (picture,) = docx.Document(BytesIO(letter)).part.package.image_parts
    pixels = (matplotlib.image.imread(BytesIO(picture.blob), "png")[:, :, :3] * 255).round().astype(int)
    drawn = {tuple(pixel) for pixel in pixels.reshape(-1, 3)[::7].tolist()}
    assert expected["listed"] == "#c0392b"
    for colour in expected.values():
        assert tuple(round(part * 255) for part in matplotlib.colors.to_rgb(colour)) in drawn
