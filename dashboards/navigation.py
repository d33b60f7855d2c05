"""Which pages there are, in which order and under which heading of the sidebar. The first is the start page, at the address /."""

from collections.abc import Callable

from dashboards.page import Page
from dashboards.views import (
    appeals,
    audit_log,
    data_quality,
    demand,
    district,
    duplication,
    effects,
    guide,
    ledger,
    letters,
    major,
    method,
    monthly,
    next_plan,
    offering,
    overview,
    quadrant,
    school,
    simulation,
    todo,
    warning_list,
)

GROUPS: dict[str, dict[str, Callable[[Page], None]]] = {
    "judge": {
        "overview": overview.show,
        "list": warning_list.show,
        "offering": offering.show,
        "school": school.show,
        "major": major.show,
        "district": district.show,
        "quadrant": quadrant.show,
        "simulation": simulation.show,
    },
    "act": {"todo": todo.show, "ledger": ledger.show, "appeals": appeals.show, "letters": letters.show, "effects": effects.show},
    "structure": {"duplication": duplication.show, "demand": demand.show, "next_plan": next_plan.show},
    "monitor": {"monthly": monthly.show},
    "data": {"quality": data_quality.show, "audit": audit_log.show},
    "help": {"method": method.show, "guide": guide.show},
}
VIEWS = {name: show for pages in GROUPS.values() for name, show in pages.items()}
NEEDED = {
    "simulation": "compare",
    "duplication": "compare",
    "quadrant": "compare",
    "major": "compare",
    "demand": "compare",
    "todo": "compare",
    "effects": "compare",
    "letters": "compare",
    "next_plan": "compare",
    "audit": "audit",
}
START = next(iter(VIEWS))
