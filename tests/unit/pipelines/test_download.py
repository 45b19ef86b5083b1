import hashlib
import io
import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from rich.console import Console

from pipelines import download
from pipelines.datasets.base import DatasetCard, FileList, RemoteFile
from pipelines.download import FetchSettings, FetchStatus, accepted_licences, fetch_dataset, fetched
from pipelines.store import StoreError

CONTENT = bytes(range(256)) * 40
WRONG = CONTENT[::-1]
IMPATIENT = FetchSettings(
    attempts=3, backoff_s=0.5, longest_pause_s=4, connect_timeout_s=1, read_timeout_s=0.3
)


def digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


@dataclass
class Behaviour:
    """What the server does with the next requests for a file; the last one repeats."""

    acts: list[str]
    content: bytes = CONTENT
    tag: str = '"v1"'
    seen: list[dict[str, str]] = field(default_factory=list)

    def next_act(self) -> str:
        return self.acts.pop(0) if len(self.acts) > 1 else self.acts[0]


class Handler(BaseHTTPRequestHandler):
    files: dict[str, Behaviour]
    released: threading.Event

    def do_GET(self) -> None:
        behaviour = self.files[self.path]
        behaviour.seen.append(dict(self.headers))
        act = behaviour.next_act()
        if act.isdigit():
            self.send_response(int(act))
            if act == "503":
                self.send_header("Retry-After", "3")
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        content = WRONG if act == "wrong" else behaviour.content
        if act == "longer":
            content += b"more"
        start = self.range_start(behaviour) if act != "ignore_range" else 0
        if act == "other_range" and start:
            start -= 100
        body = content[start:]
        self.send_response(206 if start else 200)
        if start:
            self.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
        if behaviour.tag:
            self.send_header("ETag", behaviour.tag)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if act in {"truncate", "stall"}:
            self.wfile.write(body[:3000])
            self.wfile.flush()
            if act == "stall":
                self.released.wait(20)
            self.close_connection = True
            return
        self.wfile.write(body)

    def range_start(self, behaviour: Behaviour) -> int:
        asked = self.headers.get("Range", "")
        only_if = self.headers.get("If-Range")
        if not asked or (only_if and only_if != behaviour.tag):
            return 0
        return int(asked.removeprefix("bytes=").removesuffix("-"))

    def log_message(self, format: str, *args: object) -> None:
        """Keep the test's output clean."""


@dataclass
class Scene:
    """A loopback server, the dataset it serves, and where fetching puts it."""

    address: str
    behaviours: dict[str, Behaviour]
    root: Path
    pauses: list[float] = field(default_factory=list)
    licence_kind: str = "permissive"

    @property
    def raw_dir(self) -> Path:
        return self.root / "raw"

    @property
    def waiting(self) -> Path:
        return self.root / "waiting"

    def serve(self, path: str, *acts: str, **changes: object) -> None:
        self.behaviours[f"/{path}"] = Behaviour(list(acts), **changes)  # type: ignore[arg-type]

    def card(self) -> DatasetCard:
        return DatasetCard.model_validate(
            {
                "id": "made_set",
                "module": "maker_2020",
                "title": "t",
                "citation": "c",
                "doi": None,
                "home": "https://example.org",
                "licence": "MIT",
                "licence_kind": self.licence_kind,
                "ethics": "e",
                "n_runners": 1,
                "n_recordings": 1,
                "age": "a",
                "sex": "s",
                "speed": "s",
                "foot_strike": "f",
                "surface": "s",
                "sensors": (),
                "references": (),
                "cautions": (),
            }
        )

    def fetch(
        self, *paths: str, extra: tuple[RemoteFile, ...] = (), **environment: str
    ) -> FetchStatus:
        listed = [
            RemoteFile(
                path=path,
                bytes=len(CONTENT),
                sha256=digest(CONTENT),
                url=f"{self.address}/{path}",
            )
            for path in paths
        ]
        return fetch_dataset(
            self.card(),
            FileList(dataset_id="made_set", module="maker_2020", files=(*listed, *extra)),
            self.raw_dir,
            download_dir=self.waiting,
            environment=environment,
            settings=IMPATIENT,
            console=Console(file=io.StringIO()),
            sleep=self.pauses.append,
        )

    def placed(self) -> set[str]:
        return {
            path.relative_to(self.raw_dir).as_posix()
            for path in self.raw_dir.rglob("*")
            if path.is_file()
        }


@pytest.fixture
def scene(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Scene]:
    monkeypatch.setenv("NO_PROXY", "*")
    behaviours: dict[str, Behaviour] = {}
    released = threading.Event()
    handler = type("Served", (Handler,), {"files": behaviours, "released": released})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield Scene(f"http://127.0.0.1:{server.server_port}", behaviours, tmp_path)
    released.set()
    server.shutdown()
    thread.join()
    server.server_close()


def ranges(scene: Scene, path: str) -> list[str]:
    return [headers.get("Range", "") for headers in scene.behaviours[f"/{path}"].seen]


class TestGoodServer:
    def test_places_the_whole_dataset(self, scene: Scene) -> None:
        scene.serve("a.mat", "ok")
        scene.serve("deep/b.csv", "ok")
        status = scene.fetch("a.mat", "deep/b.csv")
        assert status.state == "complete"
        assert scene.placed() == {"a.mat", "deep/b.csv", "fetch_status.json"}
        assert (scene.raw_dir / "deep/b.csv").read_bytes() == CONTENT
        assert fetched(scene.raw_dir)
        assert not scene.waiting.exists()

    def test_second_fetch_asks_for_nothing_and_changes_nothing(self, scene: Scene) -> None:
        scene.serve("a.mat", "ok")
        scene.fetch("a.mat")
        before = (scene.raw_dir / "a.mat").stat().st_mtime_ns
        scene.fetch("a.mat")
        assert len(scene.behaviours["/a.mat"].seen) == 1
        assert (scene.raw_dir / "a.mat").stat().st_mtime_ns == before

    def test_damaged_file_on_disk_is_fetched_again(self, scene: Scene) -> None:
        scene.serve("a.mat", "ok")
        scene.fetch("a.mat")
        (scene.raw_dir / "a.mat").write_bytes(WRONG)
        assert scene.fetch("a.mat").state == "complete"
        assert (scene.raw_dir / "a.mat").read_bytes() == CONTENT

    def test_status_holds_no_clock_and_no_place(self, scene: Scene) -> None:
        scene.serve("a.mat", "ok")
        scene.fetch("a.mat")
        text = (scene.raw_dir / "fetch_status.json").read_text()
        assert str(scene.root) not in text
        assert json.loads(text) == {
            "dataset_id": "made_set",
            "state": "complete",
            "licence": "MIT",
            "problems": {},
            "not_fetched": {},
        }

    def test_shows_the_licence(self, scene: Scene) -> None:
        scene.serve("a.mat", "ok")
        shown = io.StringIO()
        fetch_dataset(
            scene.card(),
            FileList(dataset_id="made_set", module="maker_2020", files=()),
            scene.raw_dir,
            download_dir=scene.waiting,
            environment={},
            console=Console(file=shown),
        )
        assert "licence: MIT" in shown.getvalue()


class TestBadServer:
    def test_failures_are_retried_with_growing_pauses(self, scene: Scene) -> None:
        scene.serve("a.mat", "500", "500", "ok")
        assert scene.fetch("a.mat").state == "complete"
        assert scene.pauses == [0.5, 1.0]

    def test_server_s_wish_for_a_pause_is_kept(self, scene: Scene) -> None:
        scene.serve("a.mat", "503", "ok")
        assert scene.fetch("a.mat").state == "complete"
        assert scene.pauses == [3.0]

    def test_lasting_failure_is_a_reported_skip_of_the_whole(self, scene: Scene) -> None:
        scene.serve("a.mat", "ok")
        scene.serve("b.mat", "500")
        status = scene.fetch("a.mat", "b.mat")
        assert status.state == "not_reachable"
        assert status.problems == {"b.mat": "HTTP 500 (3 tries in a row)"}
        assert scene.placed() == {"fetch_status.json"}
        assert not fetched(scene.raw_dir)

    def test_what_was_complete_is_not_fetched_again_later(self, scene: Scene) -> None:
        scene.serve("a.mat", "ok")
        scene.serve("b.mat", "404", "ok")
        assert scene.fetch("a.mat", "b.mat").state == "not_reachable"
        assert scene.fetch("a.mat", "b.mat").state == "complete"
        assert len(scene.behaviours["/a.mat"].seen) == 1

    def test_refusal_is_final(self, scene: Scene) -> None:
        scene.serve("a.mat", "404")
        assert scene.fetch("a.mat").problems == {"a.mat": "HTTP 404 Not Found"}
        assert scene.pauses == []

    def test_truncated_download_resumes_where_it_stopped(self, scene: Scene) -> None:
        scene.serve("a.mat", "truncate", "ok")
        assert scene.fetch("a.mat").state == "complete"
        assert ranges(scene, "a.mat") == ["", "bytes=3000-"]
        assert scene.behaviours["/a.mat"].seen[1]["If-Range"] == '"v1"'

    def test_download_resumes_in_the_next_run(self, scene: Scene) -> None:
        scene.serve("a.mat", "truncate", "500", "500", "500", "ok")
        assert scene.fetch("a.mat").state == "not_reachable"
        assert scene.fetch("a.mat").state == "complete"
        assert ranges(scene, "a.mat")[-1] == "bytes=3000-"

    def test_changed_file_starts_over_instead_of_mixing(self, scene: Scene) -> None:
        scene.serve("a.mat", "truncate", "500", "500", "500", content=WRONG)
        scene.fetch("a.mat")
        scene.serve("a.mat", "ok", tag='"v2"')
        assert scene.fetch("a.mat").state == "complete"
        assert (scene.raw_dir / "a.mat").read_bytes() == CONTENT

    def test_mixed_halves_without_a_tag_are_fetched_once_more(self, scene: Scene) -> None:
        scene.serve("a.mat", "truncate", "500", "500", "500", content=WRONG, tag="")
        scene.fetch("a.mat")
        scene.serve("a.mat", "ok", tag="")
        assert scene.fetch("a.mat").state == "complete"
        assert ranges(scene, "a.mat") == ["bytes=3000-", ""]

    def test_server_that_ignores_range_starts_over(self, scene: Scene) -> None:
        scene.serve("a.mat", "truncate", "ignore_range")
        assert scene.fetch("a.mat").state == "complete"
        assert (scene.raw_dir / "a.mat").read_bytes() == CONTENT

    def test_server_that_sends_another_range_starts_over(self, scene: Scene) -> None:
        scene.serve("a.mat", "truncate", "other_range", "ok")
        assert scene.fetch("a.mat").state == "complete"

    def test_server_that_never_gets_further_is_given_up(self, scene: Scene) -> None:
        # Always from the start, always cut at the same place: bytes arrive, nothing is gained.
        scene.serve("a.mat", "truncate", tag="")
        scene.behaviours["/a.mat"].content = CONTENT[:3500]
        status = scene.fetch("a.mat")
        assert status.state == "not_reachable"
        assert "tries in a row" in status.problems["a.mat"]

    def test_range_beyond_the_end_starts_over(self, scene: Scene) -> None:
        scene.serve("a.mat", "truncate", "416", "ok")
        assert scene.fetch("a.mat").state == "complete"
        assert ranges(scene, "a.mat") == ["", "bytes=3000-", ""]

    def test_wrong_bytes_are_never_placed(self, scene: Scene) -> None:
        scene.serve("a.mat", "wrong")
        status = scene.fetch("a.mat")
        assert status.state == "not_reachable"
        assert status.problems["a.mat"].startswith("wrong bytes: sha256")
        assert scene.placed() == {"fetch_status.json"}
        assert len(scene.behaviours["/a.mat"].seen) == 1

    def test_more_bytes_than_listed_are_refused(self, scene: Scene) -> None:
        scene.serve("a.mat", "longer")
        assert scene.fetch("a.mat").problems == {
            "a.mat": f"longer than the listed {len(CONTENT)} bytes"
        }

    def test_stalled_server_is_given_up_and_resumed(self, scene: Scene) -> None:
        scene.serve("a.mat", "stall", "ok")
        assert scene.fetch("a.mat").state == "complete"
        assert ranges(scene, "a.mat") == ["", "bytes=3000-"]

    def test_no_server_is_a_reported_skip(self, scene: Scene) -> None:
        scene.address = "http://127.0.0.1:9"
        status = scene.fetch("a.mat")
        assert status.problems == {"a.mat": "no connection (3 tries in a row)"}

    def test_after_one_vain_wait_the_rest_is_tried_once(self, scene: Scene) -> None:
        for path in ("a.mat", "b.mat", "c.mat", "d.mat"):
            scene.serve(path, "500")
        scene.serve("c.mat", "ok")
        status = scene.fetch("a.mat", "b.mat", "c.mat", "d.mat")
        assert status.problems == {
            "a.mat": "HTTP 500 (3 tries in a row)",
            "b.mat": "HTTP 500 (1 try)",
            "d.mat": "HTTP 500 (3 tries in a row)",
        }

    def test_full_disk_is_one_clear_message(
        self, scene: Scene, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        scene.serve("a.mat", "ok")

        def full(*arguments: object) -> None:
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(download, "_write_body", full)
        with pytest.raises(StoreError, match=r"a\.mat cannot be written: No space left"):
            scene.fetch("a.mat")


class TestMirror:
    @pytest.fixture
    def mirror(self, tmp_path: Path) -> Callable[[str, bytes], str]:
        def put(path: str, content: bytes) -> str:
            target = tmp_path / "mirror" / "made_set" / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content)
            return str(tmp_path / "mirror")

        return put

    def test_is_used_without_any_request(
        self, scene: Scene, mirror: Callable[[str, bytes], str]
    ) -> None:
        place = mirror("deep/a.mat", CONTENT)
        status = scene.fetch("deep/a.mat", TOLERANCE_DATA_MIRROR=place)
        assert status.state == "complete"
        assert (scene.raw_dir / "deep/a.mat").read_bytes() == CONTENT

    def test_gives_the_same_status_as_a_download(
        self, scene: Scene, mirror: Callable[[str, bytes], str]
    ) -> None:
        scene.serve("a.mat", "ok")
        downloaded = scene.fetch("a.mat")
        (scene.raw_dir / "a.mat").unlink()
        copied = scene.fetch("a.mat", TOLERANCE_DATA_MIRROR=mirror("a.mat", CONTENT))
        assert copied == downloaded

    def test_wrong_bytes_are_reported(
        self, scene: Scene, mirror: Callable[[str, bytes], str]
    ) -> None:
        place = mirror("a.mat", WRONG)
        status = scene.fetch("a.mat", "b.mat", TOLERANCE_DATA_MIRROR=place)
        assert status.problems == {
            "a.mat": "wrong bytes in the mirror: made_set/a.mat",
            "b.mat": "not in the mirror: made_set/b.mat",
        }
        assert scene.placed() == {"fetch_status.json"}

    def test_derived_file_has_no_address(self, scene: Scene) -> None:
        derived = RemoteFile(path="d.npz", bytes=1, sha256=digest(b"x"), url=None)
        assert scene.fetch(extra=(derived,)).problems == {
            "d.npz": "no public address: a derived file, only in a mirror"
        }


class TestLicence:
    def test_not_accepted_is_a_reported_skip(self, scene: Scene) -> None:
        scene.licence_kind = "not_stated"
        scene.serve("a.mat", "ok")
        status = scene.fetch("a.mat", TOLERANCE_ACCEPT_LICENCES="other_set")
        assert status.state == "licence_not_accepted"
        assert "TOLERANCE_ACCEPT_LICENCES=made_set" in status.problems["a.mat"]
        assert scene.behaviours["/a.mat"].seen == []
        assert scene.placed() == {"fetch_status.json"}

    @pytest.mark.parametrize("name", ["made_set", "other, maker_2020"])
    def test_is_accepted_by_name(self, scene: Scene, name: str) -> None:
        scene.licence_kind = "non_commercial"
        scene.serve("a.mat", "ok")
        assert scene.fetch("a.mat", TOLERANCE_ACCEPT_LICENCES=name).state == "complete"

    def test_withdrawn_acceptance_removes_the_data(self, scene: Scene) -> None:
        scene.licence_kind = "non_commercial"
        scene.serve("a.mat", "ok")
        scene.fetch("a.mat", TOLERANCE_ACCEPT_LICENCES="made_set")
        scene.fetch("a.mat")
        assert scene.placed() == {"fetch_status.json"}

    def test_names_are_split_and_trimmed(self) -> None:
        assert accepted_licences({"TOLERANCE_ACCEPT_LICENCES": " a, b ,,"}) == {"a", "b"}
        assert accepted_licences({}) == frozenset()


class TestFilesWithoutAChecksum:
    def test_are_never_fetched_and_stay_when_placed_by_hand(self, scene: Scene) -> None:
        unseen = RemoteFile(path="raw.csv", bytes=None, sha256=None, url="https://example.org/r")
        scene.serve("a.mat", "ok")
        status = scene.fetch("a.mat", extra=(unseen,))
        assert status.state == "complete"
        assert "place it by hand" in status.not_fetched["raw.csv"]
        (scene.raw_dir / "raw.csv").write_text("by hand")
        (scene.raw_dir / "a.mat").unlink()
        scene.fetch("a.mat", extra=(unseen,))
        assert (scene.raw_dir / "raw.csv").read_text() == "by hand"
