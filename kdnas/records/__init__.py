"""The values that cross layers: attack specs and outcomes, measurements, evaluations, failures.

Accuracy and robustness are shares in [0, 1] derived from counts; parameters are a count.
"""

from kdnas.records.attack import (
    SIMILARITY_THRESHOLDS,
    AttackMode,
    AttackOutcome,
    AttackSpec,
    Engine,
    Outcome,
    Recipe,
    Resources,
    SpecName,
    TextOutcome,
    WordClasses,
    named_spec,
)
from kdnas.records.evaluation import (
    DEGENERATE_ACCURACY,
    Evaluate,
    Evaluation,
    EvaluationFailed,
    Failure,
    FailureKind,
    Finished,
    Job,
    Measurement,
    Report,
    Result,
    Stage,
    pooled,
)

__all__ = [
    "DEGENERATE_ACCURACY",
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
    "Job",
    "Measurement",
    "Outcome",
    "Recipe",
    "Report",
    "Resources",
    "Result",
    "SpecName",
    "Stage",
    "TextOutcome",
    "WordClasses",
    "named_spec",
    "pooled",
]
