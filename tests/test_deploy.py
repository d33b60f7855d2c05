"""The files for running it as a service: linted, and their commands real ones."""

import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from pipelines.cli import _parser

ROOT = Path(__file__).parents[1]
DEPLOY = ROOT / "deploy"
UNITS = sorted(DEPLOY.glob("*.service"))


def _majorwatch_understands(command: list[str]) -> bool:
    """Whether the command line is one that majorwatch itself would take (it exits where it isn't)."""
    return bool(_parser().parse_args(command))


def test_the_image_passes_its_linter() -> None:
    told = subprocess.run([Path(sys.executable).with_name("hadolint"), DEPLOY / "Dockerfile"], capture_output=True, text=True, check=False)
    assert told.returncode == 0, told.stdout


def _pins(lock: Path) -> set[str]:
    return {line.split()[0] for line in lock.read_text("utf-8").splitlines() if "==" in line.split("#")[0]}


def test_the_image_has_what_was_tested_without_what_tests_need_and_a_chinese_font() -> None:
    image = _pins(DEPLOY / "requirements.lock")
    assert image <= _pins(ROOT / "requirements.lock")
    assert not {"pytest", "playwright", "polars", "pyspark"} & {pin.split("==")[0] for pin in image}
    assert "fonts-noto-cjk" in (DEPLOY / "Dockerfile").read_text("utf-8")


def test_every_service_of_the_compose_file_is_a_real_command_with_real_files() -> None:
    composed = yaml.safe_load((DEPLOY / "compose.yaml").read_text("utf-8"))["services"]
    for service in composed.values():
        command = service.get("command", [])
        assert command[:1] in ([], ["dagster"]) or _majorwatch_understands(command[1:])
    upstream = {line.split(":")[-1].strip("; ") for line in (DEPLOY / "nginx.conf").read_text("utf-8").splitlines() if "server 127" in line}
    assert {service["command"][-1] for name, service in composed.items() if name.startswith("dashboard")} == upstream


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_every_unit_starts_a_real_command(unit: Path, tmp_path: Path) -> None:
    (line,) = [line for line in unit.read_text("utf-8").splitlines() if line.startswith("ExecStart=")]
    command = shlex.split(line.removeprefix("ExecStart=").replace("%i", "8501").replace("$(date +%%F)", "today"))
    command = shlex.split(command[2]) if command[0] == "/bin/sh" else command
    assert command[0].endswith("/dagster") or _majorwatch_understands(command[1:])
    if analyze := shutil.which("systemd-analyze"):
        copy = tmp_path / unit.name.replace("@", "@8501")
        text = unit.read_text("utf-8").replace("/opt/majorwatch/.venv/bin", str(Path(sys.executable).parent))
        copy.write_text(text.replace("/opt/majorwatch", str(ROOT)), "utf-8")
        told = subprocess.run([analyze, "verify", "--man=no", "--recursive-errors=no", copy], capture_output=True, text=True, check=False)
        assert told.returncode == 0, told.stderr
