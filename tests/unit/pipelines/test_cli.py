import pytest
from typer.testing import CliRunner

from pipelines.cli import app, describe_presence
from pipelines.datasets.base import FileList, RemoteFile
from pipelines.datasets.registry import dataset_ids


def test_every_dataset_is_listed(monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")
    result = CliRunner().invoke(app, ["datasets"])
    assert result.exit_code == 0
    assert all(name in result.output for name in dataset_ids())


@pytest.mark.parametrize(
    ("sizes", "expected"),
    [({}, "no"), ({"a": 3}, "1 of 2 files"), ({"a": 3, "b/c": 4}, "yes"), ({"a": 2}, "no")],
)
def test_presence_goes_by_names_and_sizes(tmp_path, sizes, expected):
    listed = FileList(
        dataset_id="d",
        module="m",
        files=tuple(
            RemoteFile(path=path, bytes=size, sha256=None, url=None)
            for path, size in (("a", 3), ("b/c", 4))
        ),
    )
    for path, size in sizes.items():
        (tmp_path / path).parent.mkdir(exist_ok=True)
        (tmp_path / path).write_bytes(b"x" * size)
    assert describe_presence(listed, tmp_path) == expected
