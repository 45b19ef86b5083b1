import os
import sys

import pytest

from pipelines import environment
from pipelines.environment import (
    ENVIRONMENTS,
    INTERRUPTED,
    PROJECT,
    InstallationError,
    fingerprint,
    main,
    run,
)


@pytest.fixture
def root(tmp_path):
    (tmp_path / "requirements.lock").write_text("one==1\n")
    (tmp_path / "pyproject.toml").write_text("[project]\n")
    return tmp_path


@pytest.fixture
def steps(root, monkeypatch):
    """Record what is done instead of doing it."""
    done = []

    def create(venv):
        done.append("create")
        venv.mkdir()

    monkeypatch.setattr(environment, "create", create)
    monkeypatch.setattr(environment, "install", lambda *_: done.append("install"))
    monkeypatch.setattr(environment, "is_usable", lambda venv: venv.is_dir())
    return done


def stamp(root):
    return root / ".venv" / "installed-from.txt"


def test_a_missing_environment_is_made_and_then_left_alone(root, steps):
    main(root)
    main(root)
    assert steps == ["create", "install"]
    assert stamp(root).read_text() == fingerprint(root)


@pytest.mark.parametrize("name", ["requirements.lock", "pyproject.toml"])
def test_a_change_of_what_it_follows_from_is_installed_in_place(root, steps, name):
    main(root)
    (root / name).write_text("changed")
    main(root)
    assert steps == ["create", "install", "install"]


@pytest.mark.parametrize("other", [e for e in ENVIRONMENTS if e != PROJECT])
def test_another_environment_follows_its_own_lock(root, steps, other):
    main(root)
    (root / other.lock).write_text("two==2\n")
    main(root, other)
    (root / "requirements.lock").write_text("one==2\n")
    main(root, other)
    assert steps == ["create", "install"] * 2
    assert (root / other.folder / "installed-from.txt").read_text() != stamp(root).read_text()


def test_an_interrupted_installation_is_started_afresh(root, steps, monkeypatch):
    def interrupted(*_):
        assert stamp(root).read_text() == INTERRUPTED
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(environment, "install", interrupted)
        with pytest.raises(KeyboardInterrupt):
            main(root)
    (root / ".venv" / "half").touch()
    main(root)
    assert steps == ["create", "create", "install"]
    assert not (root / ".venv" / "half").exists()


def test_an_environment_of_unknown_origin_is_brought_up_to_date(root, steps):
    (root / ".venv").mkdir()
    main(root)
    assert steps == ["install"]


def test_this_python_s_environment_is_usable_and_an_empty_folder_is_not(tmp_path):
    (tmp_path / "bin").mkdir()
    assert not environment.is_usable(tmp_path)
    (tmp_path / "bin" / "python").symlink_to(sys.base_prefix + "/bin/python3.12")
    assert environment.is_usable(tmp_path)


def test_a_failed_step_is_one_sentence():
    with pytest.raises(InstallationError, match=r"not complete: check the network\.$"):
        run([sys.executable, "-c", "raise SystemExit(3)"], "check the network.")


def test_variables_that_would_lead_elsewhere_are_not_passed_on(monkeypatch):
    monkeypatch.setenv("PYTHONPATH", os.sep)
    run([sys.executable, "-c", "import os; assert 'PYTHONPATH' not in os.environ"], "")
