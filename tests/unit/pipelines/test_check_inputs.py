"""What makes a long check stale, and what does not."""

from pathlib import Path

import pytest

from pipelines.check_inputs import hash_of_inputs

CODE = '"""Says what it does."""\n\n\ndef double(x):\n    """Twice."""\n    return 2 * x  # twice\n'


@pytest.fixture
def of(tmp_path: Path):
    def hashed(code: str, seed: int = 1) -> str:
        (tmp_path / "code.py").write_text(code, encoding="utf-8")
        return hash_of_inputs(tmp_path, {"seed": seed}, ["code.py"])

    return hashed


def test_words_and_layout_do_not_count(of):
    reworded = CODE.replace("Twice.", "Two times.").replace("  # twice", "\n")
    assert reworded != CODE
    assert of(reworded) == of(CODE)


def test_code_and_settings_count(of):
    assert of(CODE.replace("2 * x", "3 * x")) != of(CODE)
    assert of(CODE, seed=2) != of(CODE)


def test_a_function_of_a_docstring_alone_can_be_read(of):
    assert of('def f():\n    """Nothing."""\n')
