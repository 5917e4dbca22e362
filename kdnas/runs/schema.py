"""The tables of a store; what one row alone can get wrong is refused by the tables themselves.

A student is written once, each of its evaluations is a trial. A measurement is a trial on one split
of the data. It is `whole` where it holds the prediction of every text, a class or, where a split
has one class, a number (float32): its counts by class, from which every score is read, were made of
the predictions, the labels of the split and the outcomes of the attacked texts, and `kdnas verify`
counts them again. It is `counts only` where there are no predictions. No run writes that: it is the
state of archives that were converted from an earlier schema.

A column `digest` is a checksum over what its row says: what no constraint can refuse, such as one
operation in the place of another, `kdnas verify` finds by it.
"""

from kdnas.records import MOST_MADE

SCHEMA_VERSION = 3
FILE_NAME = "archive.sqlite"
MODELS_FILE = "models.sqlite"
SETTINGS_FILE = "comparison.json"
"""The settings of a comparison of several tasks, in its folder."""

TOKENIZER = "tokenizer"
"""The folder of the tokenizer of a run's students."""

_LONGEST = 1e9
"""Seconds; no training takes thirty years."""

SCHEMA = f"""
CREATE TABLE meta (
    name TEXT PRIMARY KEY, value TEXT NOT NULL CHECK (json_valid(value))
) STRICT, WITHOUT ROWID;
CREATE TABLE students (
    birth INTEGER PRIMARY KEY CHECK (birth >= 0),
    key TEXT NOT NULL UNIQUE,
    genotype TEXT NOT NULL CHECK (json_valid(genotype)),
    operation TEXT NOT NULL,
    parents TEXT NOT NULL CHECK (json_valid(parents) AND json_type(parents) = 'array'),
    digest TEXT NOT NULL
) STRICT;
CREATE TABLE trials (
    trial INTEGER PRIMARY KEY CHECK (trial >= 0),
    birth INTEGER NOT NULL REFERENCES students,
    replicate INTEGER NOT NULL CHECK (replicate >= 0),
    fidelity REAL NOT NULL CHECK (fidelity > 0 AND fidelity <= 1),
    method TEXT NOT NULL,
    seed INTEGER NOT NULL CHECK (seed >= 0),
    status TEXT NOT NULL CHECK (status IN ('pending', 'ok', 'failed')),
    parameters INTEGER CHECK (parameters >= 0),
    block_parameters INTEGER CHECK (block_parameters >= 0),
    flops INTEGER CHECK (flops >= 0),
    loss REAL CHECK (abs(loss) < 9e999),
    train_seconds REAL CHECK (train_seconds BETWEEN 0 AND {_LONGEST}),
    attack_seconds REAL CHECK (attack_seconds BETWEEN 0 AND {_LONGEST}),
    examples INTEGER CHECK (examples >= 0),
    metrics TEXT CHECK (metrics IS NULL OR json_valid(metrics) AND json_type(metrics) = 'object'),
    weights TEXT CHECK (length(weights) = 64),
    digest TEXT,
    failure TEXT CHECK (failure IN ('oom', 'timeout', 'non_finite', 'killed', 'exception')),
    message TEXT,
    attempts INTEGER CHECK (attempts >= 1),
    seconds REAL CHECK (seconds BETWEEN 0 AND {_LONGEST}),
    worker TEXT,
    UNIQUE (birth, replicate, fidelity, method),
    CHECK ((status = 'ok') = (parameters IS NOT NULL)
        AND (status = 'ok') = (train_seconds IS NOT NULL)
        AND (status = 'ok') = (metrics IS NOT NULL)
        AND (status = 'ok') = (digest IS NOT NULL)
        AND (block_parameters IS NULL) = (flops IS NULL)
        AND (flops IS NULL) = (attack_seconds IS NULL)
        AND (status = 'ok' OR coalesce(flops, loss, examples, weights) IS NULL)),
    CHECK ((status = 'failed') = (failure IS NOT NULL)
        AND (failure IS NULL) = (message IS NULL)),
    CHECK ((status = 'pending') = (attempts IS NULL)
        AND (attempts IS NULL) = (seconds IS NULL)
        AND (attempts IS NULL) = (worker IS NULL))
) STRICT;
CREATE TABLE events (
    id INTEGER PRIMARY KEY CHECK (id >= 0),
    kind TEXT NOT NULL CHECK (kind IN ('ask', 'tell')),
    trial INTEGER NOT NULL REFERENCES trials,
    UNIQUE (trial, kind)
) STRICT;
CREATE TABLE attacks (
    attack INTEGER PRIMARY KEY CHECK (attack >= 0),
    name TEXT NOT NULL UNIQUE,
    spec TEXT NOT NULL CHECK (json_valid(spec) AND json_type(spec) = 'object'),
    digest TEXT NOT NULL UNIQUE
) STRICT;
CREATE TABLE splits (
    split TEXT PRIMARY KEY CHECK (split IN ('search', 'report')),
    classes INTEGER NOT NULL CHECK (classes >= 1),
    labels BLOB NOT NULL,
    digest TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE originals (
    split TEXT NOT NULL CHECK (split IN ('search', 'report')),
    text_index INTEGER NOT NULL CHECK (text_index >= 0),
    label INTEGER NOT NULL CHECK (label >= 0),
    text TEXT,
    PRIMARY KEY (split, text_index)
) STRICT, WITHOUT ROWID;
CREATE TABLE measurements (
    measurement INTEGER PRIMARY KEY CHECK (measurement >= 0),
    trial INTEGER NOT NULL REFERENCES trials,
    split TEXT NOT NULL CHECK (split IN ('search', 'report')),
    predictions BLOB,
    counts TEXT NOT NULL CHECK (json_valid(counts) AND json_type(counts) = 'array'),
    state TEXT GENERATED ALWAYS AS (iif(predictions IS NULL, 'counts only', 'whole')),
    seconds REAL NOT NULL CHECK (seconds BETWEEN 0 AND {_LONGEST}),
    digest TEXT NOT NULL,
    UNIQUE (trial, split)
) STRICT;
CREATE TABLE outcomes (
    measurement INTEGER NOT NULL REFERENCES measurements,
    attack INTEGER NOT NULL REFERENCES attacks,
    text_index INTEGER NOT NULL CHECK (text_index >= 0),
    predicted INTEGER NOT NULL CHECK (predicted >= 0),
    outcome TEXT NOT NULL CHECK (outcome IN ('skipped', 'succeeded', 'failed')),
    words INTEGER NOT NULL CHECK (words >= 0),
    words_changed INTEGER NOT NULL CHECK (words_changed BETWEEN 0 AND words),
    queries INTEGER CHECK (queries >= 0),
    perturbed TEXT NOT NULL CHECK ((perturbed != '') = (outcome = 'succeeded')),
    PRIMARY KEY (measurement, attack, text_index),
    CHECK (outcome = 'succeeded' OR words_changed = 0)
) STRICT, WITHOUT ROWID;
CREATE TABLE transfers (
    surrogate TEXT NOT NULL REFERENCES students (key),
    target TEXT NOT NULL REFERENCES students (key),
    replicate INTEGER NOT NULL CHECK (replicate >= 0),
    text_index INTEGER NOT NULL CHECK (text_index >= 0),
    correct INTEGER NOT NULL CHECK (correct IN (0, 1)),
    PRIMARY KEY (surrogate, target, replicate, text_index)
) STRICT, WITHOUT ROWID;
CREATE TABLE made_texts (
    trial INTEGER NOT NULL REFERENCES trials,
    number INTEGER NOT NULL CHECK (number BETWEEN 0 AND {MOST_MADE - 1}),
    original TEXT NOT NULL CHECK (original != ''),
    made TEXT NOT NULL CHECK (made NOT IN ('', original)),
    similarity REAL CHECK (similarity BETWEEN -1 AND 1),
    agrees INTEGER CHECK (agrees IN (0, 1)),
    digest TEXT NOT NULL,
    PRIMARY KEY (trial, number)
) STRICT, WITHOUT ROWID;
PRAGMA user_version = {SCHEMA_VERSION};
"""
