"""The majorwatch command (docs/data): thin words around run, exports and the dashboard."""

import argparse
import getpass
import logging
import os
import re
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from importlib.resources import files
from pathlib import Path

import duckdb
from pythonjsonlogger.json import JsonFormatter

from warehouse import archive, audit, exports, snapshot
from warehouse.decisions import ACTS, DETAILS, NotAllowed, Request, acts_with, contested_told, decide, finding_told
from warehouse.dictionary import dictionary
from warehouse.documents import KINDS, Office, documents, lay_out_templates, zipped
from warehouse.ledger import FILE as LEDGER
from warehouse.ledger import Contested, details_of, entries_of, ledger_of
from warehouse.policy import PolicyError
from warehouse.refusal import RunRefused
from warehouse.settings import DEFAULT_POLICY, ENGINES, data_folder, inbox_of, policy_in_force
from warehouse.texts import sentence

log = logging.getLogger("majorwatch")
WRITING_FAILED = ("No space left", "Read-only file system", "Permission denied", "Could not write", "Disk quota")


def main(arguments: list[str] | None = None) -> int:
    """Runs one command; 0 when it did what was asked, 1 with one line on what to do when it couldn't."""
    parser = _parser()
    chosen = parser.parse_args(arguments)
    _log_as_asked()
    try:
        return chosen.command(chosen)
    except (RunRefused, PolicyError) as refusal:
        log.error("refused", extra={"reason": str(refusal)})
        print(refusal, file=sys.stderr)
    except duckdb.Error as error:
        if not any(sign in str(error) for sign in WRITING_FAILED):
            raise
        print(sentence("run.unwritable", "zh", file=getattr(chosen, "data", ""), problem=str(error).splitlines()[0]), file=sys.stderr)
    except OSError as error:
        print(
            sentence("run.unwritable", "zh", file=error.filename or "", problem=error.strerror or error),
            file=sys.stderr,
        )
    return 1


def _log_as_asked() -> None:
    """MAJORWATCH_LOG names a file for one JSON line per event (sources, runs, refusals); none is kept without it."""
    log.addHandler(logging.NullHandler())  # else what nobody asked for would be printed
    if (target := os.environ.get("MAJORWATCH_LOG")) and not any(isinstance(handler, logging.FileHandler) for handler in log.handlers):
        handler = logging.FileHandler(target, encoding="utf-8")
        handler.setFormatter(JsonFormatter("%(asctime)s %(levelname)s %(message)s"))
        log.addHandler(handler)
        log.setLevel(logging.INFO)
        log.propagate = False


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="majorwatch", description="专业预警: from the files schools hand in to the list of majors to warn."
    )
    commands = parser.add_subparsers(required=True, metavar="command")

    demo = _command(commands, "demo", _demo, "build the demonstration city, run, open the dashboard")
    demo.add_argument("--data", type=Path, default=Path("data/demo"), help="folder of the demonstration (default: data/demo)")
    demo.add_argument("--port", type=int, default=8501, help="port of the dashboard (default: 8501)")
    demo.add_argument("--no-serve", action="store_true", help="stop after the run")

    run = _command(commands, "run", _run, "read the inbox, judge, publish a snapshot")
    _add_data(run)
    _add_inbox(run)
    _add_policy(run)
    run.add_argument("--year", type=_year, help="assessment year (default: the latest graduates year)")
    run.add_argument("--engine", choices=ENGINES, default="duckdb", help="where the heavy models are computed (default: duckdb, here)")

    check = _command(commands, "check", _check, "read and validate only; exit 1 if anything would be rejected")
    _add_inbox(check)

    export = commands.add_parser("export", help="write the warning list or the rejects").add_subparsers(required=True, metavar="list")
    warnings = _command(export, "warnings", _export_warnings, "the warning list of one year")
    warnings.add_argument("--year", type=_year, help="assessment year (default: the snapshot's)")
    warnings.add_argument("--all", action="store_true", help="normal ones too")
    rejects = _command(export, "rejects", _export_rejects, "every rejected row and file")
    entries = _command(export, "ledger", _export_ledger, "every entry of the ledger")
    for listing in (warnings, rejects, entries):
        _add_data(listing)
        listing.add_argument("--format", choices=("csv", "xlsx"), default="csv")
        listing.add_argument("--output", type=Path, required=True, help="file to write")

    decide = _command(commands, "decide", _decide, "enter a decision, response, opinion, appeal, ruling or undoing into the ledger")
    _add_data(decide)
    decide.add_argument("--school", required=True, help="school code")
    decide.add_argument("--major", required=True, help="major code")
    decide.add_argument("--act", required=True, choices=["confirm", *ACTS], help="what is entered; confirm takes the suggestion")
    decide.add_argument("--year", type=_year, help="assessment year decided on (default: the snapshot's)")
    for name, read, about in (
        ("plan", int, "plan that is to hold"),
        ("until", str, "date, year-month-day"),
        ("last_intake", int, "year of the last intake"),
        ("merge_into", str, "code of the school's major that takes it in"),
        ("years", int, "for how many years"),
        ("target", _share, "employment rate promised, as a share of 1: 0.9"),
        ("pupils", _count, "pupils concerned"),
        ("teachers", _count, "teachers to retrain"),
    ):
        decide.add_argument(f"--{name.replace('_', '-')}", type=read, help=f"{about} ({', '.join(acts_with(name))})")
    decide.add_argument("--reason", default="", help="why")
    decide.add_argument("--document", type=Path, help="file to keep with the entry")

    letters = _command(commands, "documents", _documents, "write notices, circulars and reports as Word files in one zip")
    _add_data(letters)
    letters.add_argument("--kind", choices=KINDS, help="only this sort (default: all)")
    letters.add_argument("--output", type=Path, help="zip file to write")
    letters.add_argument("--templates", action="store_true", help="lay the templates out in DATA/templates, to be edited in Word")

    template = _command(commands, "template", _template, "write the empty form of a dataset for schools to fill in")
    template.add_argument("dataset", choices=sorted(dictionary().datasets), help="which dataset")
    template.add_argument("--school", default="", help="code to fill in for the school")
    template.add_argument("--output", type=Path, required=True, help="file to write")

    doctor = _command(commands, "doctor", _doctor, "look whether everything is in place, and say what to do")
    _add_data(doctor)
    _add_inbox(doctor)
    _add_policy(doctor)

    backup = _command(commands, "backup", _backup, "write everything that must not be lost into one file")
    _add_data(backup)
    backup.add_argument("--output", type=Path, required=True, help="file to write (.tar.gz)")
    restore = _command(commands, "restore", _restore, "unpack a backup into an empty data folder")
    _add_data(restore)
    restore.add_argument("--input", type=Path, required=True, help="file of a backup")

    snapshots = _command(commands, "snapshots", _snapshots, "list the snapshots kept, or go back to one")
    _add_data(snapshots)
    snapshots.add_argument("--back-to", metavar="ID", help="publish this earlier snapshot again")

    metrics = _command(commands, "metrics", _metrics, "serve figures on runs and data for Prometheus")
    _add_data(metrics)
    metrics.add_argument("--port", type=int, default=9108, help="port (default: 9108)")
    metrics.add_argument("--address", default="127.0.0.1", help="address to listen on (default: 127.0.0.1)")

    dashboard = _command(commands, "dashboard", _dashboard, "open the dashboard on what is published")
    _add_data(dashboard)
    _add_inbox(dashboard)
    dashboard.add_argument("--port", type=int, default=8501, help="port (default: 8501)")
    return parser


def _command(
    commands: argparse._SubParsersAction, name: str, do: Callable[[argparse.Namespace], int], about: str
) -> argparse.ArgumentParser:
    parser = commands.add_parser(name, help=about, description=about)
    parser.set_defaults(command=do)
    return parser


def _add_data(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--data", type=Path, default=data_folder(), help="data folder (default: MAJORWATCH_DATA, else data)")


def _add_inbox(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--inbox", type=Path, help="folder of submissions (default: MAJORWATCH_INBOX, else DATA/inbox)")


def _add_policy(parser: argparse.ArgumentParser) -> None:
    about = f"policy file or preset (default: MAJORWATCH_POLICY, else {DEFAULT_POLICY})"
    parser.add_argument("--policy", default=policy_in_force(), help=about)


def _inbox(chosen: argparse.Namespace) -> Path:
    return chosen.inbox or inbox_of(chosen.data)


def _run(chosen: argparse.Namespace) -> int:
    from pipelines.run import run

    began = time.monotonic()
    report = run(chosen.data, _inbox(chosen), chosen.policy, chosen.year, chosen.engine)
    seconds = round(time.monotonic() - began, 1)
    log.info("published", extra={"snapshot": report.snapshot_id, "is_new": report.is_new, "seconds": seconds, "rows_found": report.found,
                                 "rows_accepted": report.accepted, "rows_rejected": report.rejected, "rows_skipped": report.skipped})  # fmt: skip
    print(
        sentence(
            "run.published" if report.is_new else "run.unchanged",
            "zh",
            snapshot_id=report.snapshot_id,
            year=report.year,
            policy=report.policy_title,
        )
    )
    print(sentence("run.levels", "zh", levels="，".join(f"{title} {count}" for title, count in report.levels.items())))
    print(
        sentence(
            "run.rows",
            "zh",
            found=report.found,
            accepted=report.accepted,
            rejected=report.rejected,
            skipped=report.skipped,
        )
    )
    return 0


def _check(chosen: argparse.Namespace) -> int:
    from warehouse.precheck import would_reject

    inbox = chosen.inbox or inbox_of(data_folder())
    if not inbox.is_dir():
        raise RunRefused(sentence("run.no_inbox", "zh", inbox=inbox))
    with tempfile.TemporaryDirectory() as scratch:
        rejects, rows = would_reject(inbox, Path(scratch))
    if rejects.empty:
        print(sentence("run.clean", "zh", **rows))
        return 0
    print(sentence("run.would_reject", "zh", rejects=len(rejects)))
    for reject in rejects.fillna("").itertuples(index=False):
        print("  " + " ".join(str(part) for part in reject if str(part)))
    return 1


def _year(text: str) -> int:
    if not re.fullmatch(r"\d{4}", text):
        raise argparse.ArgumentTypeError(f"{text}: a year of four digits is expected")
    return int(text)


def _share(text: str) -> float:
    share = float(text)
    if not 0 <= share <= 1:
        raise ValueError(text)
    return share


def _count(text: str) -> int:
    count = int(text)
    if count < 0:
        raise ValueError(text)
    return count


def _export_warnings(chosen: argparse.Namespace) -> int:
    return _export(chosen, lambda con: exports.warning_list(con, _assessed(con, chosen.year), chosen.all, entries=entries_of(chosen.data)))


def _assessed(con, year: int | None) -> int | None:
    last, first = con.execute("select assessment_year, first_year from snapshot").fetchall()[0]
    if year is not None and not first <= year <= last:
        raise RunRefused(sentence("run.year_unknown", "zh", year=year, first=first, last=last))
    return year


def _export_rejects(chosen: argparse.Namespace) -> int:
    return _export(chosen, exports.reject_list)


def _export_ledger(chosen: argparse.Namespace) -> int:
    return _export(chosen, lambda con: exports.ledger_list(con, entries_of(chosen.data)))


def _decide(chosen: argparse.Namespace) -> int:
    details = {name: getattr(chosen, name) for name in DETAILS if getattr(chosen, name) is not None}
    document = (chosen.document.name, chosen.document.read_bytes()) if chosen.document else None
    request = Request(
        chosen.school, chosen.major, chosen.act, chosen.plan, chosen.until or "", chosen.reason, document, details, year=chosen.year
    )
    try:
        with snapshot.open_snapshot(_published(chosen.data)) as con:
            entry = decide(ledger_of(chosen.data), con, chosen.data, request, getpass.getuser(), "")
    except NotAllowed as refusal:
        raise RunRefused(refusal.told("zh")) from None
    except Contested as first:
        raise RunRefused(contested_told(first, "zh")) from None
    told = {name: sentence(f"{name}.{entry[name] or 'none'}", "zh") for name in ("act", "case_state")}
    print(sentence("decision.written", "zh", school=chosen.school, major=chosen.major, number=entry["number"], **told))
    for finding in details_of(entry)["findings"]:
        print(f"{'✓' if finding['agrees'] else '✗'} {finding_told(finding, 'zh')}")
    return 0


def _export(chosen: argparse.Namespace, listing: Callable) -> int:
    with snapshot.open_snapshot(_published(chosen.data)) as con:
        frame = listing(con)
        content = exports.csv_bytes(frame) if chosen.format == "csv" else exports.xlsx_bytes(frame, con)
    chosen.output.write_bytes(content)
    _noted(chosen.data, "export", chosen.output.name)
    print(sentence("run.written", "zh", rows=len(frame), file=chosen.output))
    return 0


def _noted(data: Path, deed: str, subject: str) -> None:
    """Writes what the person at this machine did into the audit log."""
    audit.record(data, getpass.getuser(), "", deed, subject)


def _documents(chosen: argparse.Namespace) -> int:
    office = Office.of(chosen.data)
    if chosen.templates:
        print(sentence("document.templates", "zh", count=lay_out_templates(office.templates), folder=office.templates))
        return 0
    if chosen.output is None:
        raise RunRefused(sentence("document.no_output", "zh"))
    with snapshot.open_snapshot(_published(chosen.data)) as con:
        kinds = (chosen.kind,) if chosen.kind else KINDS
        content, count = zipped(documents(con, entries_of(chosen.data), office, kinds))
    chosen.output.write_bytes(content)
    _noted(chosen.data, "export", chosen.output.name)
    print(sentence("document.written", "zh", count=count, file=chosen.output))
    return 0


def _template(chosen: argparse.Namespace) -> int:
    chosen.output.write_bytes(exports.template_xlsx(chosen.dataset, chosen.school))
    print(sentence("run.written", "zh", rows=0, file=chosen.output))
    return 0


def _doctor(chosen: argparse.Namespace) -> int:
    from pipelines.doctor import examine

    findings = list(examine(chosen.data, _inbox(chosen), chosen.policy))
    for finding in findings:
        print(f"{'✓' if finding.is_fine else '✗'} {finding.text}")
    return 0 if all(finding.is_fine for finding in findings) else 1


def _backup(chosen: argparse.Namespace) -> int:
    print(sentence("archive.written", "zh", count=archive.back_up(chosen.data, chosen.output), file=chosen.output))
    return 0


def _restore(chosen: argparse.Namespace) -> int:
    count = archive.restore(chosen.input, chosen.data)
    _noted(chosen.data, "restore", chosen.input.name)
    print(sentence("archive.restored", "zh", count=count, data=chosen.data))
    return 0


def _snapshots(chosen: argparse.Namespace) -> int:
    current = _published(chosen.data)
    if chosen.back_to:
        if snapshot.standing_snapshot(chosen.data, chosen.back_to) is None:
            raise RunRefused(sentence("archive.no_snapshot", "zh", snapshot=chosen.back_to))
        snapshot.publish(chosen.data, chosen.back_to)
        _noted(chosen.data, "back_to", chosen.back_to)
        print(sentence("archive.back", "zh", snapshot=chosen.back_to))
        return 0
    for path in sorted(chosen.data.glob("snapshots/*.duckdb"), key=lambda kept: kept.stat().st_mtime_ns, reverse=True):
        with snapshot.open_snapshot(path) as con:
            policy, year = con.execute("select policy_id, assessment_year from snapshot").fetchall()[0]
        print(f"{'*' if path == current else ' '} {path.stem}  {year}  {policy}")
    return 0


def _metrics(chosen: argparse.Namespace) -> int:
    from prometheus_client import start_http_server

    from pipelines.metrics import registry

    _, serving = start_http_server(chosen.port, chosen.address, registry(chosen.data))
    print(f"http://{chosen.address}:{chosen.port}/metrics", flush=True)
    serving.join()
    return 0


def _published(data: Path) -> Path:
    path = snapshot.published(data)
    if path is None:
        raise RunRefused(sentence("run.not_published", "zh", data=data))
    return path


def _demo(chosen: argparse.Namespace) -> int:
    from pipelines.demo import SIMULATED_MARKER, city_version, write_city
    from pipelines.demo_decisions import enter_decisions
    from pipelines.run import run

    inbox = chosen.data / "inbox"
    marker = inbox / SIMULATED_MARKER
    if not marker.exists() or marker.read_text("utf-8") != city_version():
        if marker.exists():  # an older edition of the same city
            shutil.rmtree(inbox)
            (chosen.data / LEDGER).unlink(missing_ok=True)
        write_city(inbox)
    chosen.inbox, chosen.policy, chosen.year, chosen.engine = inbox, DEFAULT_POLICY, None, "duckdb"
    if not (chosen.data / LEDGER).exists():
        run(chosen.data, inbox)
        enter_decisions(chosen.data)
    _run(chosen)
    return 0 if chosen.no_serve else _dashboard(chosen)


def _dashboard(chosen: argparse.Namespace) -> int:
    print(f"http://127.0.0.1:{chosen.port}", flush=True)
    app = str(files("dashboards") / "app.py")
    command = [sys.executable, "-m", "streamlit", "run", app, "--server.address", "127.0.0.1", "--server.port", str(chosen.port)]
    places = {"MAJORWATCH_DATA": str(chosen.data.resolve()), "MAJORWATCH_INBOX": str(_inbox(chosen).resolve())}
    # this process becomes the dashboard, so that whoever stops it stops that
    os.execve(sys.executable, command, {**os.environ, **places})


if __name__ == "__main__":
    sys.exit(main())
