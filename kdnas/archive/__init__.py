"""The stores of runs: one SQLite file with everything that a search or a comparison has recorded.

`Archive` is the store of a search, `ModelArchive` that of a comparison; both are a `Store` with the
tables of `schema`. Students are written once, their evaluations are trials, and every score is
derived from predictions and outcomes (`measured`). `Row` is a student with its `Trial`s, `Birth`
what an algorithm has asked for. Every transaction is durable when its call returns.
"""

from kdnas.archive.archive import Archive
from kdnas.archive.models import ModelArchive, ModelRow, weights_of
from kdnas.archive.rows import Birth, Row, Trial, births_of, weights_name
from kdnas.archive.schema import FILE_NAME, MODELS_FILE, SCHEMA_VERSION
from kdnas.archive.store import Store

__all__ = [
    "FILE_NAME",
    "MODELS_FILE",
    "SCHEMA_VERSION",
    "Archive",
    "Birth",
    "ModelArchive",
    "ModelRow",
    "Row",
    "Store",
    "Trial",
    "births_of",
    "weights_name",
    "weights_of",
]
