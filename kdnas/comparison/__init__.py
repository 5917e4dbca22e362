"""Trainings beside a search: models are trained, saved and attacked on the searches' workers.

- `Model`: one training as a value: what is trained, by which method, from which source;
- `build_models`: trains what is missing, each after its source, and records it in a `ModelArchive`;
- `ModelEvaluator` (loads torch, in the workers): makes and teaches a model (`Trainer`), keeps it as
  a Hugging Face folder (`ModelFolder`), and attacks it on report-val.
"""

from kdnas.comparison.build import Crew, build_models, open_evaluator
from kdnas.comparison.model import OTHER_THRESHOLD, TEACHER, Model

__all__ = ["OTHER_THRESHOLD", "TEACHER", "Crew", "Model", "build_models", "open_evaluator"]
