"""Workers: the results of one process, and none left behind."""

import os
import signal
import subprocess
import sys

import psutil
import pytest
from threadpoolctl import threadpool_info

from pipelines.paths import project_root
from pipelines.workers import available_cores, worker_pool

STARTED = """
import os, time
from pipelines.workers import worker_pool

def wait(_):
    print(os.getpid(), flush=True)
    time.sleep(600)

if __name__ == "__main__":
    with worker_pool(1) as pool:
        list(pool.map(wait, [0]))
"""


def test_there_is_at_least_one_core():
    assert 1 <= available_cores() <= os.cpu_count()


def test_results_come_in_the_order_of_the_tasks():
    with worker_pool(2) as pool:
        assert list(pool.map(abs, range(-4, 1))) == [4, 3, 2, 1, 0]


def test_a_worker_is_prepared_before_its_first_task(tmp_path):
    with worker_pool(1, os.chdir, (tmp_path,)) as pool:
        assert list(pool.map(os.path.realpath, ["."])) == [os.path.realpath(tmp_path)]


def test_linear_algebra_takes_one_thread_in_each_worker():
    with worker_pool(1) as pool:
        libraries = pool.submit(threadpool_info).result()
    assert libraries
    assert {library["num_threads"] for library in libraries} == {1}


@pytest.mark.skipif(os.name != "posix", reason="kills a process by signal")
def test_a_worker_ends_with_a_parent_that_was_killed(tmp_path):
    script = tmp_path / "started.py"
    script.write_text(STARTED, encoding="utf-8")
    parent = subprocess.Popen(
        [sys.executable, script],
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONPATH": str(project_root())},
    )
    try:
        worker = psutil.Process(int(parent.stdout.readline()))
    finally:
        parent.send_signal(signal.SIGKILL)
        parent.wait()
        parent.stdout.close()
    gone, _ = psutil.wait_procs([worker], timeout=20)
    assert gone
