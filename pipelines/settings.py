"""majorwatch.toml: where the data come from and whom to tell. Secrets stand in the environment only; the file names the variables."""

import os
import tomllib
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from warehouse.dictionary import dictionary
from warehouse.snapshot import RunRefused
from warehouse.texts import sentence

FILE = "majorwatch.toml"


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Pull(_Strict):
    """One dataset of a source. `columns`: column of the dataset -> column of the source, where their names differ."""

    query: str = ""
    table: str = ""
    path: str = ""
    columns: dict[str, str] = {}


class Database(_Strict):
    """A relational database. `url_env` names the variable that holds its SQLAlchemy address."""

    kind: Literal["database"]
    name: str
    url_env: str
    datasets: dict[str, Pull]


class Api(_Strict):
    """A paged JSON interface. `rows` and `next_cursor` are dotted places in the answer; `token_env` names the variable with the bearer token."""

    kind: Literal["api"]
    name: str
    url: str
    datasets: dict[str, Pull]
    token_env: str = ""
    rows: str = "rows"
    page_parameter: str = "page"
    next_cursor: str = ""
    cursor_parameter: str = "cursor"
    timeout_seconds: float = Field(default=30, gt=0)
    attempts: int = Field(default=4, ge=1, le=10)


class Alert(_Strict):
    """Whom to tell when a run fails or new reds appear: the variable that holds the address of a group robot (WeCom, DingTalk)."""

    webhook_env: str


class Settings(_Strict):
    """The whole file. `stale_hours`: after how many hours without an answer a source counts as stale."""

    source: tuple[Annotated[Database | Api, Field(discriminator="kind")], ...] = ()
    alert: Alert | None = None
    stale_hours: int = Field(default=48, ge=1)


def read_settings(path: Path | None = None) -> Settings:
    """The settings of a file (default: MAJORWATCH_CONFIG, else majorwatch.toml here, else none). RunRefused names what is wrong."""
    chosen = path or Path(os.environ.get("MAJORWATCH_CONFIG", FILE))
    if not chosen.is_file():
        if path is None and "MAJORWATCH_CONFIG" not in os.environ:
            return Settings()
        raise RunRefused(sentence("settings.absent", "zh", file=chosen))
    try:
        settings = Settings.model_validate(tomllib.loads(chosen.read_text("utf-8")))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise RunRefused(sentence("settings.syntax", "zh", file=chosen, error=error)) from error
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        raise RunRefused(sentence("settings.wrong", "zh", file=chosen, place=place, found=first.get("input"))) from error
    unknown = [name for source in settings.source for name in source.datasets if name not in dictionary().datasets]
    if unknown:
        raise RunRefused(sentence("settings.wrong", "zh", file=chosen, place="source.datasets", found=unknown[0]))
    return settings


def secret(name: str) -> str:
    """The value of an environment variable; RunRefused where it is not set."""
    if name not in os.environ:
        raise RunRefused(sentence("settings.secret", "zh", name=name))
    return os.environ[name]
