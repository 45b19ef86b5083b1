"""Print how much memory the chain needs for an hour, the input included, as JSON."""

import ctypes
import gc
import json
import sys
from pathlib import Path

import psutil

from benchmarks.recordings import signals, whole_chain

KIB = 1024


RESET_PEAK = "5"
"""Written to ``clear_refs``: the peak counts from here on (man 5 proc)."""


def _forget() -> None:
    """Give freed memory back and let the peak count from here: imports and compilers had more."""
    gc.collect()
    ctypes.CDLL(None).malloc_trim(0)
    Path("/proc/self/clear_refs").write_text(RESET_PEAK, encoding="utf-8")


def _peak_bytes() -> int:
    """Return this process's peak; ``ru_maxrss`` would hand down that of the process before it."""
    for line in Path("/proc/self/status").read_text(encoding="utf-8").splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * KIB
    raise RuntimeError("the kernel does not tell the peak of a process")


def peak_memory(site: str, rate_hz: int) -> dict[str, int]:
    """Run the chain on an hour of signals; compare its peak with the process before it had any."""
    whole_chain(signals(site, rate_hz, 60.0))  # code, kernels and models are no cost of an hour
    _forget()
    before = psutil.Process().memory_info().rss
    recording = signals(site, rate_hz)
    whole_chain(recording)
    peak = _peak_bytes()
    return {"input_bytes": recording.n_bytes, "peak_bytes": peak - before}


if __name__ == "__main__":
    print(json.dumps(peak_memory(sys.argv[1], int(sys.argv[2]))))
