"""Filters that an analyst keeps under a name: a small file beside the snapshots, shared by everybody who uses this dashboard."""

import json
from pathlib import Path

from warehouse.whole import write_whole

FILE = "saved_views.json"


def saved_views(data: Path) -> dict[str, dict[str, list[str]]]:
    """Name -> filters (name of the filter -> codes), in the order they were saved."""
    path = data / FILE
    return json.loads(path.read_text("utf-8")) if path.exists() else {}


def save_view(data: Path, name: str, filters: dict[str, list[str]]) -> None:
    """Keeps the filters under a name; empty filters remove it. The file is replaced whole."""
    views = saved_views(data)
    views.pop(name, None)
    if filters:
        views[name] = filters
    write_whole(data / FILE, json.dumps(views, ensure_ascii=False, indent=1).encode())
