"""A checked policy, or a refusal with the line at fault (docs/policy). Reads TOML; decides nothing itself."""

import difflib
import re
import tomllib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from decimal import Decimal
from functools import cache, partial
from importlib.resources import files
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Any, Literal

import tomli_w
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from warehouse.dictionary import Words, dictionary
from warehouse.texts import Language, sentence

ID = r"^[^\s;:/\\=+@|-][^;:/\\|\n\r\t]{0,59}$"  # ids are joined by ; and :, and name files
Threshold = Annotated[Decimal, Field(ge=-(10**9), le=10**9)]
COMPARISONS = ("below", "at_most", "above", "at_least")
STANDARD_TITLES = {
    "normal": ("正常", "Normal"),
    "watch": ("关注", "Watch"),
    "yellow": ("黄牌", "Yellow card"),
    "red": ("红牌", "Red card"),
}


class PolicyError(Exception):
    """A policy that can't be used; `told` names file, line, what was found and what to do, in a language; the message is Chinese."""

    def __init__(self, told: Callable[[Language], str]) -> None:
        self.told = told
        super().__init__(told("zh"))


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Level(_Strict):
    """A warning level. How the action reduce sets the plan: `cut` takes that share of this year's plan away; `employed` allows as many
    as were employed of the latest graduates (Tianjin 2009); `intake` the mean registered of the last three years; `alternate` none in
    the year after an intake, else this year's plan. Never more than this year's plan."""

    id: str = Field(pattern=ID)
    title: Words | None = None
    action: Literal["none", "observe", "reduce", "stop"]
    cut: Decimal | None = Field(default=None, gt=0, lt=1)
    plan: Literal["cut", "employed", "intake", "alternate"] = "cut"

    @model_validator(mode="after")
    def _cut_belongs_to_reduce(self) -> "Level":
        if (self.action == "reduce" and self.plan == "cut") != (self.cut is not None):
            raise ValueError("policy.cut")
        if self.action != "reduce" and self.plan != "cut":
            raise ValueError("policy.plan")
        return self

    @property
    def shown_title(self) -> Words:
        """The title; for the standard levels their usual name, else the id."""
        zh, en = STANDARD_TITLES.get(self.id, (self.id, self.id))
        return self.title or Words(zh=zh, en=en)


class Condition(_Strict):
    """One comparison of an indicator with a threshold; with `certainty` (0 to 1) a step needs this one for it, not the step's own."""

    indicator: str
    below: Threshold | None = None
    at_most: Threshold | None = None
    above: Threshold | None = None
    at_least: Threshold | None = None
    certainty: Decimal | None = Field(default=None, gt=0, lt=1)

    @model_validator(mode="after")
    def _one_comparison(self) -> "Condition":
        if sum(getattr(self, name) is not None for name in COMPARISONS) != 1:
            raise ValueError("policy.comparison")
        return self

    @property
    def comparison(self) -> str:
        """below, at_most, above or at_least."""
        return next(name for name in COMPARISONS if getattr(self, name) is not None)

    @property
    def threshold(self) -> float:
        """The number compared with, in the indicator's own unit."""
        return float(getattr(self, self.comparison))


class Step(_Strict):
    """A level reached by a run of `years` breach years, by `breaches` of them within so many calendar years, or by the years of a
    `window` taken together, of which at least `least` must have data; where given, with at least this certainty (0 to 1), which a window
    always needs."""

    years: int | None = Field(default=None, ge=1, le=50)
    breaches: int | None = Field(default=None, ge=1, le=50)
    within: int | None = Field(default=None, ge=1, le=50)
    window: int | None = Field(default=None, ge=1, le=50)
    least: int | None = Field(default=None, ge=1, le=50)
    level: str
    certainty: Decimal | None = Field(default=None, gt=0, lt=1)

    @model_validator(mode="after")
    def _one_kind(self) -> "Step":
        if sum(number is not None for number in (self.years, self.breaches, self.window)) != 1:
            raise ValueError("policy.step_kind")
        if (self.breaches is None) != (self.within is None) or (self.breaches or 0) > (self.within or 0):
            raise ValueError("policy.step_within")
        if self.window is not None and self.certainty is None:
            raise ValueError("policy.step_window")
        if self.least is not None and self.least > (self.window or 0):
            raise ValueError("policy.step_least")
        return self

    @property
    def kind(self) -> str:
        """run, count or window."""
        return "run" if self.years else "count" if self.breaches else "window"


class Rule(_Strict):
    """A policy line. `min_denominator` persons; `max_gap` and `grace_years` years; `exempt` starts of major codes."""

    id: str = Field(pattern=ID)
    title: Words | None = None
    source: Words | None = None
    conditions: tuple[Condition, ...] = Field(min_length=1)
    min_denominator: int = Field(default=0, ge=0, le=10**9)
    max_gap: int = Field(default=0, ge=0, le=1000)
    exempt: tuple[str, ...] = ()
    grace_years: int | None = Field(default=None, ge=0, le=1000)
    steps: tuple[Step, ...] = Field(min_length=1)

    @property
    def shown_title(self) -> Words:
        """The title, else the id."""
        return self.title or Words(zh=self.id, en=self.id)


class Escalation(_Strict):
    """Several rules together: at least these levels of these rules make this level."""

    when: dict[str, str] = Field(min_length=1)
    level: str


class Heading(_Strict):
    """Who set the policy, on what basis, and where duplication is counted."""

    id: str = Field(pattern=ID)
    title: Words
    basis: str
    area: Literal["city", "district"]
    note: Words | None = None
    spare_only_provider: bool = False
    class_size: int | None = Field(default=None, ge=1, le=100)
    years_of_study: int = Field(default=3, ge=1, le=6)


class Similarity(_Strict):
    """From which score (0 to 1) two majors count as one cluster, and how the evidence is weighed; without a score, only the same code."""

    score: Decimal | None = Field(default=None, gt=0, le=1)
    name_weight: Decimal = Field(default=Decimal("0.3"), ge=0)
    course_weight: Decimal = Field(default=Decimal("0.3"), ge=0)
    occupation_weight: Decimal = Field(default=Decimal("0.3"), ge=0)
    class_weight: Decimal = Field(default=Decimal("0.1"), ge=0)


class Keep(_Strict):
    """How many points of a crowded cluster an area should keep, and the weights by which they are ranked."""

    keep_points: int = Field(default=3, ge=1)
    employment_weight: Decimal = Field(default=Decimal("0.4"), ge=0)
    intake_weight: Decimal = Field(default=Decimal("0.3"), ge=0)
    retention_weight: Decimal = Field(default=Decimal("0.2"), ge=0)
    matched_weight: Decimal = Field(default=Decimal("0.1"), ge=0)


class Lists(_Strict):
    """The three lists of majors: graduates for every vacancy at most `shortage_ratio` (重点紧缺) or at least `restrict_ratio`, or a share of
    flagged points of at least `restrict_share` (限制撤销); of at least `upgrade_share` (改造升级)."""

    shortage_ratio: Decimal = Field(default=Decimal("0.5"), ge=0)
    restrict_ratio: Decimal = Field(default=Decimal("2"), ge=0)
    upgrade_share: Decimal = Field(default=Decimal("0.3"), gt=0, le=1)
    restrict_share: Decimal = Field(default=Decimal("0.6"), gt=0, le=1)


class Screening(_Strict):
    """From where a self-reported figure is worth a second look, and a rise or an interval speaks against a level. Persons, shares of 1,
    and certainty (0 to 1)."""

    same_figures_persons: int = Field(default=10, ge=1)
    all_placed_persons: int = Field(default=100, ge=1)
    all_matched_persons: int = Field(default=20, ge=1)
    round_share: Decimal = Field(default=Decimal("0.6"), gt=0, le=1)
    round_figures: int = Field(default=15, ge=1)
    jump: Decimal = Field(default=Decimal("0.15"), gt=0, lt=1)
    gap_certainty: Decimal = Field(default=Decimal("0.95"), gt=0, lt=1)
    improving: Decimal = Field(default=Decimal("0.05"), gt=0, lt=1)
    wide: Decimal = Field(default=Decimal("0.25"), gt=0, lt=1)


class Exit(_Strict):
    """Terms of what follows a warning. `rectify_years`, `withdraw_after_years` (without intake), `exempt_years` (at most) in years;
    `postpone_days` at most; `school_growth`: by how much of its plan a school may grow in one year (share of 1) when places are shifted;
    `vocational_excess`: by how much all plans together may exceed the general schools' intake (职普大体相当; share of 1)."""

    rectify_years: int = Field(default=1, ge=1, le=5)
    withdraw_after_years: int = Field(default=3, ge=1, le=10)
    exempt_years: int = Field(default=4, ge=1, le=10)
    postpone_days: int = Field(default=180, ge=1, le=730)
    school_growth: Decimal = Field(default=Decimal("0.2"), ge=0, le=1)
    vocational_excess: Decimal = Field(default=Decimal("0.2"), ge=0, le=10)


class DistrictEvaluation(_Strict):
    """The weights by which districts are evaluated once a year: plan fulfilment, quality reports handed in, monthly reports handed in."""

    fulfilment_weight: Decimal = Field(default=Decimal("0.5"), ge=0)
    quality_report_weight: Decimal = Field(default=Decimal("0.3"), ge=0)
    monthly_report_weight: Decimal = Field(default=Decimal("0.2"), ge=0)


class SchoolRule(_Strict):
    """One comparison of a school indicator with a threshold, for school-level warnings; a school under `below` or over `above` is listed."""

    id: str = Field(pattern=ID)
    title: Words
    source: Words | None = None
    indicator: Literal["major_count", "pupils_per_major", "overlap_share", "twin_similarity"]
    below: Threshold | None = None
    above: Threshold | None = None

    @model_validator(mode="after")
    def _one_comparison(self) -> "SchoolRule":
        if (self.below is None) == (self.above is None):
            raise ValueError("policy.school_comparison")
        return self


class Policy(_Strict):
    """A whole policy file. `level` in rising order, normal implied below the first."""

    policy: Heading
    level: tuple[Level, ...] = Field(min_length=1)
    rule: tuple[Rule, ...] = ()
    escalation: tuple[Escalation, ...] = ()
    school_rule: tuple[SchoolRule, ...] = ()
    similarity: Similarity = Similarity()
    keep: Keep = Keep()
    lists: Lists = Lists()
    screening: Screening = Screening()
    exit: Exit = Exit()
    district_evaluation: DistrictEvaluation = DistrictEvaluation()

    def rank(self, level: str) -> int:
        """0 for normal, 1 for the first level, and so on; ValueError for an unknown level."""
        return ("normal", *(entry.id for entry in self.level)).index(level)


@dataclass(frozen=True)
class _Fault:
    """One thing wrong with a policy file: where in its tables, and the sentence that says what."""

    where: tuple[str | int, ...]
    key: str
    values: dict[str, Any]


def presets() -> list[str]:
    """Names of the policies that ship with the product."""
    return sorted(entry.name.removesuffix(".toml") for entry in files("warehouse.policies").iterdir() if entry.name.endswith(".toml"))


@cache
def preset_titles() -> dict[str, Words]:
    """The title of every policy that ships with the product, by its name; the files are read once."""
    return {name: read_policy(name).policy.title for name in presets()}


def read_policy(source: str) -> Policy:
    """The policy of a preset's name or a file's path; PolicyError with every line at fault."""
    path = Path(source)
    if source in presets():
        name, text = f"{source}.toml", (files("warehouse.policies") / f"{source}.toml").read_text("utf-8")
    elif path.is_file():
        try:
            name, text = path.name, path.read_text("utf-8-sig")
        except UnicodeDecodeError as error:
            raise PolicyError(partial(sentence, "policy.encoding", file=path.name)) from error
    else:
        raise PolicyError(partial(sentence, "policy.absent", source=source, presets="、".join(presets())))
    return parse_policy(text, name)


def parse_policy(text: str, name: str) -> Policy:
    """The policy of a TOML text; `name` is what messages call it. PolicyError with every line at fault."""
    try:
        tables = tomllib.loads(text, parse_float=Decimal)
    except tomllib.TOMLDecodeError as error:
        raise PolicyError(partial(sentence, "policy.syntax", file=name, error=error)) from error
    try:
        policy = Policy.model_validate(tables)
    except ValidationError as error:
        faults = [_fault_of(details) for details in error.errors()]
    else:
        faults = list(_disagreements(policy))
        if not faults:
            return policy
    raise PolicyError(partial(_told, text, name, faults))


def _told(text: str, name: str, faults: list[_Fault], language: Language) -> str:
    """Every line at fault, and that nothing was changed."""
    lines = [
        sentence(
            "policy.line",
            language,
            file=name,
            line=_line_of(text, fault.where),
            fault=sentence(f"policy.{fault.key}", language, **fault.values),
        )
        for fault in faults
    ]
    return " ".join([*lines, sentence("policy.unchanged", language)])


def write_policy(policy: Policy) -> str:
    """The policy as the text of a policy file, which reads back the same."""
    return tomli_w.dumps(_plain(policy.model_dump(exclude_none=True)))


def _plain(part: Any) -> Any:
    """Tables and lists of plain values; decimals as numbers."""
    if isinstance(part, dict):
        return {key: _plain(value) for key, value in part.items() if value not in ((), [])}
    if isinstance(part, list | tuple):
        return [_plain(value) for value in part]
    return float(part) if isinstance(part, Decimal) else part


def _fault_of(details: Any) -> _Fault:
    """A fault of shape: an unknown or missing key, or a value of the wrong kind."""
    where, kind = tuple(details["loc"]), details["type"]
    if kind == "extra_forbidden":
        return _Fault(where, "unknown_key", {"key": where[-1]})
    if kind == "missing":
        return _Fault(where[:-1], "missing_key", {"key": where[-1]})
    if kind == "value_error":
        return _Fault(where, str(details["ctx"]["error"]).removeprefix("policy."), {})
    return _Fault(where, "wrong_value", {"key": where[-1], "value": details.get("input")})


def _disagreements(policy: Policy) -> Iterable[_Fault]:
    """Faults between the parts: unknown indicators, levels and rules, steps out of order, names used twice."""
    levels = [entry.id for entry in policy.level]
    rules = [rule.id for rule in policy.rule]
    indicators = list(dictionary().indicators)
    if not policy.rule and not policy.school_rule:
        yield _Fault((), "no_rule", {})
    for table, names in (("level", levels), ("rule", rules), ("school_rule", [entry.id for entry in policy.school_rule])):
        for place, name in enumerate(names):
            if name in names[:place] or name == "normal":
                yield _Fault((table, place, "id"), "repeated_id", {"id": name})
    for place, rule in enumerate(policy.rule):
        for order, condition in enumerate(rule.conditions):
            if condition.indicator not in indicators:
                yield _unknown(
                    ("rule", place, "conditions", order, condition.indicator),
                    "indicator",
                    condition.indicator,
                    indicators,
                )
        unknown = [(order, step) for order, step in enumerate(rule.steps) if step.level not in levels]
        for order, step in unknown:
            yield _unknown(("rule", place, "steps", order, step.level), "level", step.level, levels)
        if all(not dictionary().indicators[name].is_proportion for name in _known(rule, indicators)):
            for order, step in enumerate(rule.steps):
                if step.kind == "window":
                    yield _Fault(("rule", place, "steps", order, "window"), "window_without_proportion", {"rule": rule.id})
        ladder = [(step.years, policy.rank(step.level)) for step in rule.steps if step.years and not unknown]
        if any(later <= earlier or later[1] < earlier[1] for earlier, later in pairwise(ladder)):
            yield _Fault(("rule", place, "steps"), "steps_out_of_order", {"rule": rule.id})
    for place, escalation in enumerate(policy.escalation):
        for rule_id, level in escalation.when.items():
            if rule_id not in rules:
                yield _unknown(("escalation", place, "when", rule_id), "rule", rule_id, rules)
            if level not in levels:
                yield _unknown(("escalation", place, "when", level), "level", level, levels)
        if escalation.level not in levels:
            yield _unknown(("escalation", place, "level", escalation.level), "level", escalation.level, levels)


def _known(rule: Rule, indicators: list[str]) -> list[str]:
    return [condition.indicator for condition in rule.conditions if condition.indicator in indicators]


def _unknown(where: tuple[str | int, ...], kind: str, found: str, known: list[str]) -> _Fault:
    nearest = difflib.get_close_matches(found, known, n=1, cutoff=0.5) or ["、".join(known)]
    return _Fault(where, f"unknown_{kind}", {"found": found, "nearest": nearest[0]})


def _line_of(text: str, where: tuple[str | int, ...]) -> int:
    """The line (from 1) that a place in the tables stands on: its table's header, then the last name of `where` below it."""
    lines = text.splitlines()
    table = str(where[0]) if where else ""
    place = where[1] if len(where) > 1 and isinstance(where[1], int) else 0
    headers = [number for number, line in enumerate(lines, 1) if re.match(rf"\s*\[+\s*{re.escape(table)}\s*\]+", line)]
    if not headers:
        return next((number for number, line in enumerate(lines, 1) if table and table in line), 1)
    start = headers[min(place, len(headers) - 1)]
    end = next((number for number, line in enumerate(lines, 1) if number > start and re.match(r"\s*\[", line)), len(lines) + 1)
    for name in (str(part) for part in reversed(where[1:]) if isinstance(part, str)):
        for number in range(start, end):
            if re.search(rf"(?<![\w-]){re.escape(name)}(?![\w-])", lines[number - 1].split("#")[0]):
                return number
    return start
