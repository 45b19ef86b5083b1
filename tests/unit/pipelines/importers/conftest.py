"""Small recordings of somebody running in place, as files of many forms, and a FIT writer."""

import json
import os
import struct
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

G = 9.80665


@dataclass
class Gait:
    time_s: np.ndarray
    acc: np.ndarray
    gyr: np.ndarray


def _gait(seconds=6.0, rate_hz=100.0, seed=1):
    rng = np.random.default_rng(seed)
    time_s = np.arange(round(seconds * rate_hz)) / rate_hz
    phase = 2 * np.pi * 1.4 * time_s
    acc = 0.2 * rng.standard_normal((time_s.size, 3))
    acc[:, 1] += G * (1 + 0.9 * np.sin(2 * phase) + 0.5 * np.sin(4 * phase))
    acc[:, 0] += 4 * np.sin(phase)
    gyr = 0.05 * rng.standard_normal((time_s.size, 3))
    gyr[:, 2] += 6 * np.sin(phase)
    return Gait(time_s, acc, gyr)


@pytest.fixture
def make_gait():
    return _gait


@pytest.fixture
def gait():
    return _gait()


def _text(names, columns, separator=",", decimal=".", digits=6):
    lines = [separator.join(names)]
    for row in zip(*columns, strict=True):
        cells = [c if isinstance(c, str) else f"{c:.{digits}f}" for c in row]
        lines.append(separator.join(cell.replace(".", decimal) for cell in cells))
    return "\n".join(lines) + "\n"


@pytest.fixture
def text():
    """Return a table as text."""
    return _text


@pytest.fixture
def channels(gait):
    return [gait.time_s, *gait.acc.T, *gait.gyr.T]


NAMES = ("t", "ax", "ay", "az", "gx", "gy", "gz")

SIDECAR = {
    "columns": {"time": "t", "acc": ["ax", "ay", "az"], "gyr": ["gx", "gy", "gz"]},
    "units": {"time": "s", "acc": "m/s^2", "gyr": "rad/s"},
    "site": "shank",
    "side": "left",
}


@pytest.fixture
def write_own(tmp_path):
    """Write a table and its sidecar; return the table's path."""

    def write(content, name="run.csv", **changes):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        sidecar = {k: v for k, v in (SIDECAR | changes).items() if v != "absent"}
        path.with_suffix(".json").write_text(json.dumps(sidecar))
        return path

    return write


# ---- FIT --------------------------------------------------------------------------------

CRC_TABLE = (
    0x0000, 0xCC01, 0xD801, 0x1400, 0xF001, 0x3C00, 0x2800, 0xE401,
    0xA001, 0x6C00, 0x7800, 0xB401, 0x5000, 0x9C01, 0x8801, 0x4400,
)  # fmt: skip
FIT_EPOCH = 631_065_600
INVALID = 0xFFFF


def _crc(data):
    crc = 0
    for byte in data:
        for nibble in (byte & 0xF, byte >> 4):
            crc = (crc >> 4) ^ CRC_TABLE[crc & 0xF] ^ CRC_TABLE[nibble]
    return crc


def _definition(local, number, fields):
    head = struct.pack("<BBBHB", 0x40 | local, 0, 0, number, len(fields))
    return head + b"".join(struct.pack("BBB", *field) for field in fields)


def _fit(records, sport=1, events=(), start=1_000_000_000):
    """Make an activity of records (second, stance ms or None, strides a minute, m/s)."""
    body = _definition(0, 0, [(0, 1, 0), (1, 2, 0x84), (4, 4, 0x86)])
    body += struct.pack("<BBHI", 0, 4, 1, start)
    body += _definition(1, 20, [(253, 4, 0x86), (4, 1, 2), (6, 2, 0x84), (41, 2, 0x84)])
    body += _definition(2, 21, [(253, 4, 0x86), (0, 1, 0), (1, 1, 0)])
    moments = [(second, 0, record) for second, *record in records]
    moments += [(second, 1, kind) for second, kind in events]
    for second, is_event, content in sorted(moments, key=lambda m: (m[0], m[1])):
        if is_event:
            body += struct.pack("<BIBB", 2, start + second, 0, content)
            continue
        stance, strides, speed = content
        raw = INVALID if stance is None else round(stance * 10)
        body += struct.pack("<BIBHH", 1, start + second, strides, round(speed * 1000), raw)
    if sport is not None:
        body += _definition(3, 18, [(5, 1, 0)]) + struct.pack("BB", 3, sport)
    head = struct.pack("<BBHI4s", 14, 0x20, 2132, len(body), b".FIT")
    head += struct.pack("<H", _crc(head))
    return head + body + struct.pack("<H", _crc(head + body))


@pytest.fixture
def fit():
    return _fit


@pytest.fixture
def mirror():
    place = os.environ.get("TOLERANCE_DATA_MIRROR")
    if not place:
        pytest.skip("TOLERANCE_DATA_MIRROR is not set")
    return Path(place)
