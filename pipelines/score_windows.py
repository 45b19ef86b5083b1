"""Score the hazard of injury on the Lövdal 2021 day file that a user downloaded.

The file is known by its git blob id; days are put together from its overlapping windows and held
against each other; features that look back further than a window are refused, with the reason.
Nothing of it informs a runner's report. Download ``day_approach_maskedID_timeseries.csv`` from
doi:10.34894/UWU9PV, then::

    python -m pipelines.score_windows FILE [--out scores.json]
"""

import argparse
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from pipelines.errors import WorkspaceError
from pipelines.importers.lovdal_2021 import read_windows
from pipelines.params import load_params
from pipelines.paths import Places, project_root
from pipelines.prediction_runs import without_unknown
from pipelines.store import write_metrics
from tolerance.config import stage_generator
from tolerance.evaluate.training_windows import FEATURE_SPANS, athlete_days, event_features
from tolerance.evaluate.window_scores import score_windows

__all__ = ["main", "score_file"]

STREAM = "score_windows"


def score_file(windows: pd.DataFrame, seed: int) -> dict[str, Any]:
    """Return scores of the hazard, and how the athlete-days came together.

    Parameters
    ----------
    windows : pandas.DataFrame
        The day file.
    seed : int
    """
    days = athlete_days(windows)
    found = score_windows(
        event_features(windows), tuple(FEATURE_SPANS), stage_generator(seed, STREAM)
    )
    found["data"] |= {
        "n_day_slots": days.n_slots,
        "n_athlete_days": len(days.days),
        "n_slots_that_disagree": days.n_disagreeing,
    }
    return dict(without_unknown(found))


def _shown(found: Mapping[str, Any]) -> str:
    data = found["data"]
    lines = [
        f"{data['n_rows']} rows, {data['n_injuries']} injuries, {data['n_athletes']} athletes; "
        f"{data['n_athlete_days']} athlete-days from {data['n_day_slots']} slots, "
        f"{data['n_slots_that_disagree']} disagree"
    ]
    for question in ("new_athletes", "later_days"):
        scores = found[question]
        if "not_scored" in scores:
            lines.append(f"{question}: {scores['not_scored']}")
            continue
        lines.append(f"{question}: AUC of the hazard {scores['auc']:.3f}")
        if scores["is_suspicious"]:
            lines.append("  An AUC above 0.9 here is a leak until proven otherwise.")
        for name in ("hazard", "base_rate", "own_rate"):
            if name in scores:
                one = scores[name]
                lines.append(
                    f"  {name:10} log score {one['log_score']['value']:.4f}  "
                    f"Brier {one['brier']['value']:.5f}"
                )
        gain = scores["hazard_less_base_rate"]
        lines.append(
            f"  hazard better than the base rate by {gain['gain']:.4f} "
            f"(SE {gain['standard_error']:.4f})"
        )
    return "\n".join(lines)


def main() -> None:
    """Score the file that the argument names."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("file", type=Path, help="day_approach_maskedID_timeseries.csv")
    parser.add_argument("--out", type=Path, help="where to write the scores as JSON")
    given = parser.parse_args()
    try:
        seed = load_params(Places(project_root()).params).seed
        found = score_file(read_windows(given.file, "day"), seed)
    except (WorkspaceError, ValueError) as error:
        sys.exit(f"error: {error}")
    if given.out is not None:
        write_metrics(given.out, found)
    print(_shown(found))


if __name__ == "__main__":
    main()
