"""Timings of ``make bench``: from pytest-benchmark's report to ``data/metrics/benchmarks.json``.

No stage writes or reads this file: timings differ from run to run and from machine to machine.
The machine is described, never named.

``python -m pipelines.benchmarks REPORT [REPORT ...]``.
"""

import math
import platform
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import numba
import numpy as np
import psutil

from pipelines.paths import Places, project_root
from pipelines.store import read_json, write_metrics

__all__ = ["benchmarks_table", "summarise"]

BYTES_PER_SAMPLE: Final = 48
"""Six float64 values: one time point of an inertial sensor."""
MILLION: Final = 1e6
GIGA: Final = 1e9

PEERS: Final = {
    "madgwick": ("gaitmap", "orientation filter alone (Madgwick)"),
    "events": ("gaitmap", "event detection alone (Herzer), true strides given"),
    "lumbar_gait": ("skdh", "lumbar gait"),
}
GROUPS: Final = (
    "read_limit",
    "chain",
    "peers",
    "filter",
    "two_cores",
    "memory",
    "duration",
    "start",
    "model_gradient",
    "model_fit",
)
"""Groups that have a place of their own in the metrics."""
PUBLISHED_COHORT: Final = 5205
"""Runners of the largest published cohort (Frandsen 2025, doi:10.1136/bjsports-2024-109380)."""
NOT_RUN: Final = [
    {
        "peer": "gaitmap_mad",
        "what": "stride segmentation (BarthDtw) and event detection (Rampp)",
        "why": "AGPL-3: only permissively licensed parts are run",
    }
]


def machine() -> dict[str, Any]:
    """Describe the machine, what else it had to do, and the versions that bear on speed."""
    return {
        "processor": _processor(),
        "architecture": platform.machine(),
        "logical_cores": psutil.cpu_count(),
        "load_15_min": round(psutil.getloadavg()[2], 1),
        "memory_gb": round(psutil.virtual_memory().total / GIGA),
        "python": platform.python_version(),
        "numpy": np.__version__,
        "numba": numba.__version__,
    }


def _processor() -> str:
    listed = Path("/proc/cpuinfo")
    if listed.is_file():
        for line in listed.read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor()


def _rows(report: Mapping[str, Any], group: str) -> Iterator[tuple[dict[str, Any], float]]:
    """Give what each benchmark of a group noted, and its fastest round in seconds."""
    for entry in report["benchmarks"]:
        if entry["group"] == group:
            yield dict(entry["extra_info"]), float(entry["stats"]["min"])


def summarise(report: Mapping[str, Any]) -> dict[str, Any]:
    """Return rates, ratios and shares from a report of pytest-benchmark.

    Parameters
    ----------
    report : mapping
        The JSON report of a complete run.

    Returns
    -------
    dict
        ``read_limit``, ``chain``, ``peers`` (ratio: how many times as many samples a second the
        chain does on the same recording), ``other`` (groups without a place of their own),
        ``not_run``, ``filter``, ``two_cores``, ``memory``, ``duration``, ``start`` and ``model``.
        A sample is one time point of six axes; times are the fastest of a benchmark's rounds.
    """
    ((limit, limit_s),) = _rows(report, "read_limit")
    read_limit = limit["n_bytes"] / limit_s / BYTES_PER_SAMPLE
    chain = [_chain_row(info, seconds, read_limit) for info, seconds in _rows(report, "chain")]
    rate = {(row["site"], row["sampling_rate_hz"]): row["msamples_per_s"] for row in chain}
    durations = [
        {"duration_s": info["duration_s"], "ns_per_sample": seconds / info["n_samples"] * GIGA}
        for info, seconds in _rows(report, "duration")
    ]
    return {
        "read_limit": {
            "gb_per_s": limit["n_bytes"] / limit_s / GIGA,
            "msamples_per_s": read_limit / MILLION,
        },
        "chain": chain,
        "peers": [_peer_row(info, seconds, rate) for info, seconds in _rows(report, "peers")],
        "other": _others(report),
        "not_run": NOT_RUN,
        "filter": {
            info["who"]: {"msamples_per_s": info["n_samples"] / seconds / MILLION}
            for info, seconds in _rows(report, "filter")
        },
        "two_cores": _two_cores(report),
        "memory": [
            info | {"peak_over_input": info["peak_bytes"] / info["input_bytes"]}
            for info, _ in _rows(report, "memory")
        ],
        "duration": {"rows": durations, "exponent": _growth(durations)},
        "start": [info | {"seconds": seconds} for info, seconds in _rows(report, "start")],
        "model": _model(report),
    }


def _model(report: Mapping[str, Any]) -> dict[str, Any]:
    """Cost of the model's gradient by size, of its fit, and of a fit about a hundred times as big.

    The last is no measurement: a fit as long as the default one in gradients, each of which costs
    what its growth with the number of runners says.
    """
    gradient = sorted(
        (info | {"seconds": seconds} for info, seconds in _rows(report, "model_gradient")),
        key=lambda row: int(row["n_runners"]),
    )
    fits = [info | {"seconds": seconds} for info, seconds in _rows(report, "model_fit")]
    found: dict[str, Any] = {"gradient": gradient, "fit": fits}
    if len(gradient) > 1:
        first, last = gradient[0], gradient[-1]
        found["exponent"] = math.log(last["seconds"] / first["seconds"]) / math.log(
            last["n_runners"] / first["n_runners"]
        )
        each = last["seconds"] / last["n_runners"]  # the larger cohort's: no fixed cost in it
        found["extrapolated"] = [
            {
                "n_runners": PUBLISHED_COHORT,
                "hours": row["seconds"] / 3600.0 * each * PUBLISHED_COHORT / first["seconds"],
            }
            for row in fits
            if row["n_runners"] == first["n_runners"]
        ]
    return found


def _others(report: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Benchmarks of groups that this module does not know: what they noted, and their seconds.

    A file added to ``benchmarks`` is kept without a change here.
    """
    return [
        {"group": entry["group"], "name": entry["name"], "seconds": float(entry["stats"]["min"])}
        | dict(entry["extra_info"])
        for entry in report["benchmarks"]
        if entry["group"] not in GROUPS
    ]


def _chain_row(info: dict[str, Any], seconds: float, read_limit: float) -> dict[str, Any]:
    per_second = info["n_samples"] / seconds
    return info | {
        "seconds": seconds,
        "msamples_per_s": per_second / MILLION,
        "share_of_read_limit": per_second / read_limit,
    }


def _peer_row(
    info: dict[str, Any], seconds: float, rate: Mapping[tuple[str, int], float]
) -> dict[str, Any]:
    peer, what = PEERS[info["task"]]
    msamples_per_s = info["n_samples"] / seconds / MILLION
    return {
        "peer": peer,
        "version": info["versions"][peer],
        "what": what,
        "task": info["task"],
        "site": info["site"],
        "sampling_rate_hz": info["sampling_rate_hz"],
        "msamples_per_s": msamples_per_s,
        "ratio": rate[info["site"], info["sampling_rate_hz"]] / msamples_per_s,
    }


def _two_cores(report: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Wall-clock gain of two threads, and of two processes, on two recordings over one thread.

    Processes have nothing in common, so their gain is what the machine had to give.
    """
    seconds = {
        (info["site"], info["sampling_rate_hz"], info["hands"]): best
        for info, best in _rows(report, "two_cores")
    }
    return [
        {
            "site": site,
            "sampling_rate_hz": rate_hz,
            "gain": seconds[site, rate_hz, "in turn"] / seconds[site, rate_hz, "threads"],
            "gain_of_processes": seconds[site, rate_hz, "in turn"]
            / seconds[site, rate_hz, "processes"],
        }
        for site, rate_hz, hands in seconds
        if hands == "in turn"
    ]


def _growth(durations: list[dict[str, Any]]) -> float:
    """Exponent of time against length from an hour on, where no fixed cost counts; 1 is linear."""
    long = [row for row in durations if row["duration_s"] >= 3600.0]
    first, last = long[0], long[-1]
    longer = math.log(last["duration_s"] / first["duration_s"])
    return 1.0 + math.log(last["ns_per_sample"] / first["ns_per_sample"]) / longer


def benchmarks_table(metrics: Mapping[str, Any]) -> str:
    """Return the README's table of timings in Markdown."""

    def spread(rows: list[Mapping[str, Any]], key: str, digits: int, **where: Any) -> str:
        values = [row[key] for row in rows if all(row[k] == v for k, v in where.items())]
        low, high = f"{min(values):.{digits}f}", f"{max(values):.{digits}f}"
        return low if low == high else f"{low} to {high}"

    chain, peers, start = metrics["chain"], metrics["peers"], metrics["start"]
    rows: list[tuple[str, str, str]] = [
        (
            f"whole chain, 1 h at {rate_hz} Hz, one core ({', '.join(r['site'] for r in of_rate)})",
            " / ".join(f"{row['msamples_per_s']:.1f}" for row in of_rate)
            + " million samples a second",
            "≥ 20",
        )
        for rate_hz in sorted({row["sampling_rate_hz"] for row in chain})
        for of_rate in [[row for row in chain if row["sampling_rate_hz"] == rate_hz]]
    ]
    rows.append(
        (
            f"its share of reading memory once ({metrics['read_limit']['gb_per_s']:.0f} GB/s)",
            f"{spread(_percent(chain), 'percent', 1)} %",
            "",
        )
    )
    for task, target in (("madgwick", 10), ("events", 50), ("lumbar_gait", 200)):
        of_task = [row for row in peers if row["task"] == task]
        what = f"{of_task[0]['peer']} {of_task[0]['version']}, {of_task[0]['what']}"
        rows.append((f"against {what}", f"{spread(of_task, 'ratio', 0)} ×", f"≥ {target} ×"))
    rows += [
        (
            "two recordings on two threads (on two processes in the same minutes)",
            f"{spread(metrics['two_cores'], 'gain', 2)} × "
            f"({spread(metrics['two_cores'], 'gain_of_processes', 2)} ×)",
            "≥ 1.8 ×",
        ),
        ("peak memory / input", spread(metrics["memory"], "peak_over_input", 1), "≤ 3"),
        ("time ∝ length, 1 h to 24 h, exponent", f"{metrics['duration']['exponent']:.2f}", "1"),
        (
            "first answer in a new process",
            f"{spread(start, 'seconds', 1, code='compiled by an earlier process')} s",
            "≤ 2 s",
        ),
        (
            "first answer of a fresh installation, which compiles",
            f"{spread(start, 'seconds', 0, code='compiled by this call')} s",
            "≤ 20 s",
        ),
    ]
    rows += _model_rows(metrics["model"])
    lines = ["| what | measured | aim |", "|---|---:|---:|"]
    return "\n".join([*lines, *(f"| {a} | {b} | {c} |" for a, b, c in rows)])


def _model_rows(model: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    """Rows of the capacity model; none where it was not timed."""
    rows = [
        (
            f"capacity model, {row['n_runners']} runners and {row['n_sessions']:,} sessions, fit "
            f"on two cores ({'passes' if row['passed'] else 'does NOT pass'} the gate)",
            f"{row['seconds']:.0f} s",
            "≤ 180 s",
        )
        for row in model["fit"]
    ]
    if "exponent" in model:
        each = ", ".join(f"{row['n_runners']}" for row in model["gradient"])
        times = " / ".join(f"{1e3 * row['seconds']:.1f}" for row in model["gradient"])
        rows += [
            (f"its gradient, {each} runners", f"{times} ms", "≤ 1 ms at the first"),
            ("gradient ∝ runners, exponent", f"{model['exponent']:.2f}", "1"),
        ]
    rows += [
        (
            f"{row['n_runners']:,} runners by the sampler, extrapolated: at least",
            f"{row['hours']:.1f} h",
            "≤ 1 h",
        )
        for row in model.get("extrapolated", [])
    ]
    return rows


def _percent(chain: list[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    return [{"percent": 100.0 * row["share_of_read_limit"]} for row in chain]


def main(arguments: list[str]) -> None:
    """Write ``data/metrics/benchmarks.json`` from the report that the argument names.

    Several reports are taken as parts of one run on one machine. Chain, peers and read limit have
    to be in the same one, because they are set against each other.
    """
    if not arguments:
        sys.exit("usage: python -m pipelines.benchmarks REPORT [REPORT ...]")
    parts = [read_json(Path(argument))["benchmarks"] for argument in arguments]
    metrics = summarise({"benchmarks": [row for part in parts for row in part]})
    metrics |= {"machine": machine()}
    write_metrics(Places(project_root()).metrics("benchmarks"), metrics)


if __name__ == "__main__":
    main(sys.argv[1:])
