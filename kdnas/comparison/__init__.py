"""Trainings beside a search: models are trained, saved and attacked on the searches' workers.

- `Model`: one training as a value: what is trained, by which method, from which source;
- `Trainings`: all of a comparison, with the attacks on each model;
- `Site`: where that is done, by whom, and who is told; it holds the folder and opens its store
  (`Contents`: what the folder is there for);
- `build_models`: trains what is missing, each after its source, and records it in a `ModelArchive`;
- `ModelEvaluator` (loads torch, in the workers): makes and teaches a model (`Trainer`), keeps it as
  a Hugging Face folder (`ModelFolder`), and attacks it on report-val.
"""

from kdnas.comparison.build import Trainings, build_models, open_evaluator
from kdnas.comparison.model import BEGUN, TEACHER, Kind, Model
from kdnas.comparison.site import STUDY, Contents, Site

__all__ = [
    "BEGUN",
    "STUDY",
    "TEACHER",
    "Contents",
    "Kind",
    "Model",
    "Site",
    "Trainings",
    "build_models",
    "open_evaluator",
]
