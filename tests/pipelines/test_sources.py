"""Sources besides the inbox: a real database file and a real server on this machine, answering well, badly or never."""

import json
import shutil
import sqlite3
import threading
from collections.abc import Iterator
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import ClassVar
from urllib.parse import parse_qs, urlparse

import pandas as pd
import pytest

from pipelines import sources
from pipelines.cli import main
from pipelines.sources import pull_all
from tests.small_city import form_of, write_inbox
from warehouse import snapshot
from warehouse.refusal import RunRefused
from warehouse.settings import read_settings
from warehouse.source_state import source_states

ROWS = [{"nf": 2023, "xx": "S0", "zy": "730301", "bys": 20 + page, "jy": 10, "sx": 2} for page in range(5)]


class Answers(BaseHTTPRequestHandler):
    """Two rows a page; `mood` says how it feels: well, angry (500), once (500, then well), garbage, wrong, silent."""

    mood = "well"
    asked: ClassVar[list[str]] = []
    silence: ClassVar[threading.Event] = threading.Event()

    def do_GET(self) -> None:
        Answers.asked.append(self.headers.get("Authorization", ""))
        if Answers.mood == "silent":
            Answers.silence.wait(20)
            return
        page = int(parse_qs(urlparse(self.path).query).get("page", ["1"])[0])
        if Answers.mood == "angry" or (Answers.mood == "once" and len(Answers.asked) == 1):
            self.send_response(500)
            self.end_headers()
            return
        majors = ["730301", "710201", "660103", "740101", "770101"]
        rows = [{**row, "zy": majors[place]} for place, row in enumerate(ROWS)][2 * page - 2 : 2 * page]
        told = {"well": {"data": {"items": rows}}, "once": {"data": {"items": rows}}, "wrong": {"message": "no"}}.get(Answers.mood)
        body = json.dumps(told).encode() if told else b"<html>not json"
        self.send_response(200)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Quiet."""


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    serving = ThreadingHTTPServer(("127.0.0.1", 0), Answers)
    threading.Thread(target=serving.serve_forever, daemon=True).start()
    Answers.mood, Answers.asked, Answers.silence = "well", [], threading.Event()
    monkeypatch.setattr(sources.time, "sleep", lambda _: None)
    yield f"http://127.0.0.1:{serving.server_port}"
    Answers.silence.set()
    serving.shutdown()


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An inbox with a register and enrolment, and settings that are read from here."""
    write_inbox(tmp_path / "inbox", enrolment=[(2023, "S0", "730301", 40, 40, 30)])
    monkeypatch.setenv("MAJORWATCH_CONFIG", str(tmp_path / "majorwatch.toml"))
    return tmp_path


def _api(place: Path, server: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JOBS_TOKEN", "sesame")
    (place / "majorwatch.toml").write_text(
        f'[[source]]\nkind = "api"\nname = "就业平台"\nurl = "{server}"\ntoken_env = "JOBS_TOKEN"\nrows = "data.items"\nattempts = 2\ntimeout_seconds = 0.5\n'
        '[source.datasets.graduates]\npath = "/graduates"\n'
        'columns = { year = "nf", school_id = "xx", major_code = "zy", graduates = "bys", employed = "jy", further_study = "sx" }\n',
        "utf-8",
    )


def _graduates(data: Path) -> list[tuple]:
    with snapshot.open_snapshot(snapshot.published(data)) as con:  # type: ignore[arg-type]
        return con.execute("select major_code, graduates from graduates order by graduates").fetchall()


@pytest.mark.slow
def test_a_paged_interface_is_read_to_its_end_with_its_token_and_provenance(
    place: Path, server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    _api(place, server, monkeypatch)
    assert main(["run", "--data", str(place)]) == 0
    assert [count for _, count in _graduates(place)] == [20, 21, 22, 23, 24]
    assert set(Answers.asked) == {"Bearer sesame"}
    with snapshot.open_snapshot(snapshot.published(place)) as con:  # type: ignore[arg-type]
        assert con.execute("select distinct file from reported_row where dataset = 'graduates'").fetchall() == [
            ("来源/就业平台/graduates.parquet",)
        ]
    (state,) = source_states(place)
    assert (state.name, state.rows, state.problem) == ("就业平台", 5, "")


@pytest.mark.slow
def test_a_server_that_fails_once_is_asked_again(place: Path, server: str, monkeypatch: pytest.MonkeyPatch) -> None:
    _api(place, server, monkeypatch)
    Answers.mood = "once"
    (state,) = pull_all(read_settings(), place / "inbox", place)
    assert (state.rows, state.problem) == (5, "")


@pytest.mark.slow
@pytest.mark.parametrize("mood", ["angry", "garbage", "wrong", "silent"])
def test_a_source_that_is_down_leaves_the_last_good_data_and_says_so(
    place: Path, server: str, monkeypatch: pytest.MonkeyPatch, mood: str
) -> None:
    _api(place, server, monkeypatch)
    pull_all(read_settings(), place / "inbox", place)
    (good,) = (place / "inbox" / "来源").rglob("*.parquet")
    content, answered = good.read_bytes(), source_states(place)[0].answered
    Answers.mood = mood
    (state,) = pull_all(read_settings(), place / "inbox", place)
    assert good.read_bytes() == content
    assert state.problem
    assert state.answered == answered
    assert "sesame" not in (place / "sources.json").read_text("utf-8")


@pytest.mark.slow
def test_an_interface_without_an_end_replaces_nothing_and_is_told(place: Path, server: str, monkeypatch: pytest.MonkeyPatch) -> None:
    _api(place, server, monkeypatch)
    monkeypatch.setattr(sources, "LARGEST_PAGES", 4)  # three with rows and the empty one
    (good,) = pull_all(read_settings(), place / "inbox", place)
    monkeypatch.setattr(sources, "LARGEST_PAGES", 3)
    (cut,) = pull_all(read_settings(), place / "inbox", place)
    assert (good.rows, good.problem) == (5, "")
    assert (cut.rows, cut.problem) == (5, "ValueError: no end after 3 pages")
    assert len(pd.read_parquet(place / "inbox" / "来源" / "就业平台" / "graduates.parquet")) == 5


@pytest.mark.slow
def test_a_database_is_read_by_query_and_by_table(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with sqlite3.connect(place / "school.db") as base:
        base.execute("create table byqk (nf integer, xx text, zy text, bys integer, jy integer, sx integer)")
        base.execute("insert into byqk values (2023, 'S0', '730301', 30, 20, 5), (1999, 'S0', '730301', 1, 1, 0)")
        base.execute("create table roster (year integer, school_id text, major_code text, students integer, leavers integer)")
        base.execute("insert into roster values (2023, 'S0', '730301', 90, 3)")
    monkeypatch.setenv("SCHOOL_DB", f"sqlite:///{place / 'school.db'}")
    (place / "majorwatch.toml").write_text(
        '[[source]]\nkind = "database"\nname = "学籍"\nurl_env = "SCHOOL_DB"\n'
        '[source.datasets.graduates]\nquery = "select nf as year, xx as school_id, zy as major_code, bys as graduates, jy as employed, sx as further_study from byqk where nf > 2000"\n'
        "[source.datasets.roster]\n",
        "utf-8",
    )
    assert main(["run", "--data", str(place)]) == 0
    assert _graduates(place) == [("730301", 30)]
    with snapshot.open_snapshot(snapshot.published(place)) as con:  # type: ignore[arg-type]
        assert con.execute("select students, leavers from roster").fetchall() == [(90, 3)]


def _mail(folder: Path, name: str, attachment: str, text: str) -> None:
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = "office@school.example", "bureau@city.example", "报送"
    mail["Date"] = "Mon, 30 Sep 2024 18:00:00 +0800"
    mail.set_content("张三 13900000000")
    mail.add_attachment(text.encode("gb18030"), maintype="application", subtype="octet-stream", filename=attachment)
    mail.add_attachment(b"MZ", maintype="application", subtype="octet-stream", filename="virus.exe")
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(mail.as_bytes())


@pytest.mark.slow
def test_attached_forms_of_a_mail_folder_are_submissions_and_nothing_else_of_a_mail_is_kept(place: Path) -> None:
    form = form_of("graduates", (2023, "S0", "730301", "{}", 10, 2))
    (place / "majorwatch.toml").write_text(f'[[source]]\nkind = "mail"\nname = "来信"\nfolder = "{place / "mail"}"\n', "utf-8")
    _mail(place / "mail" / "new", "1", "../../../毕业生.csv", form.format(20))
    _mail(place / "mail", "again.eml", "毕业生.csv", form.format(20))
    _mail(place / "mail" / "tmp", "half", "毕业生.csv", form.format(99))
    assert main(["run", "--data", str(place)]) == 0
    (landed,) = [path for path in place.rglob("*") if "毕业生" in path.name and path.is_file()]
    assert landed.parent == place / "inbox" / "来源" / "来信"
    assert landed.name.startswith("20240930_")
    assert _graduates(place) == [("730301", 20)]
    kept = [path for path in (place / "inbox").rglob("*") if path.is_file()]
    assert not [path for path in kept if path.suffix == ".exe" or b"13900000000" in path.read_bytes()]
    shutil.rmtree(place / "mail")
    assert main(["run", "--data", str(place)]) == 0
    assert _graduates(place) == [("730301", 20)]
    assert source_states(place)[0].problem.startswith("FileNotFoundError")


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("[[source]]\nkind = ", "格式有误"),
        ('[[source]]\nkind = "ftp"\nname = "x"\n', "source"),
        ('[[source]]\nkind = "database"\nname = "x"\nurl_env = "X"\n[source.datasets.nonsense]\n', "nonsense"),
    ],
)
def test_settings_at_fault_are_refused(place: Path, text: str, hint: str) -> None:
    (place / "majorwatch.toml").write_text(text, "utf-8")
    with pytest.raises(RunRefused, match=hint):
        read_settings()
