"""The Hugging Face shell of a student of cells."""

from typing import Any

from torch import Tensor
from transformers import AutoConfig, AutoModelForSequenceClassification

from kdnas.adabert.cells import CellArchitecture
from kdnas.adabert.student import CellStudent
from kdnas.space import NetworkShape
from kdnas.students import StudentConfig, StudentForSequenceClassification


class CellConfig(StudentConfig):
    """Everything that rebuilds a student of cells; its architecture is a `CellArchitecture`'s."""

    model_type = "kdnas-cells"


class CellsForSequenceClassification(StudentForSequenceClassification):
    """A `CellStudent` with the interface of a Hugging Face classifier."""

    config_class = CellConfig

    @staticmethod
    def _network(architecture: str, shape: NetworkShape, dropout: float) -> Any:
        """What the shell holds."""
        return CellStudent.of(CellArchitecture.from_json(architecture), shape, dropout)

    def _scored(self, ids: Tensor, mask: Tensor, segments: Tensor | None) -> tuple[Any, Any]:
        """Logits, and all read-outs, (batch, classes) each, as states."""
        logits, readouts = self.student(ids, mask, segments=segments)
        return logits, readouts.unbind(dim=1)


def register_cells() -> None:
    """Make the Auto classes know students of cells; calling it again changes nothing."""
    AutoConfig.register(CellConfig.model_type, CellConfig, exist_ok=True)
    AutoModelForSequenceClassification.register(
        CellConfig, CellsForSequenceClassification, exist_ok=True
    )
