import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

from pipelines.errors import WorkspaceError
from pipelines.stage import forget_stale_kernels, run_stage
from tolerance.schemas import SchemaError


@pytest.mark.parametrize("error", [WorkspaceError("read me"), SchemaError("steps", ("read me",))])
def test_an_expected_error_ends_the_process_with_its_message(error):
    def main() -> None:
        raise error

    with pytest.raises(SystemExit, match=r"error: (.|\n)*read me") as caught:
        run_stage(main)
    # A text as exit code is printed by Python and makes the code 1.
    assert isinstance(caught.value.code, str)


def test_a_mistake_of_ours_keeps_its_traceback():
    def main() -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        run_stage(main)


@pytest.mark.parametrize("with_shell", [False, True])
def test_a_stage_ends_soon_after_its_dvc_is_killed(tmp_path, with_shell):
    stage = textwrap.dedent("""
        import os, sys, time
        from pathlib import Path
        from pipelines.stage import run_stage
        def main():
            Path(sys.argv[1]).write_text(str(os.getpid()))
            time.sleep(60)
        run_stage(main)
    """)
    pid_file = tmp_path / "pid"
    # As DVC does it: the stage's name is in the environment of the command, not in DVC's own.
    parent = textwrap.dedent("""
        import os, subprocess, sys
        subprocess.run(sys.argv[1:], env=os.environ | {"DVC_STAGE": "a_stage"})
    """)
    # The second command keeps any shell from giving its place up to the first.
    shell = ["/bin/sh", "-c", '"$@"; exit $?', "sh"] if with_shell else []
    started = [*shell, sys.executable, "-c", stage, str(pid_file)]
    dvc = subprocess.Popen([sys.executable, "-c", parent, *started])
    wait_until(lambda: pid_file.is_file() and pid_file.read_text() != "")
    stage_pid = int(pid_file.read_text())
    assert is_running(stage_pid)
    dvc.send_signal(signal.SIGKILL)
    dvc.wait()
    wait_until(lambda: not is_running(stage_pid))


@pytest.fixture
def package(tmp_path):
    """Make a package of two sources with one compiled kernel each, sources older."""
    (tmp_path / "__pycache__").mkdir()
    for name, second in (("a.py", 100), ("b.py", 200)):
        (tmp_path / name).touch()
        os.utime(tmp_path / name, (second, second))
    for name in ("a.kernel.nbi", "b.kernel.nbi"):
        (tmp_path / "__pycache__" / name).touch()
        os.utime(tmp_path / "__pycache__" / name, (300, 300))
    return tmp_path


def compiled(package: Path) -> list[str]:
    return sorted(path.name for path in package.glob("__pycache__/*"))


def test_kernels_newer_than_every_source_stay(package):
    forget_stale_kernels(package)
    assert compiled(package) == ["a.kernel.nbi", "b.kernel.nbi"]


def test_a_change_of_one_source_forgets_the_kernels_of_all(package):
    os.utime(package / "a.py", (400, 400))
    forget_stale_kernels(package)
    assert compiled(package) == []


def wait_until(condition, limit_s: float = 20.0) -> None:
    end = time.monotonic() + limit_s
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.05)


def is_running(pid: int) -> bool:
    # A killed orphan may stay a zombie until its new parent looks: that is not running.
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"
