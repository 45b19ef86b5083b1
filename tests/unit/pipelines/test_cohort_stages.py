"""The stages of the simulated cohort and of its check, small."""

import json
from pathlib import Path

import pandas as pd
import pytest

from pipelines.compare import compare, read_experiment, rescored
from pipelines.params import load_params
from pipelines.prediction_runs import run_worlds
from pipelines.stages.simulate_cohort import TABLES, run
from pipelines.store import write_metrics
from tolerance.evaluate.world_check import TASKS, CheckDesign
from tolerance.schemas import validate

ROOT = Path(__file__).resolve().parents[3]
PARAMS = load_params(ROOT / "params.yaml")
SMALL = PARAMS.simulate_cohort.model_copy(update={"n_runners": 4, "n_weeks": 6})


def test_the_cohort_follows_from_the_seed_alone():
    first, second = (run(SMALL, PARAMS.tissue_exponents, 7) for _ in range(2))
    other = run(SMALL, PARAMS.tissue_exponents, 8)
    assert set(first) == set(TABLES)
    for name in TABLES:
        validate(name, first[name])
        pd.testing.assert_frame_equal(first[name], second[name])
    assert not first["ledger"].equals(other["ledger"])


@pytest.mark.slow
def test_a_check_of_a_world_can_be_written_and_its_priors_scored_again_on_the_same_rows(tmp_path):
    check = PARAMS.check_predictions.model_copy(
        update={
            "worlds": ("damage_pool",),
            "n_train": 4,
            "n_test": 2,
            "origin_weeks": (3,),
            "n_replicates": 3,
            "n_population_draws": 60,
        }
    )
    params = PARAMS.model_copy(update={"simulate_cohort": SMALL, "check_predictions": check})
    design = CheckDesign(n_train=4, n_test=2, origin_weeks=(3,), n_replicates=3)
    scores = run_worlds(params, check.worlds, design, workers=1)
    write_metrics(tmp_path / "scores.json", scores)
    assert scores["population"] == "prior"
    world = scores["worlds"]["damage_pool"]
    assert {*TASKS, "controls", "predictive"} <= set(world)
    # The working tree's priors, scored anew, see the very same runners.
    again = rescored([read_experiment(ROOT, "workspace")], params)
    assert json.dumps(again[0].scores) == json.dumps(scores)
    assert compare(again).same_rows
