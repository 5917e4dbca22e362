"""What a run leaves: its store, its folder, its lock and its status.

A store is one SQLite file with everything that a search (`Archive`) or a comparison
(`ModelArchive`) has recorded, in the tables of `schema`. Students are written once, their
evaluations are trials, and every score is derived from predictions and outcomes (`measured`).
`Row` is a student with its `Trial`s, `Birth` what an algorithm has asked for. Every transaction is
durable when its call returns.

`folder` opens the folder of a run and refuses one of other settings, data or another teacher;
`kept` says which students can be exported from it alone.
`RunContext` is what tables and figures say of a run besides its students. `lock` keeps a second
writer out, `holder` says who the first one is and whether it lives, `status` tells other terminals
what a run is doing; these three are imported by name.
"""

from kdnas.runs.archive import Archive
from kdnas.runs.context import RunContext, run_context
from kdnas.runs.folder import (
    RunFolder,
    beginning,
    held_run,
    open_run,
    require_same,
    require_same_code,
    require_same_origin,
    stored_config,
    versions,
)
from kdnas.runs.held import held, require_own
from kdnas.runs.kept import has_tokenizer, is_kept, student_weights
from kdnas.runs.models import ModelArchive, ModelRow, weights_of
from kdnas.runs.rows import Birth, Row, Trial, births_of, weights_name
from kdnas.runs.schema import FILE_NAME, MODELS_FILE, SCHEMA_VERSION, SETTINGS_FILE
from kdnas.runs.store import Store

__all__ = [
    "FILE_NAME",
    "MODELS_FILE",
    "SCHEMA_VERSION",
    "SETTINGS_FILE",
    "Archive",
    "Birth",
    "ModelArchive",
    "ModelRow",
    "Row",
    "RunContext",
    "RunFolder",
    "Store",
    "Trial",
    "beginning",
    "births_of",
    "has_tokenizer",
    "held",
    "held_run",
    "is_kept",
    "open_run",
    "require_own",
    "require_same",
    "require_same_code",
    "require_same_origin",
    "run_context",
    "stored_config",
    "student_weights",
    "versions",
    "weights_name",
    "weights_of",
]
