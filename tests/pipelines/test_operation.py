"""What keeps a deployment running: the doctor, backups that restore onto an empty machine, going back, and forms that read back."""

import tarfile
from pathlib import Path

import openpyxl
import pytest

from pipelines.cli import main
from tests.small_city import form_of
from warehouse import snapshot
from warehouse.dictionary import dictionary
from warehouse.ledger import entries_of
from warehouse.staging import read_submission_summary, stage


@pytest.mark.slow
def test_a_backup_restores_onto_an_empty_machine_and_the_run_goes_on(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (data / "snapshots" / ".building-half").write_bytes(b"half")
    (data / "snapshots" / ".building-half.tmp").mkdir()  # as a build larger than memory leaves it when it is killed
    monkeypatch.setenv("MAJORWATCH_CONFIG", str(tmp_path / "majorwatch.toml"))
    (tmp_path / "majorwatch.toml").write_text("stale_hours = 24\n", "utf-8")
    assert main(["decide", "--data", str(data), "--school", "S0", "--major", "730301", "--act", "stop", "--reason", "x"]) == 0
    assert main(["run", "--data", str(data)]) == 0
    capsys.readouterr()
    assert main(["backup", "--data", str(data), "--output", str(tmp_path / "all.tar.gz")]) == 0
    with tarfile.open(tmp_path / "all.tar.gz") as archive:
        assert not [name for name in archive.getnames() if ".building" in name]
    fresh = tmp_path / "fresh"
    assert main(["restore", "--input", str(tmp_path / "all.tar.gz"), "--data", str(fresh)]) == 0
    assert snapshot.published(fresh).name == snapshot.published(data).name  # type: ignore[union-attr]
    assert entries_of(fresh).equals(entries_of(data))
    assert (fresh / "majorwatch.toml").read_text("utf-8") == "stale_hours = 24\n"
    assert main(["run", "--data", str(fresh)]) == 0
    assert "没有变化" in capsys.readouterr().out


def test_a_restore_never_overwrites_and_refuses_what_is_no_backup(data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["backup", "--data", str(data), "--output", str(tmp_path / "all.tar.gz")]) == 0
    assert main(["restore", "--input", str(tmp_path / "all.tar.gz"), "--data", str(data)]) == 1
    assert "不是空的" in capsys.readouterr().err
    (tmp_path / "broken.tar.gz").write_bytes((tmp_path / "all.tar.gz").read_bytes()[:300])
    assert main(["restore", "--input", str(tmp_path / "broken.tar.gz"), "--data", str(tmp_path / "other")]) == 1
    assert "备份" in capsys.readouterr().err


@pytest.mark.slow
def test_one_command_goes_back_to_an_earlier_snapshot(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    first = snapshot.published(data)
    (data / "inbox" / "more.csv").write_text(form_of("graduates", (2023, "S1", "730301", 20, 5, 0)), "utf-8")
    assert main(["run", "--data", str(data)]) == 0
    second = snapshot.published(data)
    assert first is not None
    assert second not in (None, first)
    assert main(["snapshots", "--data", str(data), "--back-to", first.stem]) == 0
    assert snapshot.published(data) == first
    assert main(["snapshots", "--data", str(data)]) == 0
    assert f"* {first.stem}" in capsys.readouterr().out
    assert main(["snapshots", "--data", str(data), "--back-to", "nonsense"]) == 1
    assert snapshot.published(data) == first


def test_the_doctor_says_what_to_do(data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor", "--data", str(data)]) == 0
    assert main(["doctor", "--data", str(tmp_path / "nothing"), "--policy", "nonsense"]) == 1
    told = capsys.readouterr().out
    assert "请放入学校提交的文件" in told
    assert "找不到政策" in told
    assert "majorwatch run" in told


def test_what_a_command_is_not_told_comes_from_the_environment(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    inbox = (data / "inbox").rename(tmp_path / "elsewhere")
    for name, value in {"DATA": str(data), "INBOX": str(inbox), "POLICY": "careful"}.items():
        monkeypatch.setenv(f"MAJORWATCH_{name}", value)
    assert main(["check"]) == main(["doctor"]) == main(["run"]) == main(["snapshots"]) == 0
    told = capsys.readouterr().out
    assert str(inbox) in told
    assert "2023  careful" in told
    served: dict[str, str] = {}
    monkeypatch.setattr("os.execve", lambda _program, _command, environment: served.update(environment))
    main(["dashboard", "--inbox", str(tmp_path / "third")])
    assert (served["MAJORWATCH_DATA"], served["MAJORWATCH_INBOX"]) == (str(data), str(tmp_path / "third"))


@pytest.mark.parametrize("name", sorted(dictionary().datasets))
def test_a_form_filled_in_reads_back_without_a_reject(name: str, tmp_path: Path) -> None:
    form = tmp_path / "inbox" / "form.xlsx"
    form.parent.mkdir()
    assert main(["template", name, "--school", "S1", "--output", str(form)]) == 0
    book = openpyxl.load_workbook(form)
    sheet = book.worksheets[0]
    by_kind = {"year": 2024, "month": 9, "count": 1, "decimal": 1, "flag": "是", "code": "730301", "name": "某某", "secret": "X1"}
    for place, column in enumerate(dictionary().datasets[name].columns, 1):
        value = next(iter(column.choices.values()))[0] if column.kind == "choice" else by_kind[column.kind]
        sheet.cell(2, place, "S1" if column.name.endswith("school_id") else value)
    if name == "graduates":
        header = [cell.value for cell in sheet[1]]
        sheet.cell(2, header.index("毕业生数*") + 1, 9)
    book.save(form)
    (tmp_path / "data").mkdir()
    (entry,) = stage(form.parent, tmp_path / "data")
    summary = read_submission_summary(entry.folder)
    assert summary["rejects"] == []
    assert summary["datasets"] == [name]
    assert summary["rows_accepted"] == 1
