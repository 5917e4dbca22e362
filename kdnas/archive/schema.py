"""The tables of an archive."""

SCHEMA_VERSION = 2
FILE_NAME = "archive.sqlite"

_MEASURED = """
    accuracy REAL, robustness REAL, worst_class_accuracy REAL, worst_class_robustness REAL,
    degenerate INTEGER, texts INTEGER, attacked INTEGER, correct TEXT, totals TEXT, predicted TEXT,
    skipped TEXT, succeeded TEXT, failed TEXT, queries INTEGER, words_changed_share REAL, spec TEXT
"""
MEASURED_NAMES = [column.split()[0] for column in _MEASURED.split(",")]

SCHEMA = f"""
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE events (
    id INTEGER PRIMARY KEY, kind TEXT NOT NULL CHECK (kind IN ('ask', 'tell')),
    birth INTEGER NOT NULL
);
CREATE TABLE evaluations (
    birth INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, architecture TEXT NOT NULL,
    parents TEXT NOT NULL, operation TEXT NOT NULL, seed INTEGER NOT NULL,
    status TEXT NOT NULL CHECK (status IN ('pending', 'ok', 'failed')),
    parameters INTEGER, block_parameters INTEGER, flops INTEGER, loss REAL,
    train_seconds REAL, attack_seconds REAL, failure TEXT, message TEXT,
    attempts INTEGER, seconds REAL, worker TEXT, {_MEASURED}
);
CREATE TABLE reports (birth INTEGER PRIMARY KEY, seconds REAL, {_MEASURED});
CREATE TABLE texts (
    birth INTEGER, split TEXT, text_index INTEGER, spec TEXT, label INTEGER, predicted INTEGER,
    outcome TEXT, words INTEGER, words_changed INTEGER, queries INTEGER, perturbed TEXT,
    PRIMARY KEY (birth, split, text_index)
) WITHOUT ROWID;
PRAGMA user_version = {SCHEMA_VERSION};
"""
