"""What Dagster loads: joins the parts and sets what holds for all. No logic."""

import os

import dagster as dg

from pipelines.assets import Workplace, submissions, warehouse
from pipelines.triggers import daily, failure, inbox, late, new_reds, recompute
from warehouse.policy import DEFAULT

definitions = dg.Definitions(
    assets=[submissions, warehouse],
    jobs=[recompute],
    schedules=[daily],
    sensors=[inbox, failure, late, new_reds],
    resources={
        "workplace": Workplace(
            data=os.environ.get("MAJORWATCH_DATA", "data"),
            inbox=os.environ.get("MAJORWATCH_INBOX", ""),
            policy=os.environ.get("MAJORWATCH_POLICY", DEFAULT),
        )
    },
)
