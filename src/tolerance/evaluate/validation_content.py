"""Content of the validation report: every number and sentence of the page, ready to be shown.

It is made from the metrics, so that page, README and metrics file can never disagree.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd

from tolerance.evaluate.published_accuracy import PUBLISHED
from tolerance.evaluate.score_tables import NEW_RUNNER, PERSONAL
from tolerance.evaluate.targets import TARGET_COLUMNS, target_rows

__all__ = [
    "AgreementPlot",
    "Comparison",
    "ValidationContent",
    "build_validation",
    "entries",
    "summary_rows",
]

VIRTUAL: Final = frozenset({"rbds_fukuchi2017", "rbds_fukuchi2017_derived"})
"""Their sensor is computed from markers on the skin; nobody wore one."""

MEAN_CYCLES: Final = frozenset({"biomac_imu_cycle"})
"""One mean cycle, repeated: a fixture with known events, without the variety of real steps."""

EVALUATION_WORDS: Final = {NEW_RUNNER: "new runner", PERSONAL: "personal"}

MIN_RUNNERS_TO_GENERALISE: Final = 3
"""Below it a result is about these people, and the page says so."""

SUMMARY_COLUMNS: Final = (
    "Data and sensor",
    "Steps (runners)",
    "Evaluation",
    "Found (%)",
    "Real (%)",
    "Contact time (ms)",
    "Peak force (BW)",
    "Speed (m/s)",
    "Holds (%)",
)
"""Errors are root mean squares; the last is how often the stated 90 % range holds the truth."""

QUANTITY_WORDS: Final = {
    "contact_time": ("contact time", "ms", 1000.0),
    "peak_force": ("peak force", "body weights", 1.0),
    "stride_speed": ("stride speed", "m/s", 1.0),
    "stride_length": ("stride length", "m", 1.0),
    "achilles_force": ("Achilles force", "%", 100.0),
    "session_load": ("load of a trial", "%", 100.0),
    "session_damage": ("damage of a trial", "%", 100.0),
}

METRIC_WORDS: Final = {
    "initial_contact_sd_s": ("Initial contact: spread (SD)", "ms", 1000.0),
    "terminal_contact_sd_s": ("Terminal contact: spread (SD)", "ms", 1000.0),
    "contact_time_rmse_s": ("Contact time: RMSE", "ms", 1000.0),
    "peak_force_rmse_bw": ("Peak force: RMSE", "body weights", 1.0),
    "force_waveform_rmse_bw": ("Force over time: RMSE", "body weights", 1.0),
    "stride_speed_rmse_mps": ("Stride speed: RMSE", "m/s", 1.0),
    "stride_length_rmse_m": ("Stride length: RMSE", "m", 1.0),
    "side_correct": ("Side told right", "share", 1.0),
}
"""Compared with published values: name, unit shown, factor to it."""

ERROR_METRICS: Final = (
    ("initial_contact_bias_s", "Initial contact, bias", "ms", 1000.0, 1),
    ("initial_contact_sd_s", "Initial contact, SD", "ms", 1000.0, 1),
    ("terminal_contact_bias_s", "Terminal contact, bias", "ms", 1000.0, 1),
    ("terminal_contact_sd_s", "Terminal contact, SD", "ms", 1000.0, 1),
    ("contact_time_bias_s", "Contact time, bias", "ms", 1000.0, 1),
    ("contact_time_rmse_s", "Contact time, RMSE", "ms", 1000.0, 1),
    ("contact_time_at_20_n_bias_s", "Contact time above 20 N, bias", "ms", 1000.0, 1),
    ("contact_time_at_50_n_bias_s", "Contact time above 50 N, bias", "ms", 1000.0, 1),
    ("flight_time_rmse_s", "Flight time, RMSE", "ms", 1000.0, 1),
    ("peak_force_bias_bw", "Peak force, bias", "BW", 1.0, 2),
    ("peak_force_rmse_bw", "Peak force, RMSE", "BW", 1.0, 2),
    ("peak_force_rmse_level_bw", "Peak force on the level, RMSE", "BW", 1.0, 2),
    ("force_waveform_rmse_bw", "Force over time, RMSE", "BW", 1.0, 2),
    ("stride_speed_bias_mps", "Stride speed, bias", "m/s", 1.0, 3),
    ("stride_speed_rmse_mps", "Stride speed, RMSE", "m/s", 1.0, 3),
    ("stride_length_rmse_m", "Stride length, RMSE", "m", 1.0, 3),
    ("distance_median_abs_error_frac", "Distance, median error", "%", 100.0, 1),
    ("cadence_rmse_spm", "Step rate, RMSE", "steps/min", 1.0, 1),
    ("cadence_between_sites_mae_spm", "Step rate against the other site, MAE", "steps/min", 1.0, 2),
    ("achilles_force_rmse_frac", "Achilles force, RMSE", "%", 100.0, 1),
    ("peak_tibial_acc_bias_frac", "Peak tibial acceleration, bias", "%", 100.0, 1),
    ("peak_tibial_acc_rmse_frac", "Peak tibial acceleration, RMSE", "%", 100.0, 1),
    (
        "peak_tibial_acc_rmse_of_recordings_frac",
        "Peak tibial acceleration of recordings, RMSE",
        "%",
        100.0,
        1,
    ),
    ("session_load_bias_log", "Load of a trial, bias", "%", 100.0, 1),
    ("session_load_rmse_log", "Load of a trial, RMSE", "%", 100.0, 1),
    ("session_damage_bias_log", "Damage of a trial (b = 9), bias of the logarithm", "%", 100.0, 0),
    ("session_damage_rmse_log", "Damage of a trial (b = 9), RMSE of the logarithm", "%", 100.0, 0),
)
"""Rows of the table of errors: metric, name, unit shown, factor to it, digits."""

PERCENTILES_OF: Final = (
    ("initial_contact_s", "Initial contact", "ms", 1000.0, 0),
    ("terminal_contact_s", "Terminal contact", "ms", 1000.0, 0),
    ("contact_time_s", "Contact time", "ms", 1000.0, 0),
    ("peak_force_bw", "Peak force", "BW", 1.0, 2),
    ("stride_speed_mps", "Stride speed", "m/s", 1.0, 2),
    ("stride_length_m", "Stride length", "m", 1.0, 3),
)


@dataclass(frozen=True)
class Entry:
    """One row of the page: a dataset, one of its sensor sites, one evaluation."""

    dataset_id: str
    site: str
    evaluation: str
    scored: Mapping[str, Any]

    @property
    def name(self) -> str:
        """Dataset and sensor in words."""
        return f"{self.dataset_id}, {_kind(self.dataset_id)}{self.site}"

    @property
    def label(self) -> str:
        """The same with the evaluation."""
        return f"{self.name}, {EVALUATION_WORDS[self.evaluation]}"

    @property
    def n_runners(self) -> int:
        """Runners behind it."""
        return int(self.scored["n_runners"])


@dataclass(frozen=True)
class Comparison:
    """Ours beside published accuracies of one metric.

    Attributes
    ----------
    title, label, words : str
        Of the figure, of its axis, and its finding.
    rows : DataFrame
        name, value, low, high, is_ours.
    """

    title: str
    label: str
    words: str
    rows: pd.DataFrame


@dataclass(frozen=True)
class AgreementPlot:
    """Errors against true values of one quantity, one dataset, one evaluation.

    Attributes
    ----------
    title, unit, words : str
    reference, error : Series
        In the shown unit.
    limits : tuple of float
        Bias, lower and upper 95 % limit, clustered.
    """

    title: str
    unit: str
    words: str
    reference: "pd.Series[float]"
    error: "pd.Series[float]"
    limits: tuple[float, float, float]


@dataclass(frozen=True)
class ValidationContent:
    """What the page says: rows and sentences of text, and frames of numbers for the figures."""

    title: str
    lead: str
    is_simulated: bool
    summary: list[str]
    warnings: list[str]
    summary_rows: list[list[str]]
    data_rows: list[list[str]]
    detection_rows: list[list[str]]
    error_tables: list[tuple[str, list[list[str]]]]
    percentile_rows: list[list[str]]
    comparisons: list[Comparison]
    published_rows: list[list[str]]
    agreement_plots: list[AgreementPlot]
    agreement_rows: list[list[str]]
    coverage_rows: list[list[str]]
    left_out_rows: list[list[str]]
    target_rows: list[list[str]]
    notes: list[str]

    uncompared_words: str = (
        "Simulated recordings are not held against published accuracies: those are of people."
    )
    simulated_words: tuple[str, ...] = (
        "These recordings come from a simulator that shares its model of force with the method. "
        "Agreement here shows that the code is right, not that the method works on people.",
    )
    summary_columns: tuple[str, ...] = SUMMARY_COLUMNS
    target_columns: tuple[str, ...] = TARGET_COLUMNS
    data_columns: tuple[str, ...] = (
        "Data and sensor",
        "Runners",
        "Recordings",
        "Samples a second",
        "Filters",
        "Interval over",
    )
    detection_columns: tuple[str, ...] = (
        "Data and sensor",
        "Evaluation",
        "Events",
        "Found (%, 90 % interval)",
        "Real (%, 90 % interval)",
        "Running seconds, F1",
        "The same, away from changes",
        "Taken for running (s)",
    )
    error_columns: tuple[str, ...] = (
        "Error of",
        "New runner (90 % interval)",
        "Personal (90 % interval)",
        "Constant",
        "n",
    )
    percentile_columns: tuple[str, ...] = (
        "Data and sensor",
        "Error of",
        "Evaluation",
        "Median",
        "MAD",
        "2.5 to 97.5 %",
    )
    published_columns: tuple[str, ...] = (
        "Quantity",
        "Sensor",
        "Published",
        "Runners",
        "Source",
        "Remark",
    )
    agreement_columns: tuple[str, ...] = (
        "Data and sensor",
        "Quantity",
        "Evaluation",
        "Bias",
        "95 % limits",
        "ICC(A,1)",
        "SEM",
        "MDC",
    )
    coverage_columns: tuple[str, ...] = (
        "Data and sensor",
        "Quantity",
        "Evaluation",
        "Interval holds (%, 90 % interval)",
        "Worst condition (%)",
    )
    left_out_columns: tuple[str, ...] = ("Data", "What", "Why")


def _kind(dataset_id: str) -> str:
    """Return what is special about a dataset's sensors, in a word."""
    if dataset_id in VIRTUAL:
        return "virtual "
    if dataset_id in MEAN_CYCLES:
        return "mean cycle, "
    return "simulated " if dataset_id == "synthetic" else ""


def entries(metrics: Mapping[str, Any]) -> Iterator[Entry]:
    """Give the rows of the page from a metrics file: each dataset, site and evaluation."""
    for dataset_id, of_dataset in sorted(metrics.items()):
        for evaluation in (NEW_RUNNER, PERSONAL):
            values = of_dataset.get(evaluation)
            if values is None:
                continue
            sites = values.get("by_site") or {next(iter(values["details"]["filters"])): values}
            for site, of_site in sites.items():
                yield Entry(dataset_id, site, evaluation, of_site)


def build_validation(
    metrics: Mapping[str, Any],
    scores: Mapping[str, pd.DataFrame],
    left_out: list[tuple[str, str, str]],
    goals: Mapping[str, Any] | None = None,
) -> ValidationContent:
    """Derive the page of one profile.

    Parameters
    ----------
    metrics : mapping
        Content of the profile's ``load_validation`` metrics file.
    scores : mapping
        Table ``scores`` by dataset, for the figures of agreement.
    left_out : list of (data, what, why)
        Recordings and datasets without a score.
    goals : mapping, optional
        Metrics files by name that targets are looked up in; simulated profiles show none.
    """
    listed = list(entries(metrics))
    # A repeated mean cycle has no spread to compare and no points to draw.
    of_steps = [entry for entry in listed if entry.dataset_id not in MEAN_CYCLES]
    simulated = bool(metrics) and all("is_simulated" in of for of in metrics.values())
    kind = "simulated recordings" if simulated else "public recordings"
    return ValidationContent(
        title="How well running load agrees with references",
        lead=f"Estimates from inertial sensors against measured truth, on {kind}: "
        f"{len(metrics)} data set{'s' if len(metrics) != 1 else ''}.",
        is_simulated=simulated,
        summary=_summary(of_steps),
        warnings=_warnings(listed),
        summary_rows=summary_rows(metrics),
        data_rows=_data_rows(metrics),
        detection_rows=[row for entry in listed for row in _detection_rows(entry)],
        error_tables=list(_error_tables(listed)),
        percentile_rows=[row for entry in listed for row in _percentile_rows(entry)],
        comparisons=[] if simulated else list(_comparisons(of_steps)),
        published_rows=_published_rows(),
        agreement_plots=list(_agreement_plots(of_steps, scores)),
        agreement_rows=[row for entry in of_steps for row in _agreement_rows(entry)],
        coverage_rows=[row for entry in listed for row in _coverage_rows(entry)],
        left_out_rows=[list(row) for row in left_out],
        target_rows=[] if simulated or not goals else target_rows(goals),
        notes=_notes(),
    )


def summary_rows(metrics: Mapping[str, Any]) -> list[list[str]]:
    """Return the rows under `SUMMARY_COLUMNS`; data without any of its metrics have none."""
    shown = (
        ("recall", 100.0, 1),
        ("precision", 100.0, 1),
        ("contact_time_rmse_s", 1000.0, 1),
        ("peak_force_rmse_bw", 1.0, 2),
        ("stride_speed_rmse_mps", 1.0, 2),
        ("coverage90", 100.0, 0),
    )
    return [
        [
            entry.name,
            f"{entry.scored['n_steps']} ({entry.n_runners})",
            EVALUATION_WORDS[entry.evaluation],
            *(_number(entry.scored.get(name), factor, digits) for name, factor, digits in shown),
        ]
        for entry in entries(metrics)
        if any(name in entry.scored for name, _, _ in shown)
    ]


def _number(value: float | None, factor: float, digits: int) -> str:
    if value is None:
        return "–"
    # Rounding first keeps a small negative number from becoming "-0.0".
    return f"{round(factor * value, digits) + 0.0:.{digits}f}"


def _with_interval(entry: Entry, name: str, factor: float, digits: int) -> str:
    """Return a value with its 90 % interval as far as there is one; a dash without a value."""
    if name not in entry.scored:
        return "–"
    text = _number(entry.scored[name], factor, digits)
    interval = entry.scored["details"]["interval90"].get(name, {})
    if "low" in interval:
        low, high = (_number(interval[end], factor, digits) for end in ("low", "high"))
        text += f" ({low} to {high})"
    return text


def _summary(listed: list[Entry]) -> list[str]:
    """Say per evaluation what was reached, from the data with the most runners."""
    sentences = []
    for metric, words, factor, unit, digits in (
        ("contact_time_rmse_s", "contact time is off by", 1000.0, "ms", 0),
        ("peak_force_rmse_bw", "peak force is off by", 1.0, "body weights", 2),
        ("stride_speed_rmse_mps", "stride speed is off by", 1.0, "m/s", 2),
    ):
        for evaluation in (NEW_RUNNER, PERSONAL):
            mine = [e for e in listed if e.evaluation == evaluation and metric in e.scored]
            if mine:
                who = (
                    "For a new runner"
                    if evaluation == NEW_RUNNER
                    else "Learned on the same runner's other trials"
                )
                found = "; ".join(
                    f"{_number(e.scored[metric], factor, digits)} {unit} "
                    f"({e.name}, {_people(e.n_runners)})"
                    for e in mine
                )
                sentences.append(f"{who}, {words} (root mean square): {found}.")
    return sentences or ["No data set of this profile has a reference to compare with."]


def _people(n: int) -> str:
    return "one runner" if n == 1 else f"{n} runners"


def _warnings(listed: list[Entry]) -> list[str]:
    warnings = []
    few = sorted(
        {(e.dataset_id, e.n_runners) for e in listed if e.n_runners < MIN_RUNNERS_TO_GENERALISE}
    )
    if few:
        named = "; ".join(f"{dataset_id}: {_people(n)}" for dataset_id, n in few)
        warnings.append(
            f"Few runners: {named}. Their numbers, and the intervals around them, say how the "
            "method does on these people, not on runners in general."
        )
    virtual = sorted({e.dataset_id for e in listed} & VIRTUAL)
    if virtual:
        warnings.append(
            f"{' and '.join(virtual)}: the shank sensor is virtual, computed from markers. A worn "
            "sensor is noisier, slips and rings. Each runner was predicted by a model that had "
            "not seen that runner."
        )
    for dataset_id in sorted({e.dataset_id for e in listed} & MEAN_CYCLES):
        warnings.append(
            f"{dataset_id} is one mean cycle, repeated: all its steps are the same step, so it "
            "shows a bias and no spread."
        )
    warnings.append("Between-day repeatability: not established; no data set has a second day.")
    return warnings


def _data_rows(metrics: Mapping[str, Any]) -> list[list[str]]:
    rows = []
    for dataset_id, of_dataset in sorted(metrics.items()):
        evaluation = NEW_RUNNER if NEW_RUNNER in of_dataset else PERSONAL
        values = of_dataset[evaluation]
        details = values["details"]
        sites = list(details["filters"])
        rows.append(
            [
                f"{dataset_id}, {_kind(dataset_id)}{', '.join(sites)}",
                str(values["n_runners"]),
                str(details["n_recordings"]),
                ", ".join(f"{rate:g}" for rate in details["sampling_rates_hz"]),
                "; ".join(dict.fromkeys(details["filters"].values())),
                f"{details['interval_over']}s",
            ]
        )
    return rows


def _detection_rows(entry: Entry) -> Iterator[list[str]]:
    shown = ("recall", "precision", "running_f1", "running_f1_interior", "false_running_s")
    if any(name in entry.scored for name in shown):
        yield [
            entry.name,
            EVALUATION_WORDS[entry.evaluation],
            str(entry.scored["n_steps"]) if "recall" in entry.scored else "–",
            _with_interval(entry, "recall", 100.0, 1),
            _with_interval(entry, "precision", 100.0, 1),
            _number(entry.scored.get("running_f1"), 1.0, 3),
            _number(entry.scored.get("running_f1_interior"), 1.0, 3),
            _number(entry.scored.get("false_running_s"), 1.0, 0),
        ]


def _error_tables(listed: list[Entry]) -> Iterator[tuple[str, list[list[str]]]]:
    """Give a table of errors for each dataset and sensor, both evaluations side by side."""
    for name in dict.fromkeys(entry.name for entry in listed):
        mine = {entry.evaluation: entry for entry in listed if entry.name == name}
        rows = [
            row
            for metric in ERROR_METRICS
            if any(metric[0] in entry.scored for entry in mine.values())
            for row in [_error_row(mine, *metric)]
        ]
        if rows:
            runners = _people(next(iter(mine.values())).n_runners)
            yield f"{name}, {runners}", rows


def _error_row(
    by_evaluation: Mapping[str, Entry],
    metric: str,
    words: str,
    unit: str,
    factor: float,
    digits: int,
) -> list[str]:
    shown = [
        _with_interval(by_evaluation[evaluation], metric, factor, digits)
        if evaluation in by_evaluation
        else "–"
        for evaluation in (NEW_RUNNER, PERSONAL)
    ]
    known = next(entry for entry in by_evaluation.values() if metric in entry.scored).scored[
        "details"
    ]
    return [
        f"{words} ({unit})",
        *shown,
        _number(known["constant"].get(metric), factor, digits),
        str(known["interval90"][metric]["n"]),
    ]


def _percentile_rows(entry: Entry) -> Iterator[list[str]]:
    for name, words, unit, factor, digits in PERCENTILES_OF:
        found = entry.scored["details"]["percentiles"].get(name)
        if found is not None:
            low, high = (_number(found[end], factor, digits) for end in ("p2_5", "p97_5"))
            yield [
                entry.name,
                f"{words} ({unit})",
                EVALUATION_WORDS[entry.evaluation],
                _number(found["median"], factor, digits),
                _number(found["mad"], factor, digits),
                f"{low} to {high}",
            ]


def _comparisons(listed: list[Entry]) -> Iterator[Comparison]:
    """Give each metric that both we and others report, site by site in one figure."""
    for metric, (title, unit, factor) in METRIC_WORDS.items():
        rows = []
        for entry in listed:
            if metric in entry.scored:
                interval = entry.scored["details"]["interval90"][metric]
                rows.append(
                    (
                        f"{entry.label} (n = {entry.n_runners})",
                        factor * entry.scored[metric],
                        factor * interval.get("low", np.nan),
                        factor * interval.get("high", np.nan),
                        True,
                    )
                )
        ours = len(rows)
        sites = {entry.site for entry in listed if metric in entry.scored}
        rows += [
            (
                f"{p.study}, {p.site} (n = {p.n_runners})",
                factor * p.value,
                np.nan,
                np.nan,
                False,
            )
            for p in PUBLISHED
            if p.metric == metric and p.site in sites
        ]
        if ours and len(rows) > ours:
            frame = pd.DataFrame(rows, columns=["name", "value", "low", "high", "is_ours"])
            yield Comparison(title, f"{title} ({unit})", _comparison_words(frame, title, unit),
                             frame)  # fmt: skip


def _comparison_words(rows: pd.DataFrame, title: str, unit: str) -> str:
    ours, theirs = rows[rows["is_ours"]], rows[~rows["is_ours"]]

    def named(frame: pd.DataFrame) -> str:
        return "; ".join(
            f"{row['name']} {row['value']:.3g} {unit}" for row in frame.to_dict("records")
        )

    return f"{title}. Ours: {named(ours)}. Published: {named(theirs)}."


def _published_rows() -> list[list[str]]:
    rows = []
    for p in PUBLISHED:
        title, unit, factor = METRIC_WORDS[p.metric]
        shown = f"{100 * p.value:.1f} %" if unit == "share" else f"{factor * p.value:.3g} {unit}"
        source = f"{p.study}, doi:{p.doi}"
        rows.append([title, p.site, shown, str(p.n_runners), source, p.remark])
    return rows


def _agreement_plots(
    listed: list[Entry], scores: Mapping[str, pd.DataFrame]
) -> Iterator[AgreementPlot]:
    for entry in listed:
        table = scores[entry.dataset_id]
        for name, found in entry.scored["details"]["agreement"].items():
            quantity = name.rsplit("_", 1)[0]
            if quantity not in ("contact_time", "peak_force", "stride_length"):
                continue
            words, unit, factor = QUANTITY_WORDS[quantity]
            rows = table[
                (table["evaluation"] == entry.evaluation)
                & (table["quantity"] == quantity)
                & (table["sensor_site"] == entry.site)
            ]
            limits = tuple(factor * found[end] for end in ("bias", "limit_low", "limit_high"))
            yield AgreementPlot(
                title=f"{words.capitalize()}: {entry.label}",
                unit=unit,
                words=(
                    f"{words.capitalize()}, {entry.label}, {found['n']} steps of "
                    f"{_people(entry.n_runners)}: bias {limits[0]:+.3g} {unit}, 95 % limits "
                    f"{limits[1]:.3g} to {limits[2]:.3g} {unit}."
                ),
                reference=factor * rows["reference_value"],
                error=factor * rows["error"],
                limits=(limits[0], limits[1], limits[2]),
            )


def _agreement_rows(entry: Entry) -> Iterator[list[str]]:
    for name, found in entry.scored["details"]["agreement"].items():
        words, unit, factor = QUANTITY_WORDS[name.rsplit("_", 1)[0]]
        digits = 1 if factor > 1 else 3
        low, high = (_number(found[end], factor, digits) for end in ("limit_low", "limit_high"))
        yield [
            entry.name,
            f"{words} ({unit})",
            EVALUATION_WORDS[entry.evaluation],
            _number(found["bias"], factor, digits),
            f"{low} to {high}",
            _number(found.get("icc"), 1.0, 3),
            _number(found.get("sem"), factor, digits),
            _number(found.get("mdc"), factor, digits),
        ]


def _coverage_rows(entry: Entry) -> Iterator[list[str]]:
    main = entry.scored["details"].get("coverage90_is_of", "")
    for quantity, (words, _, _) in QUANTITY_WORDS.items():
        name = "coverage90" if quantity == main else f"coverage90_{quantity}"
        if name in entry.scored:
            yield [
                entry.name,
                words,
                EVALUATION_WORDS[entry.evaluation],
                _with_interval(entry, name, 100.0, 0),
                _number(entry.scored.get(f"{name}_worst_condition"), 100.0, 0),
            ]


def _notes() -> list[str]:
    return [
        "Contact is vertical force above 5 % of body weight. A higher threshold shortens contact, "
        "so biases at 20 N and 50 N stand beside it. BW is body weight.",
        "New runner: nothing of the runner was used. Personal: learned on the same runner's other "
        "trials; the trial or condition that is scored was always left out.",
        "Found is the share of real contacts (or strides) that were found; real is the share of "
        "found ones that exist. Errors are those of paired events, so that a miss never counts as "
        "a timing error.",
        "F1 weighs running seconds that were missed against seconds that were taken for running "
        "and are not; the latter stand beside it.",
        "Holds is how often the 90 % range that an estimate comes with holds the truth.",
        "RMSE is the root mean square error, SD the standard deviation, MAD the median absolute "
        "deviation, bias the mean of estimate minus truth. Constant is the error of always saying "
        "the mean of the other runners or conditions.",
        "A 90 % interval resamples whole runners where there are at least three, else whole "
        "conditions or trials, since the steps of one of them err alike.",
        "95 % limits of agreement add the spread between runners (or conditions) to that within. "
        "SEM, the standard error of measurement, and MDC, the smallest difference between two "
        "steps that is more than error, hold within one session.",
        "Published accuracies come from other runners, thresholds and protocols: they say what is "
        "usual, not who wins.",
    ]
