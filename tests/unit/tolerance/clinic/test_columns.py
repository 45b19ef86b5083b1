"""The folder's columns are the record's fields."""

import pytest

from tolerance.clinic import record
from tolerance.clinic.columns import FOLDER_TABLES

MODELS = {
    "sessions": record.SessionEntry,
    "symptoms": record.SymptomEntry,
    "tests": record.TestEntry,
    "clearances": record.Clearance,
    "overrides": record.Override,
}


@pytest.mark.parametrize("name", MODELS)
def test_every_field_has_its_column(name):
    columns = {column.name for column in FOLDER_TABLES[name].columns}
    fields = set(MODELS[name].model_fields)
    if name == "symptoms":
        fields = (fields - {"red_flags"}) | set(record.RED_FLAG_QUESTIONS)
    assert columns == fields


@pytest.mark.parametrize("name", MODELS)
def test_what_the_record_needs_is_required(name):
    needed = {field for field, info in MODELS[name].model_fields.items() if info.is_required()} - {
        "session_id"
    }
    required = {column.name for column in FOLDER_TABLES[name].columns if column.required}
    assert needed <= required
