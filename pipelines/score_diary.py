"""Score people of the PMData diary whom nobody has seen, with the model as it stands.

Both folders hold person folders as published (``p01/pmsys/wellness.csv`` …), any number of them.
The population is learned on the first folder; the people of the second are predicted, from nothing
of their own (``pop``) and day after day from their own past (``seq``)::

    python -m pipelines.score_diary KNOWN_DIR NEW_DIR [--out scores.json]
"""

import argparse
import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pipelines.datasets.base import UnusableRecordingError
from pipelines.datasets.thambawita_2020 import read_daily
from pipelines.errors import WorkspaceError
from pipelines.params import load_params
from pipelines.paths import Places, project_root
from pipelines.store import write_metrics
from tolerance.config import Params, stage_generator
from tolerance.evaluate.soreness_comparators import STRONGEST
from tolerance.evaluate.soreness_evaluation import Diary, compare_new_people, new_people, read_diary
from tolerance.evaluate.soreness_scores import paired_difference, resample_people, score
from tolerance.model.soreness import SorenessModel

__all__ = ["main", "score_new"]

STREAM = "score_diary"


def score_new(known: Diary, new: Diary, params: Params) -> dict[str, Any]:
    """Score the people of one diary with what another taught.

    Parameters
    ----------
    known, new : Diary
        Nobody may be in both.
    params : Params
    """
    settings = params.fit_pmdata
    rng = stage_generator(params.seed, STREAM)
    model = SorenessModel(settings.priors)
    state_only = SorenessModel(settings.priors, has_load=False)
    predicted = {
        "seq": new_people(model, known, new, "seq", rng, settings.n_draws).p_sore,
        "pop": new_people(model, known, new, "pop", rng, settings.n_draws).p_sore,
        "state_only_seq": new_people(state_only, known, new, "seq", rng, settings.n_draws).p_sore,
    }
    rivals = compare_new_people(known, new, params.seed)
    resamples = resample_people(new.person, settings.n_resamples, rng)
    found: dict[str, Any] = {
        name: score(p, new.sore, new.person, resamples) for name, p in predicted.items()
    }
    found["comparators"] = {
        name: score(p, new.sore, new.person, resamples) for name, p in rivals.items()
    }
    found[f"seq_less_{STRONGEST}"] = paired_difference(
        predicted["seq"], rivals[STRONGEST], new.sore, new.person, resamples
    )
    found["data"] = {"n_people": len(resamples.people), "n_rows": len(new.rows)}
    return found


def _read(folder: Path) -> Diary:
    if not folder.is_dir():
        raise WorkspaceError(f"{folder} is not a folder: give one that holds p01, p02 …")
    try:
        diary = read_daily(folder)
        for person, problem in diary.problems:
            print(f"{person}: {problem}", file=sys.stderr)
        return read_diary(diary.tables["wellness_reports"], diary.tables["diary_sessions"])
    except (UnusableRecordingError, ValueError) as error:
        raise WorkspaceError(f"{folder}: {error}") from error


def _shown(found: Mapping[str, Any]) -> str:
    lines = [f"{found['data']['n_rows']} days of {found['data']['n_people']} people"]
    rows = {name: found[name] for name in ("seq", "pop", "state_only_seq")} | found["comparators"]
    for name, one in rows.items():
        slope = f"{one['slope']:.2f}" if "slope" in one else "-"
        lines.append(
            f"{name:32} log score {one['log_score']:.3f}  Brier {one['brier']:.3f}  "
            f"AUC within {one.get('auc_within', float('nan')):.3f}  slope {slope}"
        )
    return "\n".join(lines)


def main() -> None:
    """Score the second folder with what the first one taught."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("known", type=Path, help="folder of people to learn from")
    parser.add_argument("new", type=Path, help="folder of people to predict")
    parser.add_argument("--out", type=Path, help="where to write the scores as JSON")
    given = parser.parse_args()
    try:
        params = load_params(Places(project_root()).params)
        found = score_new(_read(given.known), _read(given.new), params)
    except (WorkspaceError, ValueError) as error:
        sys.exit(f"error: {error}")
    if given.out is not None:
        write_metrics(given.out, found)
    print(_shown(found))
    print(json.dumps(found[f"seq_less_{STRONGEST}"]))


if __name__ == "__main__":
    main()
