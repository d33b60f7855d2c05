"""What tells people and machines how the service is doing: alerts by robot and by e-mail, figures for Prometheus, the log, the audit log."""

import email
import email.message
import email.policy
import json
import os
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import dagster as dg
import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.handlers import Message

from pipelines import triggers
from pipelines.alerts import tell
from pipelines.assets import Workplace
from pipelines.cli import main
from pipelines.definitions import definitions
from tests.serving import free_port, wait_for
from tests.small_city import write_inbox
from warehouse import audit
from warehouse.settings import read_settings

pytestmark = pytest.mark.slow

SECRET_ID = "360121200801010011"


class Letterbox(Message):
    """Keeps every mail that a real mail server on this machine takes, as a line: to|subject|text."""

    def __init__(self) -> None:
        super().__init__()
        self.mails: list[str] = []

    def handle_message(self, message: email.message.Message) -> None:
        """Called by the server, once a mail."""
        mail = email.message_from_bytes(message.as_bytes(), policy=email.policy.default)
        self.mails.append(f"{mail['to']}|{mail['subject']}|{mail.get_content().strip()}")


@pytest.fixture
def told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[list[dict], list[str]]]:
    """Settings that name a robot and a mail server; what each of the two was told."""
    robot: list[dict] = []

    class Robot(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            robot.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Quiet."""

    letters, serving = Letterbox(), ThreadingHTTPServer(("127.0.0.1", 0), Robot)
    threading.Thread(target=serving.serve_forever, daemon=True).start()
    post = Controller(letters, hostname="127.0.0.1", port=free_port())
    post.start()
    monkeypatch.setenv("ROBOT", f"http://127.0.0.1:{serving.server_port}")
    monkeypatch.setenv("POST", f"smtp://127.0.0.1:{post.port}")
    monkeypatch.setenv("MAJORWATCH_CONFIG", str(tmp_path / "majorwatch.toml"))
    (tmp_path / "majorwatch.toml").write_text(
        'stale_hours = 24\n[alert]\nwebhook_env = "ROBOT"\nsmtp_env = "POST"\nmail_from = "majorwatch@city.example"\nmail_to = ["chief@city.example", "it@city.example"]\n',
        "utf-8",
    )
    yield robot, letters.mails
    post.stop()
    serving.shutdown()


def test_an_alert_reaches_the_robot_and_the_people(told: tuple[list[dict], list[str]]) -> None:
    assert tell(read_settings(), "停招 3 个")
    robot, mails = told
    assert robot == [{"msgtype": "text", "text": {"content": "停招 3 个"}}]
    assert mails == ["chief@city.example, it@city.example|专业预警提醒|停招 3 个"]


def _sensor(name: str, data: Path, cursor: str | None = None) -> str | None:
    with dg.DagsterInstance.ephemeral() as instance:
        context = dg.build_sensor_context(instance=instance, cursor=cursor, resources={"workplace": Workplace(data=str(data))})
        getattr(triggers, name)(context)
        return context.cursor


def test_late_data_are_told_once_a_day(told: tuple[list[dict], list[str]], tmp_path: Path) -> None:
    (tmp_path / "last_run").touch()
    assert _sensor("late", tmp_path) is None
    assert told == ([], [])
    (tmp_path / "sources.json").write_text(
        json.dumps([{"name": "就业平台", "answered": time.time() - 40 * 3600, "rows": 1, "problem": "x"}])
    )
    day = _sensor("late", tmp_path)
    assert len(told[0]) == len(told[1]) == 1
    assert "就业平台已 40 小时没有更新" in told[0][0]["text"]["content"]
    assert _sensor("late", tmp_path, day) == day
    assert len(told[0]) == 1
    os.utime(tmp_path / "last_run", (0, time.time() - 30 * 3600))
    _sensor("late", tmp_path, "2020-01-01")
    assert "重新计算已 30 小时" in told[0][1]["text"]["content"]


def test_a_source_that_never_answered_is_told_as_such(told: tuple[list[dict], list[str]], tmp_path: Path) -> None:
    (tmp_path / "sources.json").write_text(json.dumps([{"name": "就业平台", "answered": 0, "rows": 0, "problem": "x"}]))
    _sensor("late", tmp_path)
    assert [message["text"]["content"] for message in told[0]] == ["就业平台从未应答，还没有取得过数据"]


@pytest.fixture
def failing_inbox(tmp_path: Path) -> Path:
    """An inbox whose one offering is far below 90 % for the second year: newly to be stopped."""
    years = (2022, 2023)
    write_inbox(
        tmp_path / "inbox",
        enrolment=[(year, "S0", "730301", 40, 40, 30) for year in years],
        graduates=[(year, "S0", "730301", 60, 10, 5) for year in years],
    )
    return tmp_path


def test_new_reds_and_failed_runs_are_told(told: tuple[list[dict], list[str]], failing_inbox: Path) -> None:
    """A real run of the job, then a real failure of it, each handed to its sensor as Dagster does."""
    place = Workplace(data=str(failing_inbox))
    job = definitions.resolve_job_def("recompute")
    with dg.DagsterInstance.ephemeral() as instance:
        for is_well in (True, False):
            if not is_well:
                (failing_inbox / "inbox").rename(failing_inbox / "gone")
            result = job.execute_in_process(resources={"workplace": place}, instance=instance, raise_on_error=False)
            assert result.success == is_well
            event = next(event for event in result.all_events if event.is_job_success or event.is_job_failure)
            sensor = triggers.new_reds if is_well else triggers.failure
            context = dg.build_run_status_sensor_context(sensor.name, event, instance, result.dagster_run, resources={"workplace": place})
            for _ in range(2 if is_well else 1):  # the same snapshot is told of once only
                sensor(context if is_well else context.for_run_failure())
    contents = [message["text"]["content"] for message in told[0]]
    assert len(contents) == 2
    assert "新增 1 个" in contents[0]
    assert "运行失败" in contents[1]


def test_figures_for_prometheus_are_served(failing_inbox: Path) -> None:
    assert main(["run", "--data", str(failing_inbox)]) == 0
    port = free_port()
    serving = subprocess.Popen(
        [sys.executable, "-m", "pipelines.cli", "metrics", "--data", str(failing_inbox), "--port", str(port)], stdout=subprocess.DEVNULL
    )
    try:
        wait_for(f"http://127.0.0.1:{port}/metrics")
        figures = urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics").read().decode()
    finally:
        serving.kill()
        serving.wait()
    values = dict(line.rsplit(" ", 1) for line in figures.splitlines() if not line.startswith("#"))
    assert abs(float(values["majorwatch_last_run_timestamp_seconds"]) - time.time()) < 3600
    assert float(values['majorwatch_offerings{level="red"}']) == 1
    rows = {name: float(values[f'majorwatch_rows{{standing="{name}"}}']) for name in ("found", "accepted", "rejected", "skipped")}
    assert rows["found"] == rows["accepted"] + rows["rejected"] + rows["skipped"] > 0
    assert float(values["majorwatch_snapshot_bytes"]) > 0


def test_the_log_is_one_json_line_per_event_without_personal_data(failing_inbox: Path) -> None:
    (failing_inbox / "inbox" / "records.csv").write_text(
        f"届别,学校代码,专业代码,身份证号,毕业去向\n2023,S1,710201,{SECRET_ID},火星\n", "utf-8"
    )
    target = failing_inbox / "log.jsonl"
    for data in (failing_inbox, failing_inbox / "nothing"):
        subprocess.run(
            [sys.executable, "-m", "pipelines.cli", "run", "--data", str(data)],
            env={**os.environ, "MAJORWATCH_LOG": str(target)},
            capture_output=True,
            check=False,
        )
    published, refused = [json.loads(line) for line in target.read_text("utf-8").splitlines()]
    assert published["message"] == "published"
    assert published["rows_rejected"] == 1
    assert refused["message"] == "refused"
    assert SECRET_ID not in target.read_text("utf-8")


def test_exports_and_going_back_stand_in_the_audit_log(failing_inbox: Path) -> None:
    data = str(failing_inbox)
    assert main(["run", "--data", data]) == 0
    assert main(["export", "warnings", "--data", data, "--format", "csv", "--output", str(failing_inbox / "list.csv")]) == 0
    assert main(["run", "--data", data, "--policy", "guangxi-2023"]) == 0
    first = audit.entries(failing_inbox)
    assert list(first["deed"]) == ["policy", "export"]
    assert list(first["subject"]) == ["nanchang-2019 → guangxi-2023", "list.csv"]
    assert main(["backup", "--data", data, "--output", str(failing_inbox.parent / "all.tar.gz")]) == 0
    assert main(["restore", "--input", str(failing_inbox.parent / "all.tar.gz"), "--data", str(failing_inbox / "fresh")]) == 0
    assert list(audit.entries(failing_inbox / "fresh")["deed"]) == ["restore", "policy", "export"]
