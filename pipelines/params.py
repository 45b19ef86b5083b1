"""Reading ``params.yaml``: every unknown, missing or invalid key in one message."""

import json
from functools import lru_cache
from pathlib import Path

from pydantic import ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from pipelines.errors import WorkspaceError
from tolerance.config import Params

__all__ = ["ParamsError", "load_params", "parse_params"]


class ParamsError(WorkspaceError, ValueError):
    """Settings that cannot be used.

    Attributes
    ----------
    problems : tuple of str
        One entry per offending key, led by its dotted path.
    """

    def __init__(self, source: str, problems: tuple[str, ...]) -> None:
        self.problems = problems
        listed = "\n".join(f"  {problem}" for problem in problems)
        super().__init__(f"{source} cannot be used ({len(problems)} problems):\n{listed}")


def load_params(path: Path) -> Params:
    """Read and check the settings of every stage.

    Raises
    ------
    ParamsError
        If the file is missing, is not YAML, or has unknown, missing or invalid keys.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ParamsError(path.name, (f"cannot be read: {error}",)) from error
    return _parsed(text, path.name)


@lru_cache(maxsize=4)
def _parsed(text: str, source: str) -> Params:
    """Keep the last settings: the same text is read again for every runner of a clinic."""
    return parse_params(text, source)


def parse_params(text: str, source: str = "params.yaml") -> Params:
    """Check settings given as YAML text.

    Keys written twice are an error too, where most YAML readers silently take the last.

    Raises
    ------
    ParamsError
        If the text is not YAML, or has unknown, missing or invalid keys.
    """
    try:
        values = YAML(typ="safe", pure=True).load(text)
    except YAMLError as error:
        raise ParamsError(source, (f"is not valid YAML: {error}",)) from error
    try:
        # By way of JSON, because only there does strict checking take a list for a tuple.
        return Params.model_validate_json(json.dumps(values, default=str))
    except ValidationError as error:
        problems = tuple(
            f"{'.'.join(map(str, detail['loc'])) or source}: {_explain(detail['type'])}"
            f"{detail['msg']} (received {_shorten(detail['input'])})"
            for detail in error.errors(include_url=False)
        )
        raise ParamsError(source, problems) from error


def _explain(kind: str) -> str:
    """Name the two commonest mistakes in this project's words."""
    words = {
        "missing": "missing key, every setting is written down. ",
        "extra_forbidden": "unknown key, check its spelling and section. ",
    }
    return words.get(kind, "")


def _shorten(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
