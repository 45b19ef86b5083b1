"""Somebody who waits for the compiler is told so, and only then."""

import importlib.util
import os

import pytest

from pipelines.compiled import needs_compilation

SOURCE = """
import numba

@numba.njit(cache=True)
def double(x):
    return 2.0 * x
"""


@pytest.fixture
def kernel(tmp_path, monkeypatch):
    monkeypatch.delenv("NUMBA_CACHE_DIR", raising=False)
    path = tmp_path / "kernels.py"
    path.write_text(SOURCE)
    specification = importlib.util.spec_from_file_location("kernels", path)
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module.double


def test_a_kernel_is_to_be_compiled_until_it_was_called_once(kernel):
    assert needs_compilation(kernel)
    kernel(1.0)
    assert not needs_compilation(kernel)


def test_a_change_of_the_source_means_compiling_again(kernel, tmp_path):
    kernel(1.0)
    later = (tmp_path / "kernels.py").stat().st_mtime + 3600.0
    os.utime(tmp_path / "kernels.py", (later, later))
    assert needs_compilation(kernel)


def test_without_a_compiler_there_is_nothing_to_wait_for():
    assert not needs_compilation(SOURCE.strip)
