"""The archive of a run: one SQLite file with every ask, every tell and every evaluation.

Tables: `meta` (the run's configuration and state), `events` (asks and tells in order),
`evaluations` (one row per birth, from its ask on), `reports` (the front on report-val), `texts`
(each attacked text). Every transaction is durable when its call returns.

`ModelArchive` holds the models of a reproduction in another file of the same kind.
"""

from kdnas.archive.archive import Archive
from kdnas.archive.models import MODELS_FILE, ModelArchive, ModelRow, weights_of
from kdnas.archive.rows import Birth, Row, birth_of
from kdnas.archive.schema import FILE_NAME, SCHEMA_VERSION

__all__ = [
    "FILE_NAME",
    "MODELS_FILE",
    "SCHEMA_VERSION",
    "Archive",
    "Birth",
    "ModelArchive",
    "ModelRow",
    "Row",
    "birth_of",
    "weights_of",
]
