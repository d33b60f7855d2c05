"""What Dagster loads: joins the parts and sets what holds for all. No logic."""

import dagster as dg

from pipelines.assets import Workplace, submissions, warehouse
from pipelines.triggers import daily, failure, inbox, late, new_reds, recompute
from warehouse.settings import data_folder, inbox_of, policy_in_force

definitions = dg.Definitions(
    assets=[submissions, warehouse],
    jobs=[recompute],
    schedules=[daily],
    sensors=[inbox, failure, late, new_reds],
    resources={
        "workplace": Workplace(
            data=str(data_folder()),
            inbox=str(inbox_of(data_folder())),
            policy=policy_in_force(),
        )
    },
)
