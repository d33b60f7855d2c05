"""majorwatch.toml: where the data come from, whom to tell, whose screens these are and who may see what; and what holds where a command is not told.

Secrets stand in the environment only; the file names the variables.
"""

import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from warehouse.dictionary import dictionary
from warehouse.refusal import RunRefused
from warehouse.texts import Language, sentence

FILE = "majorwatch.toml"
ENGINES = ("duckdb", "spark")
DEFAULT_POLICY = "nanchang-2019"


def data_folder() -> Path:
    """The data folder where none is named: MAJORWATCH_DATA, else data."""
    return Path(os.environ.get("MAJORWATCH_DATA") or "data")


def inbox_of(data: Path) -> Path:
    """The folder of files handed in where none is named: MAJORWATCH_INBOX, else DATA/inbox."""
    return Path(os.environ.get("MAJORWATCH_INBOX") or data / "inbox")


def policy_in_force() -> str:
    """The policy, a file or a preset, where none is named: MAJORWATCH_POLICY, else DEFAULT_POLICY."""
    return os.environ.get("MAJORWATCH_POLICY") or DEFAULT_POLICY


class SettingsRefused(RunRefused):
    """Settings that can't be used; `told` says why and what to do, in a language; the message is Chinese."""

    def __init__(self, key: str, **values: object) -> None:
        self.key, self.values = key, values
        super().__init__(self.told("zh"))

    def told(self, language: Language) -> str:
        """The reason in words."""
        return sentence(f"settings.{self.key}", language, **self.values)


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


class MailFolder(_Strict):
    """A folder of received mails (Maildir, or .eml files): their attachments are submissions."""

    kind: Literal["mail"]
    name: str
    folder: Path


class Alert(_Strict):
    """Whom to tell when a run fails, data are late or new reds appear: a group robot (WeCom, DingTalk), people by e-mail, or both.

    `webhook_env` and `smtp_env` name the variables that hold the robot's address and the mail server's (smtp://user:password@host:port).
    """

    webhook_env: str = ""
    smtp_env: str = ""
    mail_from: str = ""
    mail_to: tuple[str, ...] = ()


class Bureau(_Strict):
    """Whose screens these are: the name in the sidebar, and the file of its emblem."""

    name: str = ""
    emblem: str = ""


Role = Literal["analyst", "decider", "administrator", "school", "district"]


class Person(_Strict):
    """Who somebody is here. A school sees the rows of `schools` (codes) only, a district those of `districts` (codes) only."""

    name: str
    role: Role
    schools: tuple[str, ...] = ()
    districts: tuple[str, ...] = ()


class Access(_Strict):
    """Makes the dashboard ask for a log-in. Roles come from the provider's claims, or from the table `person`, which goes before them.

    `name_claim`, `role_claim`, `schools_claim`, `districts_claim` name the claims; the last two hold a code or a list of codes.
    """

    name_claim: str = "email"
    role_claim: str = "majorwatch_role"
    schools_claim: str = "majorwatch_schools"
    districts_claim: str = "majorwatch_districts"
    person: tuple[Person, ...] = ()

    def person_of(self, claims: Mapping[str, Any]) -> Person | None:
        """Who the claims speak of; None where neither the table nor the claims give them a role."""
        name = str(claims.get(self.name_claim) or "")
        for entry in self.person:
            if name and entry.name == name:
                return entry
        told = {"name": name, "role": claims.get(self.role_claim),
                "schools": _listed(claims.get(self.schools_claim)), "districts": _listed(claims.get(self.districts_claim))}  # fmt: skip
        try:
            return Person.model_validate(told) if name else None
        except ValidationError:
            return None


def _listed(claim: Any) -> tuple[str, ...]:
    return tuple(map(str, claim)) if isinstance(claim, list | tuple) else (str(claim),) if claim else ()


class SparkSettings(_Strict):
    """Where `run --engine spark` computes. `shared`: how the cluster addresses the data folder (s3a://..., hdfs://...; empty: the same path on
    every machine); `options`: settings of Spark itself."""

    master: str = "local[*]"
    shared: str = ""
    options: dict[str, str] = {}


class Settings(_Strict):
    """The whole file. `stale_hours`: after how many hours without an answer a source counts as stale. `ledger_env` names the variable
    with the SQLAlchemy address of the ledger; without it the ledger is a file beside the snapshots."""

    source: tuple[Annotated[Database | Api | MailFolder, Field(discriminator="kind")], ...] = ()
    alert: Alert | None = None
    ledger_env: str = ""
    stale_hours: int = Field(default=48, ge=1)
    bureau: Bureau = Bureau()
    access: Access | None = None
    spark: SparkSettings = SparkSettings()


def read_settings(path: Path | None = None) -> Settings:
    """The settings of a file (default: MAJORWATCH_CONFIG, else majorwatch.toml here, else none). SettingsRefused names what is wrong."""
    chosen = path or Path(os.environ.get("MAJORWATCH_CONFIG", FILE))
    if not chosen.is_file():
        if path is None and "MAJORWATCH_CONFIG" not in os.environ:
            return Settings()
        raise SettingsRefused("absent", file=chosen)
    try:
        settings = Settings.model_validate(tomllib.loads(chosen.read_text("utf-8")))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsRefused("syntax", file=chosen, error=error) from error
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        raise SettingsRefused("wrong", file=chosen, place=place, found=first.get("input")) from error
    unknown = [name for source in settings.source if source.kind != "mail" for name in source.datasets if name not in dictionary().datasets]
    if unknown:
        raise SettingsRefused("wrong", file=chosen, place="source.datasets", found=unknown[0])
    return settings


def secret(name: str) -> str:
    """The value of an environment variable; SettingsRefused where it is not set."""
    if name not in os.environ:
        raise SettingsRefused("secret", name=name)
    return os.environ[name]
