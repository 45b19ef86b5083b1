"""A whole made dataset: what is scored, that nothing personal leaks, that nothing is needed."""

import numpy as np
import pandas as pd
import pytest

from loadcore.constants import STANDARD_GRAVITY_MPS2
from tolerance.evaluate.dataset_scores import ScoredData, ScoreSettings, score_dataset
from tolerance.evaluate.reference_contacts import find_reference_contacts
from tolerance.exposure.settings import ExposureSettings
from tolerance.schemas import empty_table, validate

SETTINGS = ScoreSettings(
    contact_tolerance_s=0.12, stride_tolerance_frac=0.3, exposure=ExposureSettings()
)
RATE_HZ = 100.0
CONDITIONS = ((0.30, 0.70, 2.5), (0.33, 0.72, 3.0), (0.36, 0.68, 3.5), (0.32, 0.66, 4.0))


def half_sines(step_s, ratio, seed):
    """Force of both feet, and a trunk that feels it a tenth of a contact late."""
    random = np.random.default_rng(seed)
    steps_s = step_s * (1.0 + 0.02 * random.standard_normal(20))
    begin_s = 0.4 + np.cumsum(steps_s) - steps_s
    long_s = ratio * steps_s * (1.0 + 0.03 * random.standard_normal(20))
    time_s = np.arange(int((begin_s[-1] + 0.9) * RATE_HZ)) / RATE_HZ
    phase = (time_s[:, None] - begin_s) / long_s
    peak = np.pi / 2.0 * steps_s / long_s

    def pulse(at, power):
        return np.where((at >= 0) & (at <= 1), np.sin(np.pi * np.clip(at, 0, 1)) ** power, 0.0)

    late = phase - 0.1
    forward = np.where((late >= 0) & (late <= 1), -0.4 * np.sin(2 * np.pi * late), 0.0)
    felt_g = np.column_stack(
        (forward.sum(axis=1), pulse(late, 1.3) @ peak, np.full(time_s.size, np.nan))
    )
    felt_g += 0.03 * random.standard_normal(felt_g.shape)
    return time_s, felt_g * STANDARD_GRAVITY_MPS2, pulse(phase, 1.0) @ peak


@pytest.fixture(scope="module")
def trials():
    return {
        f"t{i}": (speed, *half_sines(step_s, ratio, i))
        for i, (step_s, ratio, speed) in enumerate(CONDITIONS)
    }


def made(trials):
    """Return references of the trials, and an analysis that found every contact 10 ms late."""
    contacts, conditions, force, steps = [], [], [], []
    for name, (speed, time_s, _, vgrf) in trials.items():
        true = find_reference_contacts(vgrf, RATE_HZ)
        n = len(true)
        contacts.append(pd.DataFrame({"recording_id": name, "side": "unknown", **vars(true)}))
        conditions.append({"recording_id": name, "start_s": 0.0, "stop_s": float(time_s[-1]),
                           "activity": "running", "speed_mps": speed, "grade_deg": 0.0,
                           "distance_m": np.nan, "split_group": "made"})  # fmt: skip
        force.append(pd.DataFrame({"recording_id": name, "time_s": time_s, "vgrf_bw": vgrf}))
        begin, end = true.initial_contact_s + 0.01, true.terminal_contact_s + 0.01
        flight = np.append(begin[1:], np.nan) - end
        steps.append(
            pd.DataFrame(
                {
                    "recording_id": name,
                    "step_id": np.arange(n),
                    "side": "unknown",
                    "initial_contact_s": begin,
                    "initial_contact_sd_s": 0.01,
                    "terminal_contact_s": end,
                    "terminal_contact_sd_s": 0.01,
                    "contact_time_s": end - begin,
                    "contact_time_sd_s": 0.014,
                    "flight_time_s": flight,
                    "step_time_s": flight + end - begin,
                    "peak_vgrf_bw": true.peak_vgrf_bw,
                    "peak_vgrf_sd_bw": 0.1,
                    "is_valid": np.arange(n) < n - 1,
                    "reject_reason": np.where(np.arange(n) < n - 1, "none", "no following contact"),
                }
            )
        )
    recordings = pd.DataFrame(
        {
            "recording_id": list(trials),
            "runner_id": "runner",
            "session_id": "session",
            "sensor_site": "sacrum",
            "side": "unknown",
            "frame": "segment",
            "sampling_rate_hz": RATE_HZ,
            "body_mass_kg": 70.0,
        }
    )
    return ScoredData(
        recordings=recordings,
        analysed={
            "steps": pd.concat(steps, ignore_index=True),
            "bouts": empty_table("bouts"),
            "foot_strides": empty_table("foot_strides"),
        },
        references={
            "contacts": pd.concat(contacts, ignore_index=True),
            "conditions": pd.DataFrame(conditions),
            "force": pd.concat(force, ignore_index=True),
        },
        read_signals=lambda name: pd.DataFrame(
            trials[name][2], columns=["acc_x_mps2", "acc_y_mps2", "acc_z_mps2"]
        ),
        read_strides=lambda _: None,
    )


@pytest.fixture(scope="module")
def scored(trials):
    return score_dataset(made(trials), SETTINGS)


def rows(scored, evaluation, quantity):
    table = scored.scores
    return table[(table["evaluation"] == evaluation) & (table["quantity"] == quantity)]


def test_tables_keep_their_contract(scored):
    validate("scores", scored.scores)
    validate("detections", scored.detections)


def test_the_known_lateness_is_the_new_runner_s_bias_only(scored):
    late = rows(scored, "new_runner", "initial_contact")["error"]
    np.testing.assert_allclose(late, 0.010, atol=1e-9)
    personal = rows(scored, "personal", "initial_contact")["error"]
    assert len(personal) == len(late) == 4 * 20
    assert abs(personal.mean()) < 0.003


def test_both_evaluations_count_and_score_the_same_contacts(scored):
    table = scored.detections[scored.detections["event"] == "contact"]
    by_evaluation = table.groupby("evaluation")[["n_reference", "n_found", "n_paired"]].sum()
    assert by_evaluation.loc["new_runner"].tolist() == [80, 80, 80]
    assert by_evaluation.loc["personal"].tolist() == [80, 80, 80]


def test_other_thresholds_stand_beside(scored):
    at_50_n = rows(scored, "new_runner", "contact_time_at_50_n")["error"].mean()
    at_20_n = rows(scored, "new_runner", "contact_time_at_20_n")["error"].mean()
    # 5 % of 70 kg is 34 N: contact above 20 N lasts longer, above 50 N shorter.
    assert at_20_n < 0.0 < at_50_n


def test_a_condition_is_predicted_without_a_look_at_its_own_force(trials, scored):
    """Scaling and moving the force of one condition moves none of its predictions."""
    speed, time_s, acc, vgrf = trials["t0"]
    changed = {**trials, "t0": (speed, time_s, acc, 1.1 * np.roll(vgrf, 1))}
    again = score_dataset(made(changed), SETTINGS)

    def predicted(of, name, quantity):
        table = rows(of, "personal", quantity).set_index("recording_id").loc[name]
        return (table["reference_value"] + table["error"]).to_numpy()

    for quantity in ("contact_time", "peak_force"):
        np.testing.assert_allclose(
            predicted(again, "t0", quantity), predicted(scored, "t0", quantity), atol=1e-9
        )
        assert not np.allclose(
            predicted(again, "t1", quantity), predicted(scored, "t1", quantity), atol=1e-9
        )


def test_no_personal_scores_from_too_few_conditions(trials):
    few = {name: trials[name] for name in ("t0", "t1", "t2")}
    assert set(score_dataset(made(few), SETTINGS).scores["evaluation"]) == {"new_runner"}


def test_a_dataset_without_references_scores_nothing(trials):
    data = made(trials)
    bare = ScoredData(data.recordings, data.analysed, {}, data.read_signals, data.read_strides)
    result = score_dataset(bare, SETTINGS)
    assert result.scores.empty
    assert result.detections.empty
    validate("scores", result.scores)
