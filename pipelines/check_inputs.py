"""What a long check was made from: a hash that goes stale with its settings or its code.

Comments and docstrings do not count, and neither does layout: rewording costs nobody an hour.
"""

import ast
import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from tolerance.config import Params

__all__ = ["hash_of_inputs", "sections_of"]

DOCUMENTED: Final = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
"""Nodes that may begin with a docstring."""


def hash_of_inputs(root: Path, sections: Mapping[str, Any], sources: Sequence[str]) -> str:
    """Return the hash of settings and code that a check is made from.

    Parameters
    ----------
    root : Path
        The project's root.
    sections : mapping
        Settings by name, as JSON can hold them.
    sources : sequence of str
        Python files that decide the numbers, below the root.
    """
    digest = hashlib.sha256(json.dumps(sections, sort_keys=True).encode())
    for source in sources:
        digest.update(source.encode())
        digest.update(_meaning((root / source).read_text(encoding="utf-8")).encode())
    return digest.hexdigest()


def sections_of(params: Params, names: Sequence[str]) -> dict[str, Any]:
    """Return these settings as JSON can hold them.

    Parameters
    ----------
    params : Params
    names : sequence of str
    """
    whole = params.model_dump()
    return {name: whole[name] for name in names}


def _meaning(text: str) -> str:
    """Return a module's syntax tree as text, without docstrings."""
    tree = ast.parse(text)
    for node in ast.walk(tree):
        if isinstance(node, DOCUMENTED) and ast.get_docstring(node) is not None:
            node.body = node.body[1:]
    return ast.dump(tree)
