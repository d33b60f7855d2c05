"""nginx as deploy/nginx.conf sets it up, tried out in front of two real dashboards."""

import http.cookiejar
import subprocess
import urllib.request
from collections import defaultdict
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from dashboards.texts import say
from tests.serving import free_port, serve, wait_for

pytestmark = pytest.mark.browser
DEPLOY = Path(__file__).parents[2] / "deploy"


def test_nginx_keeps_a_reader_with_one_process_and_spreads_readers_over_all(city: Path, page: Page, tmp_path: Path) -> None:
    with serve(city) as one, serve(city) as other:
        port = free_port()
        text = (DEPLOY / "nginx.conf").read_text("utf-8").replace("listen 80;", f"listen 127.0.0.1:{port};")
        kept, _, rest = text.partition("    server 127.0.0.1:8501;")
        servers = "".join(f"    server {address.removeprefix('http://')};\n" for address in (one, other))
        (tmp_path / "majorwatch.conf").write_text(kept + servers + rest[rest.index("}") :], "utf-8")
        (tmp_path / "nginx.conf").write_text(
            f"daemon off; pid {tmp_path}/pid; error_log {tmp_path}/error.log;\nevents {{}}\nhttp {{\n"
            + "".join(f"{kind}_temp_path {tmp_path}/{kind};\n" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
            + f"log_format seat '$uid_got $upstream_addr $status $uri';\naccess_log {tmp_path}/access.log seat;\ninclude {tmp_path}/majorwatch.conf;\n}}\n",
            "utf-8",
        )
        serving = subprocess.Popen(["/usr/sbin/nginx", "-c", tmp_path / "nginx.conf"], stderr=subprocess.DEVNULL)
        try:
            address = f"http://127.0.0.1:{port}"
            wait_for(f"{address}/_stcore/health")
            for _ in range(24):
                reader = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar()))
                for _ in range(4):
                    reader.open(f"{address}/_stcore/health").read()
            page.goto(address)
            expect(page.get_by_role("heading", name=say("overview.title", "zh"), exact=True, level=1)).to_be_visible(timeout=60_000)
            page.get_by_role("link", name=say("list.title", "zh"), exact=True).click()
            expect(page.get_by_role("heading", name=say("list.title", "zh"), exact=True, level=1)).to_be_visible(timeout=60_000)
            expect(page.get_by_test_id("stDataFrame").first).to_be_visible(timeout=60_000)
            page.close()
        finally:
            serving.terminate()
            serving.wait()
        seats: dict[str, set[str]] = defaultdict(set)
        for line in (tmp_path / "access.log").read_text("utf-8").splitlines():
            seat, upstream, *_ = line.split()
            if seat != "-":
                seats[seat].add(upstream)
        assert len(seats) >= 25
        assert all(len(processes) == 1 for processes in seats.values())
        assert len(set.union(*seats.values())) == 2
