"""The colours of levels, on the screens and in documents alike."""

import pandas as pd

_LADDER = ["#5b8db8", "#e0a100", "#d9702b", "#c0392b", "#5a1a1a"]


def level_colours(levels: pd.DataFrame) -> dict[str, str]:
    """A colour per level (level, level_rank, in rising order): green-grey for normal, then from blue to red; the worst is always red."""
    warned = levels[levels["level_rank"] > 0]["level"].tolist()
    ladder = {1: [3], 2: [1, 3], 3: [0, 1, 3], 4: [0, 1, 2, 3]}.get(len(warned), list(range(5)))
    return {"normal": "#a9c2ae", **{level: _LADDER[ladder[min(place, len(ladder) - 1)]] for place, level in enumerate(warned)}}
