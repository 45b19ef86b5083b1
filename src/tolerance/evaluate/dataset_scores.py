"""All scores of one dataset: its analysis against its references, new runner and personal."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd

from loadcore.trajectory import FootStrides
from tolerance.evaluate.activity_scores import score_cadence, score_running_seconds
from tolerance.evaluate.contact_scores import found_contacts, score_contacts
from tolerance.evaluate.impact_scores import score_tibial_peaks
from tolerance.evaluate.personal_scores import personal_contacts, personal_strides
from tolerance.evaluate.reference_contacts import (
    CONTACT_THRESHOLD_VARIANTS_N,
    find_reference_contacts,
    threshold_from_newtons,
)
from tolerance.evaluate.score_tables import (
    NEW_RUNNER,
    PERSONAL,
    Scores,
    gather,
    sees_both_feet,
    with_constant_baseline,
)
from tolerance.evaluate.session_scores import PairedForces, pair_forces, score_sessions
from tolerance.evaluate.site_scores import score_between_sites
from tolerance.evaluate.stride_scores import score_distance, score_strides
from tolerance.evaluate.tissue_scores import score_achilles
from tolerance.evaluate.waveform_scores import force_trace, score_waveform
from tolerance.exposure.settings import ExposureSettings
from tolerance.schemas import empty_table

__all__ = ["ANALYSED", "REFERENCES", "ScoreSettings", "ScoredData", "score_dataset"]

REFERENCES: Final = ("contacts", "strides", "conditions", "excluded", "force", "joints")
"""Reference tables that scores are made from; a dataset has some of them."""
ANALYSED: Final = ("steps", "step_loads", "bouts", "foot_strides")
"""Tables of the analysis that are scored."""


@dataclass(frozen=True)
class ScoreSettings:
    """How estimates are held against references.

    Attributes
    ----------
    contact_tolerance_s, stride_tolerance_frac : float
        Largest distance of two events that are the same.
    exposure : ExposureSettings
        With the force and tissue settings that a new runner gets.
    """

    contact_tolerance_s: float
    stride_tolerance_frac: float
    exposure: ExposureSettings


@dataclass(frozen=True)
class ScoredData:
    """What one dataset's scores are made from.

    Attributes
    ----------
    recordings : DataFrame
        Table ``recordings`` of what was analysed.
    analysed : mapping
        Tables `ANALYSED`.
    references : mapping
        Tables `REFERENCES`; one that the dataset does not have is missing or empty.
    read_signals : callable
        Gives table ``signals`` of a recording, for the personal models.
    read_strides : callable
        Gives the load core's strides of a foot recording and the rate of the samples they count,
        None where there are none.
    """

    recordings: pd.DataFrame
    analysed: Mapping[str, pd.DataFrame]
    references: Mapping[str, pd.DataFrame]
    read_signals: Callable[[str], pd.DataFrame]
    read_strides: Callable[[str], tuple[FootStrides, float] | None]


def score_dataset(data: ScoredData, settings: ScoreSettings) -> Scores:
    """Score every recording of a dataset that has a reference.

    Returns
    -------
    Scores
        Tables ``scores`` and ``detections``; no rows where there is no reference.
    """
    tables = _Tables(data)
    scored = gather(
        part
        for score in (_new_runner, _personal_contacts, _personal_strides)
        for part in score(data, tables, settings)
    )
    return Scores(with_constant_baseline(scored.scores), scored.detections)


class _Tables:
    """Rows of a recording in each table, found once; no rows where there are none."""

    def __init__(self, data: ScoredData) -> None:
        self._by_name = {
            name: {
                str(recording): rows.reset_index(drop=True)
                for recording, rows in table.groupby("recording_id", sort=False)
            }
            for name, table in (*data.analysed.items(), *data.references.items())
        }

    def of(self, name: str, recording: "pd.Series[str]") -> pd.DataFrame:
        rows = self.all(name).get(str(recording["recording_id"]))
        return empty_table(name) if rows is None else rows

    def all(self, name: str) -> dict[str, pd.DataFrame]:
        return self._by_name.get(name, {})


def _new_runner(data: ScoredData, tables: _Tables, settings: ScoreSettings) -> Iterator[Scores]:
    paired: list[PairedForces] = []
    for _, recording in data.recordings.iterrows():
        steps, strides = tables.of("steps", recording), tables.of("foot_strides", recording)
        contacts, true_strides = tables.of("contacts", recording), tables.of("strides", recording)
        conditions, excluded = tables.of("conditions", recording), tables.of("excluded", recording)
        force, found = tables.of("force", recording), found_contacts(steps)
        bouts = tables.of("bouts", recording)
        if len(bouts):
            yield score_running_seconds(
                NEW_RUNNER, recording, bouts, conditions, true_strides, excluded
            )
        yield score_cadence(NEW_RUNNER, recording, steps, conditions, contacts, true_strides)
        if len(contacts):
            yield score_contacts(
                NEW_RUNNER,
                recording,
                found,
                contacts,
                conditions,
                excluded,
                settings.contact_tolerance_s,
            )
            yield score_tibial_peaks(
                NEW_RUNNER, recording, steps, contacts, conditions, settings.contact_tolerance_s
            )
            forces = pair_forces(
                recording,
                found,
                contacts,
                conditions,
                settings.contact_tolerance_s,
                settings.exposure,
            )
            paired += [] if forces is None else [forces]
            joints = tables.of("joints", recording)
            if len(joints):
                yield score_achilles(
                    NEW_RUNNER,
                    recording,
                    steps,
                    tables.of("step_loads", recording),
                    contacts,
                    joints,
                    conditions,
                    settings.contact_tolerance_s,
                    float(settings.exposure.tissue.achilles_lever_m[0]),
                )
        if len(force) and len(contacts):
            trace = force_trace(
                found, force["time_s"].to_numpy(), settings.exposure.force.shape_factor
            )
            yield score_waveform(NEW_RUNNER, recording, trace, force, contacts, conditions)
            yield from _other_thresholds(NEW_RUNNER, recording, found, tables, settings)
        if len(strides) and len(true_strides) and recording["sensor_site"] == "foot":
            yield score_strides(
                NEW_RUNNER,
                recording,
                strides,
                true_strides,
                conditions,
                excluded,
                settings.stride_tolerance_frac,
            )
            yield score_distance(NEW_RUNNER, recording, strides, conditions)
    yield from score_sessions(NEW_RUNNER, paired, settings.exposure)
    yield from score_between_sites(
        NEW_RUNNER,
        data.recordings,
        tables.all("bouts"),
        tables.all("steps"),
        tables.all("conditions"),
    )


def _other_thresholds(
    evaluation: str,
    recording: "pd.Series[str]",
    found: pd.DataFrame,
    tables: _Tables,
    settings: ScoreSettings,
) -> Iterator[Scores]:
    """Contact time against contacts by 20 N and 50 N, for a sensor that meets both feet."""
    force = tables.of("force", recording)
    mass_kg = float(str(recording["body_mass_kg"]))
    if not (sees_both_feet(recording) and np.isfinite(mass_kg)):
        return
    time_s = force["time_s"].to_numpy()
    rate_hz = float((time_s.size - 1) / (time_s[-1] - time_s[0]))
    for threshold_n in CONTACT_THRESHOLD_VARIANTS_N:
        other = find_reference_contacts(
            force["vgrf_bw"].to_numpy(), rate_hz, threshold_from_newtons(threshold_n, mass_kg)
        )
        reference = pd.DataFrame(vars(other)).assign(side="unknown")
        reference["initial_contact_s"] += time_s[0]
        reference["terminal_contact_s"] += time_s[0]
        yield score_contacts(
            evaluation,
            recording,
            found,
            reference,
            tables.of("conditions", recording),
            tables.of("excluded", recording),
            settings.contact_tolerance_s,
            suffix=f"_at_{threshold_n:.0f}_n",
        )


def _personal_contacts(
    data: ScoredData, tables: _Tables, settings: ScoreSettings
) -> Iterator[Scores]:
    predicted = personal_contacts(
        data.recordings, data.read_signals, tables.all("force"), tables.all("conditions")
    )
    for _, recording in data.recordings.iterrows():
        mine = predicted.get(str(recording["recording_id"]))
        if mine is None:
            continue
        contacts, conditions = tables.of("contacts", recording), tables.of("conditions", recording)
        yield score_contacts(
            PERSONAL,
            recording,
            mine.found,
            contacts,
            conditions,
            tables.of("excluded", recording),
            settings.contact_tolerance_s,
        )
        yield score_waveform(
            PERSONAL, recording, mine.trace_bw, tables.of("force", recording), contacts, conditions
        )
        yield from _other_thresholds(PERSONAL, recording, mine.found, tables, settings)


def _personal_strides(
    data: ScoredData, tables: _Tables, settings: ScoreSettings
) -> Iterator[Scores]:
    true_strides, found = tables.all("strides"), tables.all("foot_strides")
    at_foot = data.recordings["sensor_site"] == "foot"
    names = [
        str(name)
        for name in data.recordings.loc[at_foot, "recording_id"]
        if str(name) in true_strides and str(name) in found
    ]
    strides = {name: known for name in names if (known := data.read_strides(name)) is not None}
    if not strides:
        return
    predicted = personal_strides(
        data.recordings, data.read_signals, strides, true_strides, data.analysed["foot_strides"]
    )
    for _, recording in data.recordings.iterrows():
        mine = predicted.get(str(recording["recording_id"]))
        if mine is not None:
            yield score_strides(
                PERSONAL,
                recording,
                mine,
                tables.of("strides", recording),
                tables.of("conditions", recording),
                tables.of("excluded", recording),
                settings.stride_tolerance_frac,
            )
