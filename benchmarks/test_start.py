"""How long somebody waits for the first answer, everything included: interpreter, imports, code."""

import os
import subprocess
import sys

import numpy as np
import pytest

from benchmarks.recordings import SIDE, SITES, simulated_session
from pipelines.paths import project_root

FIRST_CALL = """
import sys
import numpy as np
from loadcore.recording import analyse_recording
signals = np.load(sys.argv[1])
found = analyse_recording(
    signals["acc"], signals["gyr"], sampling_rate_hz=100, site=sys.argv[2], side=sys.argv[3]
)
print(len(found.steps))
"""


@pytest.fixture
def first_call(tmp_path):
    """Give a function that analyses one session in a new process, with a cache of code or none."""

    def call(site, code_cache):
        sensor = simulated_session(100).sensors[SITES.index(site)]
        path = tmp_path / "session.npz"
        np.savez(path, acc=sensor.acc_mps2, gyr=sensor.gyr_radps)
        done = subprocess.run(
            [sys.executable, "-c", FIRST_CALL, path, site, SIDE[site]],
            cwd=project_root(),
            env=os.environ | {"NUMBA_CACHE_DIR": str(code_cache)},
            capture_output=True,
            text=True,
            check=True,
        )
        return int(done.stdout)

    return call


@pytest.fixture(scope="session")
def code_caches(tmp_path_factory):
    """Give a folder for the compiled code of each site, empty at first."""
    return {site: tmp_path_factory.mktemp(f"cache_{site}") for site in SITES}


@pytest.mark.benchmark(group="start")
@pytest.mark.parametrize("site", SITES)
def test_first_call_of_a_fresh_installation(benchmark, first_call, code_caches, site):
    benchmark.extra_info |= {"site": site, "code": "compiled by this call"}
    assert benchmark.pedantic(first_call, (site, code_caches[site]), rounds=1) > 0


@pytest.mark.benchmark(group="start")
@pytest.mark.parametrize("site", SITES)
def test_first_call_in_a_new_process(benchmark, first_call, code_caches, site):
    benchmark.extra_info |= {"site": site, "code": "compiled by an earlier process"}
    first_call(site, code_caches[site])
    assert benchmark.pedantic(first_call, (site, code_caches[site]), rounds=3) > 0
