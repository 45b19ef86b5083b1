import pytest
from pydantic import create_model
from ruamel.yaml import YAML

import pipelines.params
from pipelines.params import ParamsError, load_params, parse_params
from tolerance.config import Params, Section


class Inner(Section):
    """A section for the tests."""

    exponents: tuple[float, float]
    steps: int


@pytest.fixture
def settings(monkeypatch):
    """Replace the project's settings by some with one section of the tests' own."""
    model = create_model("Params", __base__=Section, seed=int, a_stage=Inner)
    monkeypatch.setattr(pipelines.params, "Params", model)


def test_the_project_s_own_settings_are_complete(pytestconfig):
    params = load_params(pytestconfig.rootpath / "params.yaml")
    assert isinstance(params, Params)


def test_sections_stand_in_the_order_of_their_declaration(pytestconfig):
    text = (pytestconfig.rootpath / "params.yaml").read_text(encoding="utf-8")
    assert list(YAML(typ="safe").load(text)) == list(Params.model_fields)


@pytest.mark.usefixtures("settings")
def test_a_list_becomes_a_tuple_and_nothing_else_is_converted():
    params = parse_params("{seed: 1, a_stage: {exponents: [7, 9.5], steps: 3}}")
    assert params.a_stage.exponents == (7.0, 9.5)


@pytest.mark.usefixtures("settings")
def test_every_offending_key_is_reported_at_once_with_its_path():
    with pytest.raises(ParamsError) as caught:
        parse_params("{sead: 1, a_stage: {exponents: [7, x], steps: 2.5, stpes: 3}}")
    found = {problem.split(":")[0] for problem in caught.value.problems}
    assert found == {"seed", "sead", "a_stage.exponents.1", "a_stage.steps", "a_stage.stpes"}
    assert "missing key" in str(caught.value)
    assert "unknown key" in str(caught.value)
    assert "received 2.5" in str(caught.value)


@pytest.mark.usefixtures("settings")
@pytest.mark.parametrize("value", ['"3"', "true", "null", ".nan", ".inf", "2026-01-01"])
def test_a_value_of_another_type_is_refused(value):
    with pytest.raises(ParamsError, match=r"a_stage\.steps"):
        parse_params(f"{{seed: 1, a_stage: {{exponents: [7, 9], steps: {value}}}}}")


@pytest.mark.parametrize("text", ["", "[]", "seed", "3"])
def test_what_is_no_mapping_is_refused(text):
    with pytest.raises(ParamsError, match=r"params\.yaml"):
        parse_params(text)


@pytest.mark.parametrize("text", ["seed: [", "seed: 1\nseed: 2", "seed: !!python/object:os.x 1"])
def test_broken_yaml_and_keys_written_twice_are_refused(text):
    with pytest.raises(ParamsError, match="not valid YAML"):
        parse_params(text)


def test_a_missing_file_is_one_clear_message(tmp_path):
    with pytest.raises(ParamsError, match=r"params\.yaml.*\n.*cannot be read"):
        load_params(tmp_path / "params.yaml")


def test_a_file_that_is_no_text_is_one_clear_message(tmp_path):
    (tmp_path / "params.yaml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ParamsError, match="cannot be read"):
        load_params(tmp_path / "params.yaml")
