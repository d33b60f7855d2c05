"""What the latest pull of each source came to: left beside the snapshots, shown on every screen."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

FILE = "sources.json"


@dataclass(frozen=True)
class SourceState:
    """A source's latest pull: seconds since the epoch of the last answer (0: never), rows it gave, and what went wrong since."""

    name: str
    answered: float
    rows: int
    problem: str

    def hours_old(self, now: float) -> float | None:
        """Hours since the last answer; None where there never was one."""
        return (now - self.answered) / 3600 if self.answered else None


def source_states(data: Path) -> list[SourceState]:
    """The states that the latest pull left; empty where nothing was ever pulled."""
    path = data / FILE
    return [SourceState(**entry) for entry in json.loads(path.read_text("utf-8"))] if path.exists() else []


def written(states: list[SourceState]) -> bytes:
    """The states as the file holds them."""
    return json.dumps([asdict(state) for state in states], ensure_ascii=False).encode()
