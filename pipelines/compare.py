"""Experiments side by side: priors, diagnostics, scores and dose at several git revisions.

A revision is anything git knows (a branch, a tag, a commit), the name of a DVC experiment, or
``workspace`` for the files as they stand. Settings and metrics come from git, the scores of
forecasts from DVC's cache. Scores are comparable only on the same simulated runners, so the rows'
settings are compared first; `rescored` works them out anew on the same rows for other priors.
"""

import json
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import dvc.api
from dvc.exceptions import DvcException
from pydantic import ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from pipelines.errors import WorkspaceError
from pipelines.model_check import FILE, PART
from pipelines.paths import SYNTHETIC_DATASET, Places
from pipelines.prediction_runs import run_worlds
from pipelines.store import read_json
from tolerance.config import Params, TolerancePriors
from tolerance.evaluate.world_check import CheckDesign

__all__ = ["WORKSPACE", "Comparison", "Experiment", "compare", "read_experiment", "rescored"]

WORKSPACE: Final = "workspace"
"""The revision that means the files as they stand."""
PRIORS: Final = "tolerance_priors"
ROW_SECTIONS: Final = ("seed", "simulate_cohort", "check_predictions", "tissue_exponents")
"""Settings that decide which simulated runners are scored."""
DIAGNOSTICS: Final = ("rhat_max", "ess_min", "divergences", "ebfmi_min", "passed")
SCORES: Final = ("log_score", "brier_skill", "calibration_slope", "auc_within")
DOSE: Final = ("reinjury_26w", "load_rr_26w", "reached_target_26w", "restricted_mean_weeks")
OURS: Final = "ours"
"""Start of the names of our arms in the trial."""
ABSENT: Final = "–"


@dataclass(frozen=True)
class Experiment:
    """What is known of one revision; an empty mapping where it has no such file.

    Attributes
    ----------
    name : str
        As it was asked for.
    params : mapping
        All settings, as text and numbers.
    diagnostics, dose : mapping
        Metrics files ``tolerance`` and ``progression``.
    scores : mapping
        Of stage ``check_predictions``.
    """

    name: str
    params: Mapping[str, Any]
    diagnostics: Mapping[str, Any]
    dose: Mapping[str, Any]
    scores: Mapping[str, Any]


@dataclass(frozen=True)
class Comparison:
    """Tables of experiments side by side.

    Attributes
    ----------
    names : tuple of str
        Experiments, in the order asked for.
    same_rows : bool
        Whether all score the same simulated runners.
    tables : dict of str to list of (str, tuple of str)
        By title, rows of a quantity and its value in each experiment.
    """

    names: tuple[str, ...]
    same_rows: bool
    tables: dict[str, list[tuple[str, tuple[str, ...]]]]


def read_experiment(root: Path, revision: str) -> Experiment:
    """Read settings, metrics and scores of one revision.

    Raises
    ------
    WorkspaceError
        If git does not know the revision, or it has no settings.
    """
    places = Places(root)
    scores = places.processed(SYNTHETIC_DATASET, PART) / FILE
    metrics = {name: places.metrics(name) for name in ("tolerance", "progression")}
    if revision == WORKSPACE:
        text = places.params.read_text(encoding="utf-8")
        found = {name: read_json(p) if p.is_file() else {} for name, p in metrics.items()}
        scored = read_json(scores) if scores.is_file() else {}
    else:
        commit = _resolve(root, revision)
        shown = _show(root, commit, places.params.relative_to(root))
        if shown is None:
            raise WorkspaceError(f"{revision}: no params.yaml there; name another revision.")
        text = shown
        found = {}
        for name, path in metrics.items():
            kept = _show(root, commit, path.relative_to(root))
            found[name] = json.loads(kept) if kept is not None else {}
        scored = _from_cache(root, commit, scores.relative_to(root))
    try:
        params = YAML(typ="safe", pure=True).load(text)
    except YAMLError as error:
        raise WorkspaceError(f"{revision}: params.yaml is not valid YAML: {error}") from error
    return Experiment(revision, params, found["tolerance"], found["progression"], scored)


def compare(experiments: Sequence[Experiment]) -> Comparison:
    """Lay experiments side by side.

    Parameters
    ----------
    experiments : sequence of Experiment
        One or more.

    Returns
    -------
    Comparison
        Settings are listed where they differ; a missing value is a dash.
    """
    names = tuple(experiment.name for experiment in experiments)
    settings = [_flat(experiment.params) for experiment in experiments]
    rows = [[e.params.get(section) for section in ROW_SECTIONS] for e in experiments]
    priors = [_only(flat, PRIORS) for flat in settings]
    others = [{k: v for k, v in flat.items() if k not in _only(flat, PRIORS)} for flat in settings]
    tables = {
        "Priors that differ": _differing(priors),
        "Other settings that differ": _differing(others),
        "Diagnostics of the fit": _side_by_side(
            [{k: e.diagnostics[k] for k in DIAGNOSTICS if k in e.diagnostics} for e in experiments]
        ),
        "Scores of the model's forecasts": _side_by_side([_scores(e) for e in experiments]),
        "Dose in the in-silico trial": _side_by_side([_dose(e) for e in experiments]),
    }
    return Comparison(names, all(row == rows[0] for row in rows), tables)


def rescored(experiments: Sequence[Experiment], params: Params) -> list[Experiment]:
    """Score each experiment's priors on the same rows and seeds, those of the settings given.

    Parameters
    ----------
    experiments : sequence of Experiment
    params : Params
        Runners, seed and size of the check; only the priors are the experiment's.

    Raises
    ------
    WorkspaceError
        If an experiment's priors cannot be read by this version.
    """
    check = params.check_predictions
    design = CheckDesign(
        n_train=check.n_train,
        n_test=check.n_test,
        origin_weeks=check.origin_weeks,
        n_replicates=check.n_replicates,
    )
    result = []
    for experiment in experiments:
        try:
            priors = TolerancePriors.model_validate_json(json.dumps(experiment.params.get(PRIORS)))
        except ValidationError as error:
            raise WorkspaceError(
                f"{experiment.name}: its priors are of another version: {error.error_count()} keys "
                "are missing, unknown or invalid; compare without --rescore."
            ) from error
        changed = params.model_copy(update={PRIORS: priors})
        scores = run_worlds(changed, check.worlds, design)
        same = {name: json.loads(params.model_dump_json())[name] for name in ROW_SECTIONS}
        result.append(
            Experiment(
                experiment.name,
                {**experiment.params, **same},
                experiment.diagnostics,
                experiment.dose,
                scores,
            )
        )
    return result


def _git(root: Path, *arguments: str) -> str | None:
    """Return what git prints, None where it fails."""
    done = subprocess.run(
        ["git", *arguments], cwd=root, capture_output=True, text=True, check=False
    )
    return done.stdout if done.returncode == 0 else None


def _resolve(root: Path, revision: str) -> str:
    """Return the commit of a revision or of a DVC experiment of that name."""
    commit = _git(root, "rev-parse", "--verify", "--quiet", f"{revision}^{{commit}}")
    if commit is None:
        listed = _git(root, "for-each-ref", "--format=%(objectname) %(refname)", "refs/exps") or ""
        for line in listed.splitlines():
            name, reference = line.split(" ", 1)
            if reference.rsplit("/", 1)[-1] == revision:
                return name
        raise WorkspaceError(
            f"{revision}: neither a git revision nor a DVC experiment; `git log --oneline` and "
            f"`dvc exp show` list them, and {WORKSPACE} means the files as they stand."
        )
    return commit.strip()


def _show(root: Path, commit: str, path: Path) -> str | None:
    return _git(root, "show", f"{commit}:{path.as_posix()}")


def _from_cache(root: Path, commit: str, path: Path) -> Mapping[str, Any]:
    """Return scores that DVC keeps, empty where the cache does not hold them any more."""
    try:
        text = dvc.api.read(path.as_posix(), repo=str(root), rev=commit, mode="r")
    except (DvcException, OSError):
        return {}
    scores: Mapping[str, Any] = json.loads(text)
    return scores


def _flat(value: Any, path: str = "") -> dict[str, Any]:
    """Return a nested mapping by dotted path."""
    if isinstance(value, Mapping):
        flat: dict[str, Any] = {}
        for key, inner in value.items():
            flat |= _flat(inner, f"{path}.{key}".lstrip("."))
        return flat
    return {path: value}


def _only(flat: Mapping[str, Any], section: str) -> dict[str, Any]:
    return {key: value for key, value in flat.items() if key.split(".", 1)[0] == section}


def _word(value: Any) -> str:
    if value is None:
        return ABSENT
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _side_by_side(values: Sequence[Mapping[str, Any]]) -> list[tuple[str, tuple[str, ...]]]:
    """Return a row for each key that anybody has, in order of first appearance."""
    keys = dict.fromkeys(key for one in values for key in one)
    return [(key, tuple(_word(one.get(key)) for one in values)) for key in keys]


def _differing(values: Sequence[Mapping[str, Any]]) -> list[tuple[str, tuple[str, ...]]]:
    return [row for row in _side_by_side(values) if len(set(row[1])) > 1]


def _value(entry: Any) -> Any:
    return entry.get("value") if isinstance(entry, Mapping) else entry


def _scores(experiment: Experiment) -> dict[str, Any]:
    """Return the model's scores by world, question, outcome and score."""
    found: dict[str, Any] = {}
    for world, result in experiment.scores.get("worlds", {}).items():
        for task in ("new_runner", "next_week"):
            for outcome, scored in result.get(task, {}).items():
                model = scored["forecasters"]["model"]
                found |= {
                    f"{world}.{task}.{outcome}.{name}": _value(model[name])
                    for name in SCORES
                    if name in model
                }
    return found


def _dose(experiment: Experiment) -> dict[str, Any]:
    """Return what our arms of the trial come to, by world and arm."""
    found: dict[str, Any] = {}
    for world, result in experiment.dose.get("worlds", {}).items():
        for arm, metrics in result.get("arms", {}).items():
            if arm.startswith(OURS):
                found |= {
                    f"{world}.{arm}.{name}": _value(metrics[name])
                    for name in DOSE
                    if name in metrics
                }
    return found
