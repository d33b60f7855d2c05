"""Does it judge well? Simulated cities in which the truth is known, judged by the product's own models: run by `make soundness`.

Each of CITIES cities has offerings of four cohort sizes over YEARS years, of known kinds: sound at the very bar (93 %) and well above, failing at the very line
(80 %) and well below, between the two, and drifting down. Every policy judges the same graduates. Told by cohort size: the share of sound offerings
wrongly red in the last year and in any year, of failing ones missed in the last year, and the years of data until half of the failing ones are red.
The limit is the most powerful test of 80 % against 93 % on three years' graduates that is wrong for 1 % (Neyman and Pearson 1933).
"""

import sys
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from scipy.special import betainc
from scipy.stats import binom, binomtest

from tests.small_city import HEADING, policy_of
from warehouse import build, staging
from warehouse.lineage import needed
from warehouse.policy import Policy, read_policy
from warehouse.variants import TARGET, judge_variant

ROOT = Path(__file__).parents[2]
NUMBERS, PICTURE = ROOT / "warehouse" / "reference" / "soundness.csv", ROOT / "docs" / "soundness.png"
YEARS = range(2016, 2024)
SIZES = (12, 20, 35, 60)
KINDS = {"bar": 12, "sound": 30, "between": 9, "failing": 9, "line": 12, "drifting": 3}  # offerings of each size in a city
SEED = 20190905
LEVELS = '[[level]]\nid = "red"\naction = "stop"\n'
WINDOW = """
[[rule]]
id = "failing"
conditions = [ {{ indicator = "employment_rate", below = 0.90 }}, {{ indicator = "employment_rate", below = 0.93, certainty = 0.995 }} ]
min_denominator = 10
steps = [ {{ window = {years}, least = 2, level = "red", certainty = 0.90 }} ]
"""
ONE = """
[[rule]]
id = "failing"
conditions = [ {{ indicator = "employment_rate", below = 0.90 }} ]
min_denominator = 10
max_gap = 1
steps = [ {{ {step} }} ]
"""
TITLES = {
    "default": "default: three years together, two bars",
    "plain": "plain: below 90 % three years running",
    "run-certain": "below 90 % three years running, 90 % sure",
    "window-one-bar": "three years together, one bar",
    "window-2": "two years together, two bars",
    "window-4": "four years together, two bars",
    "pooled": "three years together, drawn to the class",
}
HEADINGS = {
    "policy": "policy",
    "size": "graduates a year",
    "wrong_at_bar": "true 93 %: wrongly red",
    "wrong_sound": "sound (93–99 %): wrongly red",
    "wrong_ever": f"sound: ever red in {len(YEARS)} years",
    "seen_at_line": "true 80 %: red",
    "limit": "limit",
    "seen_failing": "failing (55–80 %): red",
    "seen_drifting": "drifting (97 → 76 %): red",
    "years_until_half": "years until half of the failing are red",
}


def policies() -> dict[str, Policy]:
    """The policies compared: only what stops enrolment for employment, area the city."""
    heading = HEADING.replace('"city"', '"district"')

    def made(rule: str) -> Policy:
        return policy_of(rule, heading=heading, levels=LEVELS)

    default = read_policy("nanchang-2019").model_dump()
    default["rule"] = [rule for rule in default["rule"] if rule["id"].startswith(("employment-below", "employment-failing"))]
    default["escalation"], default["policy"]["area"] = [], "district"
    return {
        "default": Policy.model_validate(default),
        "plain": made(ONE.format(step='years = 3, level = "red"')),
        "run-certain": made(ONE.format(step='years = 3, level = "red", certainty = 0.90')),
        "window-one-bar": made(ONE.format(step='window = 3, level = "red", certainty = 0.90')),
        "window-2": made(WINDOW.format(years=2)),
        "window-4": made(WINDOW.format(years=4)),
    }


def truth(cities: int) -> pd.DataFrame:
    """One row per offering: city, school_id, major_code, size, kind, and its true rate in each year."""
    dice = np.random.default_rng(SEED)
    majors = pd.read_csv(ROOT / "warehouse" / "reference" / "catalogue.csv", dtype=str)["major_code"].tolist()[:40]
    rows = []
    for city in range(cities):
        place = 0
        for size in SIZES:
            for kind, count in KINDS.items():
                for _ in range(count):
                    rate = {"bar": 0.93, "line": 0.80, "sound": dice.uniform(0.93, 0.99), "between": dice.uniform(0.80, 0.93),
                            "failing": dice.uniform(0.55, 0.80), "drifting": 0.97}[kind]  # fmt: skip
                    slope = -0.03 if kind == "drifting" else 0.0
                    rates = [rate + slope * (year - YEARS[0]) for year in YEARS]
                    rows.append((city, f"C{city:03d}S{place // 10:02d}", majors[(place * 7 + city) % 40], size, kind, *rates))
                    place += 1
    frame = pd.DataFrame(rows, columns=["city", "school_id", "major_code", "size", "kind", *YEARS])
    return frame.drop_duplicates(["school_id", "major_code"])


def judged(offerings: pd.DataFrame, folder: Path) -> tuple[dict[str, pd.DataFrame], pd.DataFrame]:
    """Rows brought to red by each policy (school_id, major_code, year), and the graduates of every year, read and judged as handed in."""
    dice = np.random.default_rng(SEED + 1)
    long = offerings.melt(["city", "school_id", "major_code", "size", "kind"], list(YEARS), "year", "rate")
    long["year"] = long["year"].astype(int)
    long["employed"] = dice.binomial(long["size"].to_numpy(), long["rate"].to_numpy(dtype=float))
    inbox, data = folder / "inbox", folder / "data"
    inbox.mkdir(parents=True)
    data.mkdir()
    schools = offerings[["school_id", "city"]].drop_duplicates()
    schools.assign(
        school_name=schools["school_id"], district_code=schools["city"].astype(str), district_name=schools["city"].astype(str)
    ).drop(columns="city").to_parquet(inbox / "schools.parquet", index=False)
    long.rename(columns={"size": "graduates"}).assign(further_study=0)[
        ["year", "school_id", "major_code", "graduates", "employed", "further_study"]
    ].astype({"major_code": str}).to_parquet(inbox / "graduates.parquet", index=False)
    chosen = policies()
    inputs = build.RunInputs(tuple(staging.stage(inbox, data)), chosen["default"])
    with build.connect_for_models(str(folder / "judged.duckdb")) as con:
        build.load_inputs(con, inputs)
        for _ in build.run_models(con, chosen["default"], needed({TARGET, "pooled_rate"})):
            pass
        reds = {name: judge_variant(con, policy, chosen["default"], "judged.main") for name, policy in chosen.items()}
        prior = con.execute("select year, school_id, major_code, class_mean, prior_strength from pooled_rate").df()
    reds = {name: frame.loc[frame["level"] == "red", ["school_id", "major_code", "year"]] for name, frame in reds.items()}
    reds["pooled"] = _pooled(long, prior)
    return reds, long


def _pooled(long: pd.DataFrame, prior: pd.DataFrame) -> pd.DataFrame:
    """Three years together with the class of the city as prior (the product's pooled_rate), 99.5 % sure to be below 93 %."""
    rows = long.sort_values("year")
    sums = rows.groupby(["school_id", "major_code"])[["employed", "size"]].rolling(3).sum().reset_index(level=[0, 1], drop=True)
    rows = rows.assign(k=sums["employed"], n=sums["size"]).dropna(subset=["k"]).merge(prior, on=["year", "school_id", "major_code"])
    strength = np.minimum(rows["prior_strength"].fillna(0), 20)
    a, b = rows["k"] + strength * rows["class_mean"] + 0.5, rows["n"] - rows["k"] + strength * (1 - rows["class_mean"]) + 0.5
    return rows.loc[betainc(a, b, 0.93) >= 0.995, ["school_id", "major_code", "year"]]


def told(offerings: pd.DataFrame, reds: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """One row per policy and cohort size: shares with their 95 % Wilson intervals, and years until half of the failing ones are seen."""
    rows = []
    for name, red in reds.items():
        first = red.groupby(["school_id", "major_code"])["year"].min().rename("first")
        last = red[red["year"] == YEARS[-1]].assign(now=True).set_index(["school_id", "major_code"])["now"]
        known = offerings.join(first, on=["school_id", "major_code"]).join(last, on=["school_id", "major_code"])
        for size, own in known.groupby("size"):
            shares = {}
            for share, kinds, which in (("wrong_at_bar", ["bar"], "now"), ("wrong_sound", ["bar", "sound"], "now"), ("wrong_ever", ["bar", "sound"], "first"),
                                        ("seen_at_line", ["line"], "now"), ("seen_failing", ["line", "failing"], "now"), ("seen_drifting", ["drifting"], "now")):  # fmt: skip
                hits = own.loc[own["kind"].isin(kinds), which].notna()
                interval = binomtest(int(hits.sum()), len(hits)).proportion_ci(method="wilson")
                shares |= {share: hits.mean(), f"{share}_low": interval.low, f"{share}_high": interval.high}
            years = own.loc[own["kind"].isin(["line", "failing"]), "first"].fillna(9999) - YEARS[0] + 1
            median = float(years.median())
            limit = max(k for k in range(3 * size + 1) if binom.cdf(k, 3 * size, 0.93) <= 0.01)
            rows.append({"policy": name, "size": size, **shares, "years_until_half": median if median <= len(YEARS) else None,
                         "limit": binom.cdf(limit, 3 * size, 0.80)})  # fmt: skip
    return pd.DataFrame(rows)


def drawn(table: pd.DataFrame, target: Path) -> None:
    """Failing offerings seen, and sound ones wrongly red, by cohort size and policy."""
    figure = Figure(figsize=(10, 4), dpi=110, layout="constrained")
    seen, wrong = figure.subplots(1, 2)
    for name, own in table.groupby("policy", sort=False):
        is_default = name == "default"
        for axes, share in ((seen, "seen_at_line"), (wrong, "wrong_at_bar")):
            spread = [own[share] - own[f"{share}_low"], own[f"{share}_high"] - own[share]]
            axes.errorbar(
                own["size"],
                own[share] * 100,
                yerr=[part * 100 for part in spread],
                label=TITLES[name],
                marker="o",
                lw=3 if is_default else 1.2,
                capsize=3,
            )
    limit = table[table["policy"] == "default"]
    seen.plot(limit["size"], limit["limit"] * 100, "k--", label="limit (1 % wrong)")
    wrong.axhline(1, color="k", ls="--", label="1 %")
    seen.set(title="True rate 80 %: red, %", xlabel="graduates a year", xticks=SIZES)
    wrong.set(title="True rate 93 %: wrongly red, %", xlabel="graduates a year", xticks=SIZES)
    seen.legend(frameon=False, fontsize=8)
    figure.savefig(target)


def in_words(table: pd.DataFrame) -> str:
    """The table as docs/soundness.md has it."""
    lines = [f"| {' | '.join(HEADINGS.values())} |", "|" + "---|" * len(HEADINGS)]
    for row in table.to_dict("records"):
        half = row["years_until_half"]
        cells = row | {
            "policy": TITLES[row["policy"]],
            "limit": f"{row['limit']:.1%}",
            "years_until_half": "—" if pd.isna(half) else f"{half:.0f}",
        }
        cells |= {
            name: f"{row[name]:.1%} ({row[f'{name}_low']:.1%}–{row[f'{name}_high']:.1%})" for name in HEADINGS if f"{name}_low" in row
        }
        lines.append(f"| {' | '.join(str(cells[name]) for name in HEADINGS)} |")
    return "\n".join(lines)


def main(cities: int) -> None:
    """Judges, draws and writes docs/soundness.png and the table that the method page shows; prints the table of docs/soundness.md."""
    offerings = truth(cities)
    with tempfile.TemporaryDirectory() as scratch:
        reds, _ = judged(offerings, Path(scratch))
    table = told(offerings, reds)
    table.round(4).to_csv(NUMBERS, index=False)
    drawn(table, PICTURE)
    print(f"{cities} cities, {len(offerings)} offerings, {len(YEARS)} years\n\n{in_words(table)}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 200)
