"""In service: a real OpenID Connect provider on this machine, roles, and what somebody who is not meant to see it is shown."""

import json
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest
from playwright.sync_api import Page, expect

from dashboards.navigation import NEEDED, VIEWS
from dashboards.queries import Shown, ask
from dashboards.texts import say
from tests.browser.conftest import settled
from tests.serving import free_port, serve, wait_for
from tests.session import path_of
from warehouse import audit, snapshot
from warehouse.texts import sentence

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def provider() -> Iterator[str]:
    """A provider in a process of its own; anybody may log in under any name."""
    port = free_port()
    serving = subprocess.Popen(
        [sys.executable, "-m", "oidc_provider_mock", "--port", str(port)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    address = f"http://127.0.0.1:{port}"
    wait_for(f"{address}/.well-known/openid-configuration")
    yield address
    serving.terminate()
    serving.wait()


@pytest.fixture(scope="module")
def schools(city: Path) -> list[tuple[str, str]]:
    """A school of the list, one of another district: (code, name)."""
    with snapshot.open_snapshot(snapshot.published(city)) as con:  # type: ignore[arg-type]
        return con.execute(
            "select school_id, school_name from schools where school_id in (select school_id from warning) qualify row_number() over (partition by district_code order by school_id) = 1 order by school_id limit 2"
        ).fetchall()


@pytest.fixture(scope="module")
def service(city: Path, provider: str, schools: list, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The dashboard as a bureau runs it: log-in demanded, roles partly in the table, partly from claims."""
    folder, port = tmp_path_factory.mktemp("service"), free_port()
    (folder / "majorwatch.toml").write_text(
        '[bureau]\nname = "模拟教育局"\n[access]\nname_claim = "sub"\n'
        f'[[access.person]]\nname = "school"\nrole = "school"\nschools = ["{schools[0][0]}"]\n'
        '[[access.person]]\nname = "boss"\nrole = "administrator"\n',
        "utf-8",
    )
    (folder / "secrets.toml").write_text(
        f'[auth]\nredirect_uri = "http://127.0.0.1:{port}/oauth2callback"\ncookie_secret = "{"x" * 40}"\nclient_id = "majorwatch"\n'
        f'client_secret = "s"\nserver_metadata_url = "{provider}/.well-known/openid-configuration"\n',
        "utf-8",
    )
    told = {"MAJORWATCH_CONFIG": str(folder / "majorwatch.toml"), "STREAMLIT_SECRETS_FILES": str(folder / "secrets.toml")}
    with serve(city, port, told) as address:
        yield address


def _log_in(page: Page, service: str, name: str, claims: dict | None = None, provider: str = "") -> None:
    if claims:
        request = urllib.request.Request(
            f"{provider}/users/{name}", json.dumps(claims).encode(), {"Content-Type": "application/json"}, method="PUT"
        )
        urllib.request.urlopen(request)
    page.goto(service)
    page.get_by_role("button", name=say("access.log_in", "zh"), exact=True).click(timeout=60_000)
    page.locator("input[name=sub]").fill(name)
    page.get_by_role("button", name="Authorize").click()


def test_nothing_is_shown_before_the_log_in(page: Page, service: str, schools: list) -> None:
    page.goto(f"{service}/offering?school={schools[0][0]}")
    expect(page.get_by_text(say("access.needed", "zh"))).to_be_visible(timeout=60_000)
    assert schools[0][1] not in page.locator("body").inner_text()


def test_an_account_without_a_role_sees_nothing(page: Page, service: str) -> None:
    _log_in(page, service, "nobody")
    expect(page.get_by_text(say("access.no_role", "zh", name="nobody"))).to_be_visible(timeout=60_000)
    expect(page.get_by_test_id("stSidebarNav")).to_have_count(0)


def test_a_school_sees_its_own_rows_on_every_page_and_is_refused_the_rest(
    page: Page, service: str, schools: list, city: Path, city_snapshot: duckdb.DuckDBPyConnection
) -> None:
    (own, own_name), (other, other_name) = schools
    _log_in(page, service, "school")
    expect(page.get_by_role("heading", name=say("overview.title", "zh"), exact=True, level=1)).to_be_visible(timeout=60_000)
    others = [name for (name,) in city_snapshot.execute("select school_name from schools where school_id <> ?", [own]).fetchall()]
    for name in VIEWS:
        page.goto(f"{service}/{path_of(name)}")
        expect(page.get_by_test_id("stMain")).to_contain_text(say("frame.simulated", "zh"), timeout=60_000)
        settled(page)
        text = page.get_by_test_id("stMain").inner_text()
        assert not [school for school in others if school in text], name
        assert (say("access.not_allowed", "zh") in text) == (name in NEEDED)
    page.goto(f"{service}/offering?school={other}")
    expect(page.get_by_text(say("access.not_shown", "zh", asked=other))).to_be_visible(timeout=60_000)
    assert other_name not in page.get_by_test_id("stMain").inner_text()
    assert f"school={other}" in set(audit.entries(city)["subject"])
    page.goto(f"{service}/offering?school={own}")
    expect(page.get_by_role("heading", level=2).first).to_contain_text(own_name, timeout=60_000)


def test_claims_of_the_provider_give_a_role_too(page: Page, service: str, provider: str, city_snapshot: duckdb.DuckDBPyConnection) -> None:
    ((district,),) = city_snapshot.execute("select min(district_code) from schools").fetchall()
    _log_in(page, service, "area", {"majorwatch_role": "district", "majorwatch_districts": [district]}, provider)
    expect(page.get_by_text(say("access.who", "zh", name="area", role="县区"))).to_be_visible(timeout=60_000)
    ((count,),) = city_snapshot.execute(
        "select count(*) from warning join schools using (school_id) where district_code = ? and year = (select assessment_year from snapshot)",
        [district],
    ).fetchall()
    expect(page.get_by_test_id("stMain")).to_contain_text(f"共评估 {count} 个专业点", timeout=60_000)


def test_an_administrator_reads_the_audit_log(page: Page, service: str, city: Path) -> None:
    audit.record(city, "boss", "administrator", "export", "x.csv")
    _log_in(page, service, "boss")
    expect(page.get_by_text("模拟教育局")).to_be_visible(timeout=60_000)
    page.get_by_role("link", name=say("audit.title", "zh")).click()
    expect(page.get_by_role("heading", name=say("audit.title", "zh"), exact=True, level=1)).to_be_visible(timeout=60_000)
    expect(page.get_by_test_id("stDataFrame")).to_be_visible(timeout=60_000)


def test_no_table_shows_a_school_the_rows_of_another(city: Path, schools: list) -> None:
    path = snapshot.published(city)
    assert path is not None
    own = Shown(path, schools=(schools[0][0],))
    tables = ask(
        own,
        "select table_name, list(column_name) as columns from duckdb_columns() where database_name = 'whole' and schema_name = 'main' group by 1",
    )
    for row in tables.itertuples():
        if "school_id" in row.columns:
            found = set(ask(own, f'select distinct school_id from "{row.table_name}"')["school_id"])
            assert found <= {schools[0][0]}, row.table_name
    assert 0 < ask(own, "select count(*) as n from warning")["n"][0] < ask(Shown(path), "select count(*) as n from warning")["n"][0]


def test_a_school_answers_for_its_own_majors_and_decides_nothing(page: Page, service: str, schools: list) -> None:
    _log_in(page, service, "school")
    expect(page.get_by_role("heading", name=say("overview.title", "zh"), exact=True, level=1)).to_be_visible(timeout=60_000)
    expect(page.get_by_test_id("stSidebarNav").get_by_text(say("todo.title", "zh"))).to_have_count(0)
    page.goto(f"{service}/appeals")
    expect(page.get_by_role("heading", name=say("appeals.answer", "zh"))).to_be_visible(timeout=60_000)
    page.get_by_role("combobox", name=say("appeals.which", "zh")).click()
    offered = [option.split("　")[0] for option in page.get_by_role("option").all_inner_texts()]
    assert set(offered) == {schools[0][1]}
    page.keyboard.press("Escape")
    expect(page.get_by_role("button", name=sentence("act.uphold", "zh"), exact=True)).to_have_count(0)
    page.goto(f"{service}/ledger")
    settled(page)
    expect(page.get_by_role("button", name=say("ledger.undo", "zh"))).to_have_count(0)
