"""The values that cross layers: attack specs and outcomes, measurements, evaluations, failures.

Accuracy and robustness are shares in [0, 1] derived from counts; parameters are a count.
"""

from kdnas.records.attack import AttackMode, AttackOutcome, AttackSpec, Engine, Outcome, TextOutcome
from kdnas.records.evaluation import (
    Evaluate,
    Evaluation,
    EvaluationFailed,
    Failure,
    FailureKind,
    Finished,
    Job,
    JobT,
    Report,
    Result,
    ResultT,
    Stage,
    pooled,
)
from kdnas.records.made import MOST_MADE, MadeText
from kdnas.records.measurement import DEGENERATE_ACCURACY, NO_ATTACK, Fit, Measurement
from kdnas.records.recipes import (
    ATTACKS,
    SIMILARITY_THRESHOLDS,
    Recipe,
    Resources,
    StopWords,
    TextFooler,
    is_sentiment,
)
from kdnas.records.text import Text, as_read, columns_of, written

__all__ = [
    "ATTACKS",
    "DEGENERATE_ACCURACY",
    "MOST_MADE",
    "NO_ATTACK",
    "SIMILARITY_THRESHOLDS",
    "AttackMode",
    "AttackOutcome",
    "AttackSpec",
    "Engine",
    "Evaluate",
    "Evaluation",
    "EvaluationFailed",
    "Failure",
    "FailureKind",
    "Finished",
    "Fit",
    "Job",
    "JobT",
    "MadeText",
    "Measurement",
    "Outcome",
    "Recipe",
    "Report",
    "Resources",
    "Result",
    "ResultT",
    "Stage",
    "StopWords",
    "Text",
    "TextFooler",
    "TextOutcome",
    "as_read",
    "columns_of",
    "is_sentiment",
    "pooled",
    "written",
]
