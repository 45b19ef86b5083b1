"""The other end of ``peer_worker``: peers as if they were functions of this process."""

import json
import subprocess
from pathlib import Path

import numpy as np

from benchmarks.recordings import Signals, right_foot_strides
from pipelines.paths import project_root


class Peers:
    """A process in the peers' environment, started when first asked."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[str] | None = None

    def _ask(self, *message: str) -> object:
        if self._process is None:
            root = project_root()
            self._process = subprocess.Popen(
                [root / ".venv-peers/bin/python", root / "benchmarks/peer_worker.py"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            )
        self._process.stdin.write(json.dumps(message) + "\n")
        self._process.stdin.flush()
        answer = self._process.stdout.readline()
        if not answer:
            raise RuntimeError(f"the peers' process ended on {message}: read its error above")
        return json.loads(answer)

    def load(self, recording: Signals, folder: Path) -> None:
        """Hand over a recording, and the true strides for those who need them."""
        path = folder / "recording.npz"
        np.savez(
            path,
            acc_mps2=recording.acc_mps2,
            gyr_radps=recording.gyr_radps,
            rate_hz=recording.rate_hz,
            strides=right_foot_strides(recording.rate_hz, recording.n_samples / recording.rate_hz),
        )
        self._ask("load", str(path))

    def run(self, task: str) -> int:
        """Run one peer on the recording; return how many things it found."""
        return self._ask("run", task)

    def clock(self) -> float:
        """Return the processor time of the peers' process, in seconds."""
        return self._ask("clock")

    def versions(self) -> dict[str, str]:
        return self._ask("versions")

    def close(self) -> None:
        if self._process is not None:
            self._process.stdin.close()
            self._process.wait()


PEERS = Peers()
