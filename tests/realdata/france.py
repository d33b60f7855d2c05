"""French open data as inboxes of this product: another country, another catalogue, other quirks. The data themselves stay outside the project."""

from pathlib import Path

import pandas as pd

LICENCE = "france-licence-pro/licence_pro_2013_2016.csv.gz"
LYCEE = "france-lycee-pro"


def write_licence_pro(source: Path, inbox: Path) -> pd.DataFrame:
    """Employment 30 months after a professional bachelor: 78 universities, disciplines as majors, académies as districts, 2013 to 2016.

    graduates = answers; employed = rate in percent x answers / 100, rounded; further study 0. Left out: totals of disciplines
    ("Ensemble …") and rows whose rate is not significant ("ns", "nd"). A university without an académie lies in "-". Returns the rows kept.
    """
    raw = pd.read_csv(source / LICENCE, sep=";", dtype=str)
    raw.columns = ["year", "diploma", "school_id", "school_name", "district_code", "district_name", "group_code", "group_name",
                   "major_code", "major_name", "situation", "remark", "answers", "response", "rate", "stable", "salary"]  # fmt: skip
    raw = raw[raw["situation"].str.startswith("30")]
    kept = raw[raw["rate"].str.fullmatch(r"\d+", na=False) & ~raw["major_name"].str.startswith("Ensemble")].copy()
    kept["graduates"] = kept["answers"].astype(int)
    kept["employed"] = (kept["rate"].astype(int) * kept["graduates"] / 100).round().astype(int)
    kept["further_study"] = 0
    inbox.mkdir(parents=True)
    schools = raw.drop_duplicates("school_id")[["school_id", "school_name", "district_code", "district_name"]].fillna("outre-mer")
    schools.to_csv(inbox / "schools.csv", index=False)
    _catalogue(raw[["major_code", "major_name", "group_code", "group_name"]].drop_duplicates("major_code"), inbox)
    kept[["year", "school_id", "major_code", "graduates", "employed", "further_study"]].to_csv(inbox / "graduates.csv", index=False)
    return kept


def write_lycee_pro(source: Path, inbox: Path) -> pd.DataFrame:
    """Pupils of every vocational school and programme in autumn 2020 (first and later years): registered and, as nothing else is known, admitted.

    plan = the capacity that the school declared for the same programme in 2021, else the pupils themselves. Districts are departments.
    Programmes unknown to the programme list stay in and must be rejected. Returns the rows as written.
    """
    folder = source / LYCEE
    pupils = pd.read_csv(folder / "enrolment_2020.csv.gz", sep=";", dtype=str, encoding="utf-8-sig")
    pupils.columns = ["year", "school_id", "major_code", "registered"]
    capacity = pd.read_csv(folder / "capacity_wishes_2021.csv.gz", sep=";", dtype=str).iloc[:, [0, 1, 4, 5]]
    capacity.columns = ["school_id", "major_code", "capacity", "wishes"]
    rows = pupils.merge(capacity.drop_duplicates(["school_id", "major_code"]), how="left", on=["school_id", "major_code"])
    rows["plan"] = rows["capacity"].fillna(rows["registered"])
    rows["admitted"] = rows["registered"]
    inbox.mkdir(parents=True)
    rows[["year", "school_id", "major_code", "plan", "admitted", "registered"]].to_csv(inbox / "enrolment.csv", index=False)
    schools = pd.DataFrame({"school_id": sorted(rows["school_id"].unique())})
    schools.assign(school_name="Lycée " + schools["school_id"], district_code=schools["school_id"].str[:3]).to_csv(
        inbox / "schools.csv", index=False
    )
    programmes = pd.read_csv(folder / "programmes_mef.csv.gz", sep=";", dtype=str, encoding="utf-8-sig").drop_duplicates("MEF_STAT_11")
    majors = pd.DataFrame({"major_code": programmes["MEF_STAT_11"], "major_name": programmes["LIBELLE_LONG"].fillna("?")})
    _catalogue(majors.assign(group_code=majors["major_code"].str[:3], group_name=majors["major_code"].str[:3]), inbox)
    return rows


def _catalogue(majors: pd.DataFrame, inbox: Path) -> None:
    majors = majors.assign(class_code=majors["group_code"], class_name=majors["group_name"])
    columns = ["major_code", "major_name", "class_code", "class_name", "group_code", "group_name"]
    majors[columns].to_csv(inbox / "catalogue.csv", index=False)
