"""The same numbers computed a second, plainer way: loops over lists and exact fractions beside the SQL, over random small cities."""

from decimal import Decimal
from fractions import Fraction
from math import floor

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scipy.stats import beta

from tests.small_city import HEADING, LEVELS, judged, policy_of
from warehouse.dictionary import dictionary

MAJORS = ["730301", "710201", "610101"]
YEARS = [2020, 2021, 2022, 2023]
SCHOOLS = ["S0", "S1", "S2", "S3"]


class City:
    """Plain lists of rows, and the questions that the indicators ask of them."""

    def __init__(self, tables: dict[str, list[tuple]], is_district: bool) -> None:
        self.enrolment = {row[:3]: dict(zip(("plan", "admitted", "registered"), row[3:], strict=True)) for row in tables["enrolment"]}
        self.graduates = {row[:3]: dict(zip(("graduates", "employed", "further"), row[3:], strict=True)) for row in tables["graduates"]}
        self.roster = {row[:3]: dict(zip(("students", "leavers"), row[3:], strict=True)) for row in tables["roster"]}
        self.demand = {(year, major, district): vacancies for year, major, district, vacancies in tables["demand"]}
        self.evaluation = {row[:3]: row[3:] for row in tables["evaluation"]}
        self.is_district = is_district

    def area(self, school: str) -> str:
        return f"D{int(school[1:]) % 2}" if self.is_district else "city"

    def is_active(self, key: tuple) -> bool:
        row = self.enrolment.get(key)
        return bool(row) and (row["plan"] > 0 or row["registered"] > 0)

    def active(self, year: int, area: str) -> list[tuple]:
        return [key for key in self.enrolment if key[0] == year and self.area(key[1]) == area and self.is_active(key)]

    def same(self, key: tuple) -> list[tuple]:
        return [other for other in self.active(key[0], self.area(key[1])) if other[2] == key[2]]

    def rate(self, key: tuple) -> Fraction | None:
        row = self.graduates[key]
        return Fraction(row["employed"] + row["further"], row["graduates"]) if row["graduates"] else None


def _share(part: int, whole: int) -> Fraction | None:
    return Fraction(part, whole) if whole else None


def _outcome(part):
    return {"rows": "graduates", "value": part}


def _percentile(city: City, key: tuple) -> Fraction | None:
    rates = [city.rate(other) for other in city.graduates if other[0] == key[0] and city.area(other[1]) == city.area(key[1])]
    known, own = [rate for rate in rates if rate is not None], city.rate(key)
    return None if own is None else Fraction(sum(rate <= own for rate in known), len(known))


def _supply_demand(city: City, key: tuple) -> Fraction | None:
    supply = sum(
        row["graduates"]
        for other, row in city.graduates.items()
        if other[0] == key[0] and other[2] == key[2] and city.area(other[1]) == city.area(key[1])
    )
    wanted = {district: count for (year, major, district), count in city.demand.items() if (year, major) == (key[0], key[2])}
    if city.is_district:
        vacancies = wanted.get(city.area(key[1]))
    else:
        vacancies = wanted[""] if "" in wanted else sum(wanted.values()) if wanted else None
    return None if not vacancies else Fraction(supply, vacancies)


def _gap(city: City, key: tuple) -> Fraction | None:
    row, (sample, verified) = city.graduates[key], city.evaluation.get(key, (0, 0))
    return Fraction(row["employed"], row["graduates"]) - Fraction(verified, sample) if row["graduates"] and sample else None


# One line per indicator: which rows it stands on, and its value as an exact fraction.
ORACLE = {
    "employment_rate": _outcome(lambda city, key: city.rate(key)),
    "direct_employment_rate": _outcome(lambda city, key: _share(city.graduates[key]["employed"], city.graduates[key]["graduates"] - city.graduates[key]["further"])),
    "further_study_rate": _outcome(lambda city, key: _share(city.graduates[key]["further"], city.graduates[key]["graduates"])),
    "matched_rate": _outcome(lambda *_: None),  # these forms have no matched column
    "stable_rate": _outcome(lambda *_: None),
    "employment_percentile": _outcome(_percentile),
    "supply_demand_ratio": _outcome(_supply_demand),
    "verified_gap": _outcome(_gap),
    "plan_fulfilment": {"rows": "active", "value": lambda city, key: _share(city.enrolment[key]["registered"], city.enrolment[key]["plan"])},
    "registration_rate": {"rows": "active", "value": lambda city, key: _share(city.enrolment[key]["registered"], city.enrolment[key]["admitted"])},
    "cohort_size": {"rows": "active", "value": lambda city, key: Fraction(city.enrolment[key]["registered"])},
    "point_share": {"rows": "active", "value": lambda city, key: Fraction(len(city.same(key)), len({other[1] for other in city.active(key[0], city.area(key[1]))}))},
    "same_major_points": {"rows": "active", "value": lambda city, key: Fraction(len(city.same(key)))},
    "same_cluster_points": {"rows": "active", "value": lambda city, key: Fraction(len(city.same(key)))},  # no score in the policy
    "area_share": {"rows": "active", "value": lambda city, key: _share(city.enrolment[key]["registered"], sum(city.enrolment[other]["registered"] for other in city.same(key)))},
    "area_rank": {"rows": "active", "value": lambda city, key: Fraction(1 + sum(city.enrolment[other]["registered"] > city.enrolment[key]["registered"] for other in city.same(key)))},
    "retention_rate": {"rows": "roster", "value": lambda city, key: _share(city.roster[key]["students"] - city.roster[key]["leavers"], city.roster[key]["students"])},
    "roster_size": {"rows": "roster", "value": lambda city, key: Fraction(city.roster[key]["students"])},
}  # fmt: skip


def test_every_indicator_has_its_line_in_the_oracle() -> None:
    assert set(ORACLE) == set(dictionary().indicators)


@st.composite
def _tables(draw: st.DrawFn) -> dict[str, list[tuple]]:
    tables: dict[str, list[tuple]] = {name: [] for name in ("enrolment", "graduates", "roster", "demand", "evaluation")}
    for year in YEARS:
        for major in MAJORS:
            for school in SCHOOLS:
                if draw(st.booleans()):
                    tables["enrolment"].append(
                        (year, school, major, draw(st.integers(0, 40)), draw(st.integers(0, 40)), draw(st.integers(0, 40)))
                    )
                if draw(st.booleans()):
                    graduates = draw(st.integers(0, 30))
                    employed = draw(st.integers(0, graduates))
                    tables["graduates"].append((year, school, major, graduates, employed, draw(st.integers(0, graduates - employed))))
                    if draw(st.integers(0, 3)) == 0:
                        sample = draw(st.integers(0, 20))
                        tables["evaluation"].append((year, school, major, sample, draw(st.integers(0, sample))))
                if draw(st.integers(0, 2)) == 0:
                    students = draw(st.integers(0, 90))
                    tables["roster"].append((year, school, major, students, draw(st.integers(0, students))))
            for district in ("", "D0"):
                if draw(st.integers(0, 2)) == 0:
                    tables["demand"].append((year, major, district, draw(st.integers(0, 50))))
    tables["enrolment"].append((2023, "S5", "740101", 10, 10, 10))
    return tables


RULES = [
    ("rate", "employment_rate", "below", Decimal("0.9"), True),
    ("rank", "employment_percentile", "at_most", Decimal("0.4"), False),
    ("small", "cohort_size", "below", Decimal("15"), False),
    ("left", "retention_rate", "below", Decimal("0.8"), True),
    ("crowd", "point_share", "above", Decimal("0.5"), False),
]


@st.composite
def _policies(draw: st.DrawFn) -> list[dict]:
    chosen = draw(st.lists(st.sampled_from(RULES), min_size=1, max_size=3, unique=True))
    return [
        {
            "id": name, "indicator": indicator, "comparison": comparison, "threshold": threshold, "is_proportion": is_proportion,
            "min_denominator": draw(st.sampled_from([0, 5, 12])), "max_gap": draw(st.integers(0, 2)), "grace_years": draw(st.sampled_from([None, 1, 2])),
            "exempt": draw(st.sampled_from([[], ["61"]])), "certainty": draw(st.sampled_from([None, Decimal("0.8")])) if is_proportion else None,
        }
        for name, indicator, comparison, threshold, is_proportion in chosen
    ]  # fmt: skip


def _toml(rules: list[dict]) -> str:
    text = ""
    for rule in rules:
        red = '{ years = 3, level = "red"' + (f", certainty = {rule['certainty']}" if rule["certainty"] else "") + " }"
        text += f'[[rule]]\nid = "{rule["id"]}"\nconditions = [ {{ indicator = "{rule["indicator"]}", {rule["comparison"]} = {rule["threshold"]} }} ]\n'
        text += f"min_denominator = {rule['min_denominator']}\nmax_gap = {rule['max_gap']}\nexempt = {rule['exempt']}\n".replace("'", '"')
        text += f"grace_years = {rule['grace_years']}\n" if rule["grace_years"] is not None else ""
        text += f'steps = [ {{ years = 1, level = "watch" }}, {{ years = 2, level = "yellow" }}, {red} ]\n'
    if len(rules) > 1:
        text += f'[[escalation]]\nwhen = {{ {rules[0]["id"]} = "watch", {rules[1]["id"]} = "watch" }}\nlevel = "red"\n'
    return text


def _rank(city: City, rule: dict, school: str, major: str, year: int, values: dict) -> int:
    """The rule's level at the year, read as the design says (section 6, readings 1 to 4): 0 normal to 3 red."""

    def state(at: int) -> str:
        told = values.get((at, school, major, rule["indicator"]))
        if told is None or told[2] is None:
            return "missing"
        if rule["is_proportion"] and told[1] < rule["min_denominator"]:
            return "insufficient"
        value, threshold = told[2], Fraction(rule["threshold"])
        holds = {"below": value < threshold, "at_most": value <= threshold, "above": value > threshold}[rule["comparison"]]
        return "breach" if holds and not any(major.startswith(start) for start in rule["exempt"]) else "pass"

    counted, gap = [], 0
    if state(year) == "breach":
        for at in range(year, YEARS[0] - 1, -1):
            now = state(at)
            if now == "breach":
                counted.append(at)
                gap = 0
            elif now == "pass":
                break
            else:
                gap += 1
                if gap > rule["max_gap"]:
                    break
    active = sorted(key[0] for key in city.enrolment if key[1:] == (school, major) and city.is_active(key))
    first = min(key[0] for key in city.enrolment)
    if rule["grace_years"] is not None and active and active[0] > year - rule["grace_years"] and active[0] != first:
        return 0
    if len(counted) >= 3:
        k = sum(values[at, school, major, rule["indicator"]][0] for at in counted) if rule["is_proportion"] else 0
        n = sum(values[at, school, major, rule["indicator"]][1] for at in counted) if rule["is_proportion"] else 0
        if not rule["certainty"] or beta.cdf(float(rule["threshold"]), k + 0.5, n - k + 0.5) >= float(rule["certainty"]):
            return 3
    return min(len(counted), 2)


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(tables=_tables(), rules=_policies(), is_district=st.booleans())
def test_sql_and_oracle_agree(tables: dict, rules: list[dict], is_district: bool, tmp_path_factory: pytest.TempPathFactory) -> None:
    city = City(tables, is_district)
    policy = policy_of(_toml(rules), heading=HEADING.replace('"city"', '"district"') if is_district else HEADING, levels=LEVELS)
    with judged(tmp_path_factory.mktemp("oracle"), policy, **tables) as con:
        found = {
            (year, school, major, name): (k, n, value)
            for year, school, major, name, k, n, value in con.execute(
                "select year, school_id, major_code, indicator, numerator, denominator, value from indicator_value"
            ).fetchall()
        }
        warnings = {
            (year, school, major): (rank, rules_, plan, recommended)
            for year, school, major, rank, rules_, plan, recommended in con.execute(
                "select year, school_id, major_code, level_rank, rules, plan, recommended_plan from warning"
            ).fetchall()
        }
        schools = {(year, school): row for year, school, *row in con.execute(
            "select year, school_id, major_count, pupils_per_major, overlap_share, twin_similarity from school_indicator").fetchall()}  # fmt: skip
    rows = {
        "graduates": list(city.graduates),
        "roster": list(city.roster),
        "active": [key for key in city.enrolment if city.is_active(key)],
    }
    exact: dict[tuple, tuple] = {}
    for name, entry in ORACLE.items():
        for key in rows[entry["rows"]]:
            expected = entry["value"](city, key)
            k, n, value = found.get((*key, name), (None, None, None))
            assert (value is None) == (expected is None), (name, key)
            if expected is not None:
                assert abs(value - float(expected)) < 1e-12, (name, key)
            exact[*key, name] = (k, n, expected)
    latest = max((key[0] for key in city.graduates), default=max(key[0] for key in city.enrolment))
    offerings = {key[1:] for table in (city.enrolment, city.graduates, city.roster) for key in table}
    for year in range(min(key[0] for table in (city.enrolment, city.graduates, city.roster) for key in table), latest + 1):
        for school, major in offerings:
            key = (year, school, major)
            is_assessed = city.is_active(key) or city.graduates.get(key, {"graduates": 0})["graduates"] > 0
            assert (key in warnings) == is_assessed, key
            if not is_assessed:
                continue
            ranks = {rule["id"]: _rank(city, rule, school, major, year, exact) for rule in rules}
            level = max(ranks.values())
            if len(rules) > 1 and ranks[rules[0]["id"]] >= 1 and ranks[rules[1]["id"]] >= 1:
                level = 3
            plans = [(at[0], row["plan"]) for at, row in city.enrolment.items() if at[1:] == (school, major) and at[0] <= year]
            plan = max(plans)[1] if plans else None
            recommended = None if plan is None else {2: floor(plan * (1 - Decimal("0.3"))), 3: 0}.get(level, plan)
            assert warnings[key] == (level, ";".join(sorted(name for name, rank in ranks.items() if rank)), plan, recommended), key
    for (year, school), (count, pupils, overlap, twin) in schools.items():
        own = {key[2] for key in city.active(year, city.area(school)) if key[1] == school}
        others = [
            {key[2] for key in city.active(year, city.area(school)) if key[1] == other}
            for other in {key[1] for key in city.enrolment} - {school}
        ]
        assert count == len(own)
        known = [row["students"] for key, row in city.roster.items() if key[:2] == (year, school)]
        assert pupils == (pytest.approx(sum(known) / len(own)) if known else None)
        assert overlap == pytest.approx(len({major for major in own if any(major in other for other in others)}) / len(own))
        assert twin == pytest.approx(max((len(own & other) / len(own | other) for other in others if other), default=0))
