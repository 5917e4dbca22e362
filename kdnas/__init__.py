"""kdnas: multi-objective neural architecture search in knowledge distillation.

Importing the package loads none of the heavy libraries. The way through it follows the data:
`kdnas.space` (architectures), `kdnas.students` (networks), `kdnas.distillation`, `kdnas.attacks`,
`kdnas.evaluation`, `kdnas.loop`, `kdnas.runs`, `kdnas.analysis`.
"""

__version__ = "0.2.0.dev0"
