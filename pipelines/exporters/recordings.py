"""Any recordings of the workspace as one Motion-BIDS data set.

Each sensor gets a file of its own: that two sensors share a clock is known only where they come
from one file of a Motion-BIDS data set, and then they stay together. Names of own files stay out of
the data set, because devices write their serial numbers into them; so do positions and the free
words for a device.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from importlib.metadata import version
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipelines.datasets.base import (
    ACC_COLUMNS,
    GYR_COLUMNS,
    DatasetCard,
    ImportedRecording,
    LeftOut,
    Sensor,
    mask_signals,
)
from pipelines.datasets.registry import dataset_ids, load_dataset
from pipelines.errors import WorkspaceError
from pipelines.exporters.motion_bids import (
    TIME_DIGITS,
    Dictionary,
    MotionDataset,
    MotionFile,
    Participants,
    TrackedPoint,
    write_motion_bids,
)
from pipelines.importers.fit import WatchRecording
from pipelines.importers.open_recording import read_any
from pipelines.importers.own_recording import OwnRecording
from pipelines.importers.presets import PRESETS
from pipelines.paths import Places
from pipelines.store import read_table

__all__ = [
    "About",
    "Exported",
    "about_dataset",
    "about_own",
    "export_dataset",
    "export_path",
    "export_recordings",
]

EXPORT_DIGITS: Final = 6
"""Digits behind the point: 1e-6 m/s² and rad/s are below the last bit of a 16-bit sensor of ±2 g or
±125 °/s (6e-4 m/s², 7e-5 rad/s). Engineering choice: nothing measured is lost."""
TASK: Final = "locomotion"
TASK_DESCRIPTION: Final = (
    "Walking, running and rest in the order in which they came; what was done when is not labelled."
)
UNKNOWN: Final = "n/a"
DOCUMENTED_AXES: Final = "ASR"
"""Directions of x, y and z in the workspace: anterior, superior, right."""

_BIDS_ID: Final = re.compile(
    r"(?P<stem>sub-[A-Za-z0-9]+(_ses-[A-Za-z0-9]+)?_task-(?P<task>[A-Za-z0-9]+)"
    r"_tracksys-(?P<system>[A-Za-z0-9]+)(_acq-(?P<acq>[A-Za-z0-9]+))?(_run-(?P<run>[0-9]+))?)"
    r"_(?P<point>.+)"
)
"""Id of a recording that came from a Motion-BIDS file: that file's name and the tracked point."""

_SCAN_DICTIONARY: Final[Dictionary] = {
    "source_recording": {"Description": "Id of the recording in the workspace."},
    "source_session": {"Description": "Id of the session in the workspace."},
    "surface": {"Description": "Ground, as the source words it."},
    "shoe": {"Description": "Shoe, as the source words it."},
    "weight": {"Description": "Body mass at this recording.", "Units": "kg"},
}

_PARTICIPANTS_DICTIONARY: Final[Dictionary] = {
    "source_id": {
        "Description": "Pseudonym in the workspace; labels hold letters and digits only."
    },
    "weight": {
        "Description": "Body mass; n/a where unknown or where it changed, then see scans.",
        "Units": "kg",
    },
    "height": {"Description": "Standing height.", "Units": "m"},
}

OWN_README: Final = """# Running recordings

Written by `tolerance export`. Please fill in who recorded this, on whom, with which approval, and
under which licence it may be used (`dataset_description.json`).

Acceleration is specific force in m/s², angular velocity is in rad/s. What was not observed is n/a.
Where samples are not evenly spaced, a LATENCY channel gives their time. Sensors in files of their
own have clocks of their own; `acq_time` in `_scans.tsv` ties them as far as their starts are known.

Left out on purpose: names of files, serial numbers, positions and the words that somebody chose for
a device. Still in it: pseudonyms and times of day; map or shift them if your approval asks for it.
"""

DATASET_README: Final = """# {title}

A copy of the data set `{id}` in Motion-BIDS, written by `tolerance export`. The original is at
<{home}>; cite it as:

> {citation}

Licence: {licence}.{caution} Ethics: {ethics}

Acceleration is specific force in m/s², angular velocity is in rad/s. What was not observed is n/a.
Where samples are not evenly spaced, a LATENCY channel gives their time. Each sensor has a file of
its own. Reference signals (force, contacts, positions) are not part of this copy.

Known of it:

{cautions}
"""


@dataclass(frozen=True, kw_only=True)
class About:
    """What is known of recordings beyond themselves.

    Attributes
    ----------
    card : DatasetCard or None
        Facts of a known dataset: its sensors' axes and placement are documented.
    description : mapping
        Further keys of ``dataset_description.json``.
    """

    title: str
    readme: str
    authors: tuple[str, ...]
    licence: str
    card: DatasetCard | None = None
    description: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True)
class Exported:
    """What was written.

    Attributes
    ----------
    places : mapping
        Recording id -> motion file below the data set's folder.
    left_out : tuple of str
        One sentence for each recording that is not in it.
    """

    places: Mapping[str, Path]
    left_out: tuple[str, ...]


def export_path(path: Path, out: Path) -> Exported:
    """Write everything readable below a path as Motion-BIDS.

    Parameters
    ----------
    path : Path
        Whatever `read_any` opens.
    out : Path
        Folder of the data set: new or empty.

    Raises
    ------
    WorkspaceError
        If ``out`` is taken, or nothing below ``path`` has a signal.
    """
    _refuse_taken(out)
    recordings: list[ImportedRecording] = []
    left_out: list[str] = []
    for thing in read_any(path):
        if isinstance(thing, LeftOut):
            left_out.append(f"{thing.recording_id}: {thing.reason}")
        elif isinstance(thing, WatchRecording):
            left_out.append(
                f"{thing.recording_id}: a watch gives means over seconds, Motion-BIDS holds signals"
            )
        else:
            recordings.append(thing)
    return export_recordings(recordings, about_own(), out, left_out)


def export_dataset(places: Places, dataset_id: str, out: Path) -> Exported:
    """Write a known dataset's interim tables as Motion-BIDS.

    Raises
    ------
    WorkspaceError
        If the dataset is unknown, not imported yet, or has no recording; if ``out`` is taken.
    """
    _refuse_taken(out)
    if dataset_id not in dataset_ids():
        raise WorkspaceError(
            f"dataset {dataset_id!r} is not known; expected one of {', '.join(dataset_ids())}"
        )
    rows = read_table(places.recordings(dataset_id), "recordings")
    recordings = [
        ImportedRecording(
            {str(name): value for name, value in row.items()},
            read_table(places.signals(dataset_id, row["recording_id"]), "signals"),
        )
        for row in rows.to_dict("records")
    ]
    rejected = read_table(places.interim(dataset_id) / "rejected.parquet", "rejected")
    whole = rejected[rejected["start_s"].isna()]
    left_out = [f"{row.recording_id}: {row.problem}" for row in whole.itertuples(index=False)]
    return export_recordings(
        recordings, about_dataset(load_dataset(dataset_id).card), out, left_out
    )


def about_own() -> About:
    """Say of somebody's own recordings what can be said without asking."""
    return About(title="Running recordings", readme=OWN_README, authors=(), licence="not stated")


def about_dataset(card: DatasetCard) -> About:
    """Carry a dataset's facts into what BIDS has for them."""
    caution = " Ask its authors before you pass it on." if card.needs_acceptance else ""
    links = [card.home, *([f"https://doi.org/{card.doi}"] if card.doi else [])]
    return About(
        title=card.title,
        readme=DATASET_README.format(
            title=card.title,
            id=card.id,
            home=card.home,
            citation=card.citation,
            licence=card.licence,
            caution=caution,
            ethics=card.ethics,
            cautions="\n".join(f"- {text}" for text in card.cautions),
        ),
        authors=_authors(card.citation),
        licence=card.licence,
        card=card,
        description={
            "HowToAcknowledge": card.citation,
            "ReferencesAndLinks": links,
            "SourceDatasets": [{"URL": card.home}],
            "EthicsApprovals": [card.ethics],
        },
    )


def _authors(citation: str) -> tuple[str, ...]:
    """Return the authors, with whom a citation begins; none where it says that there is none."""
    head = citation.split(". ")[0]
    return () if ":" in head else tuple(head.split(", "))


def _refuse_taken(out: Path) -> None:
    """Refuse a place that holds anything: the writer replaces a folder as a whole."""
    try:
        taken = out.exists() and not (out.is_dir() and not any(out.iterdir()))
    except OSError as error:
        raise WorkspaceError(f"{out} cannot be looked into ({error}): choose another") from error
    if taken:
        raise WorkspaceError(f"{out} is there and not empty: choose a new or an empty folder")


def export_recordings(
    recordings: Sequence[ImportedRecording], about: About, out: Path, left_out: Sequence[str]
) -> Exported:
    """Write recordings as Motion-BIDS; ``left_out`` says what is known not to be among them.

    Raises
    ------
    WorkspaceError
        If there is no recording, or they cannot be written.
    """
    if not recordings:
        listed = "".join(f"\n  {reason}" for reason in left_out)
        raise WorkspaceError(f"there is no recording with a signal to export{listed}")
    groups: dict[tuple[object, ...], list[_Entry]] = defaultdict(list)
    for entry in _entries(recordings):
        groups[entry.key].append(entry)
    dataset = _dataset(list(groups.values()), about)
    write_motion_bids(out.expanduser().resolve(), dataset)
    places: dict[str, Path] = {}
    for file, group in zip(dataset.files, groups.values(), strict=True):
        folder = Path(f"sub-{file.subject}", f"ses-{file.session}", "motion")
        for entry in group:
            places[entry.recording.recording_id] = folder / f"{file.stem}_motion.tsv"
    return Exported(places, tuple(left_out))


@dataclass(frozen=True, kw_only=True)
class _Entry:
    """One recording and the labels of the file that it goes to."""

    recording: ImportedRecording
    subject: str
    session: str
    task: str
    system: str
    acquisition: str
    run: int | None
    point: str

    @property
    def key(self) -> tuple[object, ...]:
        """Labels that tell files apart; recordings of one key are sensors on one clock."""
        labels = (self.subject, self.session, self.task, self.system, self.acquisition)
        return (*labels, self.run)


def _entries(recordings: Sequence[ImportedRecording]) -> list[_Entry]:
    """Give every recording labels that are safe in BIDS and lead to one file each."""
    subjects = _labels(str(recording.row["runner_id"]) for recording in recordings)
    sessions = _session_labels(recordings)
    named: list[_Entry] = []
    waiting: dict[tuple[str, str, str], list[ImportedRecording]] = defaultdict(list)
    for recording in sorted(recordings, key=_in_time):
        subject = subjects[str(recording.row["runner_id"])]
        session = sessions[_session_key(recording)]
        match = _BIDS_ID.fullmatch(recording.recording_id)
        if match is None:
            waiting[subject, session, _point(recording)].append(recording)
            continue
        named.append(
            _Entry(
                recording=recording,
                subject=subject,
                session=session,
                task=match["task"],
                system=match["system"],
                acquisition=match["acq"] or "",
                run=None if match["run"] is None else int(match["run"]),
                point=match["point"],
            )
        )
    for (subject, session, point), repeated in waiting.items():
        named += [
            _Entry(
                recording=recording,
                subject=subject,
                session=session,
                task=TASK,
                system=point.replace("_", ""),
                acquisition="",
                run=number if len(repeated) > 1 else None,
                point=point,
            )
            for number, recording in enumerate(repeated, start=1)
        ]
    return named


def _labels(ids: Iterable[str]) -> dict[str, str]:
    """Turn ids into labels of letters and digits; two ids never share one, in whatever case."""
    labels: dict[str, str] = {}
    taken: set[str] = set()
    for name in dict.fromkeys(ids):
        plain = re.sub(r"[^A-Za-z0-9]", "", name)
        label, number = plain, 1
        while label.casefold() in taken:
            number += 1
            label = f"{plain}x{number}"
        taken.add(label.casefold())
        labels[name] = label
    return labels


def _session_key(recording: ImportedRecording) -> tuple[str, str]:
    return str(recording.row["runner_id"]), str(recording.row["session_id"])


def _session_labels(recordings: Sequence[ImportedRecording]) -> dict[tuple[str, str], str]:
    """Label each runner's sessions; own ones that are named after a file are numbered in time."""
    labels: dict[tuple[str, str], str] = {}
    runners: dict[str, list[ImportedRecording]] = defaultdict(list)
    for recording in sorted(recordings, key=_in_time):
        runners[str(recording.row["runner_id"])].append(recording)
    for runner, mine in runners.items():
        names = [str(r.row["session_id"]) for r in mine if not _named_after_file(r)]
        given = _labels(names)
        numbers = (f"{number:02d}" for number in range(1, len(mine) + len(given) + 1))
        free = (number for number in numbers if number not in given.values())
        for recording in mine:
            name = str(recording.row["session_id"])
            if (runner, name) not in labels:
                labels[runner, name] = given[name] if name in given else next(free)
    return labels


def _named_after_file(recording: ImportedRecording) -> bool:
    own = isinstance(recording, OwnRecording)
    return own and recording.row["session_id"] == recording.recording_id


def _in_time(recording: ImportedRecording) -> tuple[str, str]:
    started = _started_at(recording)
    return "" if started is None else started.isoformat(), recording.recording_id


def _point(recording: ImportedRecording) -> str:
    site, side = str(recording.row["sensor_site"]), str(recording.row["side"])
    return site if side == "unknown" else f"{side}_{site}"


def _dataset(groups: Sequence[Sequence[_Entry]], about: About) -> MotionDataset:
    entries = [entry for group in groups for entry in group]
    varying = _varying_mass([entry.recording.row for entry in entries])
    scans = [_scan(group[0], about, varying) for group in groups]
    columns = [c for c in _SCAN_DICTIONARY if any(c in scan for scan in scans)]
    return MotionDataset(
        title=about.title,
        readme=about.readme,
        authors=about.authors,
        licence=about.licence,
        generated_by="tolerance export",
        version=version("tolerance"),
        files=tuple(
            _file(group, about, {column: scan.get(column) for column in columns})
            for group, scan in zip(groups, scans, strict=True)
        ),
        participants=_participants(entries, varying),
        scans_dictionary={column: _SCAN_DICTIONARY[column] for column in columns},
        description=about.description,
    )


def _varying_mass(rows: Sequence[Mapping[str, object]]) -> set[str]:
    """Return runners whose body mass is not the same in all recordings."""
    masses: dict[str, set[float]] = defaultdict(set)
    for row in rows:
        mass_kg = float(str(row["body_mass_kg"]))
        masses[str(row["runner_id"])].add(-1.0 if np.isnan(mass_kg) else mass_kg)
    return {runner for runner, found in masses.items() if len(found) > 1}


def _participants(entries: Sequence[_Entry], varying: set[str]) -> Participants:
    people: dict[str, dict[str, object]] = {}
    for entry in entries:
        row = entry.recording.row
        runner = str(row["runner_id"])
        height_m = float(str(row["height_m"]))
        known = people.setdefault(
            runner,
            {
                "participant_id": f"sub-{entry.subject}",
                "source_id": runner,
                "weight": np.nan if runner in varying else row["body_mass_kg"],
                "height": height_m,
            },
        )
        if np.isnan(float(str(known["height"]))):
            known["height"] = height_m
    table = pd.DataFrame(people.values())
    if (table["participant_id"] == "sub-" + table["source_id"]).all():
        table = table.drop(columns="source_id")
    meanings = {c: m for c, m in _PARTICIPANTS_DICTIONARY.items() if c in table}
    return Participants(table, meanings)


def _scan(entry: _Entry, about: About, varying: set[str]) -> dict[str, object]:
    recording, row = entry.recording, entry.recording.row
    scan: dict[str, object] = {
        name: str(row[name]) for name in ("surface", "shoe") if isinstance(row[name], str)
    }
    if about.card is not None:
        if _BIDS_ID.fullmatch(recording.recording_id) is None:
            scan["source_recording"] = recording.recording_id
        if row["session_id"] != entry.session:
            scan["source_session"] = str(row["session_id"])
    mass_kg = float(str(row["body_mass_kg"]))
    if row["runner_id"] in varying and not np.isnan(mass_kg):
        scan["weight"] = mass_kg
    return scan


def _file(group: Sequence[_Entry], about: About, scan: Mapping[str, object]) -> MotionFile:
    first = group[0]
    rate_hz = float(str(first.recording.row["sampling_rate_hz"]))
    return MotionFile(
        subject=first.subject,
        session=first.session,
        task=first.task,
        tracking_system=first.system,
        acquisition=first.acquisition,
        run=first.run,
        sampling_rate_hz=rate_hz,
        points=tuple(_tracked_point(entry, about) for entry in group),
        started_at=_started_at(first.recording),
        task_description=TASK_DESCRIPTION,
        manufacturer=UNKNOWN,
        model=_model(first.recording, about),
        latency_s=_latency(first.recording, rate_hz),
        digits=EXPORT_DIGITS,
        scan=scan,
    )


def _latency(recording: ImportedRecording, rate_hz: float) -> NDArray[np.float64] | None:
    """Return time from the first sample where counting samples would not give it."""
    time_s = recording.signals["time_s"].to_numpy(np.float64)
    time_s = np.asarray(time_s - time_s[0], dtype=np.float64)
    counted_s = np.arange(time_s.size) / rate_hz
    return None if np.allclose(time_s, counted_s, rtol=0.0, atol=10.0**-TIME_DIGITS) else time_s


def _started_at(recording: ImportedRecording) -> datetime | None:
    started = recording.row["started_at_utc"]
    if not isinstance(started, pd.Timestamp) or pd.isna(started):
        return None
    return started.floor("us").to_pydatetime()


def _tracked_point(entry: _Entry, about: About) -> TrackedPoint:
    recording, row = entry.recording, entry.recording.row
    signals = mask_signals(recording.signals, recording.masks)
    has_gyr = GYR_COLUMNS[0] in signals
    sensor = _sensor(recording, about)
    frame = str(row["frame"])
    return TrackedPoint(
        label=entry.point,
        placement=sensor.placement if sensor else _point(recording).replace("_", " "),
        acc_mps2=signals[list(ACC_COLUMNS)].to_numpy(np.float64),
        gyr_radps=signals[list(GYR_COLUMNS)].to_numpy(np.float64) if has_gyr else None,
        # The axes of a worn sensor are known only where a dataset documents them.
        spatial_axes=DOCUMENTED_AXES if frame == "segment" or sensor else UNKNOWN,
        frame=frame,
        axes_note=sensor.axes_note if sensor else "",
        acc_range_g=float(str(row["acc_range_g"])),
        gyr_range_dps=float(str(row["gyr_range_dps"])),
    )


def _sensor(recording: ImportedRecording, about: About) -> Sensor | None:
    """Find the sensor on a dataset's card; its side may be stated by recording only."""
    if about.card is None:
        return None
    site, side = recording.row["sensor_site"], recording.row["side"]
    there = [sensor for sensor in about.card.sensors if sensor.site == site]
    return next((s for s in there if s.side == side), there[0] if there else None)


def _model(recording: ImportedRecording, about: About) -> str:
    """Name the device in words of ours: a person's own words may name its owner or number."""
    sensor = _sensor(recording, about)
    if sensor is not None:
        return sensor.model
    if isinstance(recording, OwnRecording):
        preset = PRESETS.get(recording.details.get("format", "").removeprefix("preset "))
        return UNKNOWN if preset is None else preset.device
    return UNKNOWN
