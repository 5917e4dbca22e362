"""The Hugging Face shell of a student of cells."""

from dataclasses import dataclass
from typing import Any

from torch import Tensor
from transformers import AutoConfig, AutoModelForSequenceClassification
from transformers.modeling_outputs import SequenceClassifierOutput

from kdnas.adabert.cells import CellArchitecture
from kdnas.adabert.student import CellStudent
from kdnas.space import NetworkShape
from kdnas.students import StudentConfig, StudentForSequenceClassification


class CellConfig(StudentConfig):
    """Everything that rebuilds a student of cells; its architecture is a `CellArchitecture`'s."""

    model_type = "kdnas-cells"


@dataclass
class CellOutput(SequenceClassifierOutput):
    """What a student of cells gives; with its states all read-outs, (batch, cells + 1, classes)."""

    readouts: Tensor | None = None


class CellsForSequenceClassification(StudentForSequenceClassification):
    """A `CellStudent` with the interface of a Hugging Face classifier."""

    config_class = CellConfig

    has_readouts = True
    _output = CellOutput

    @staticmethod
    def _network(architecture: str, shape: NetworkShape, dropout: float) -> Any:
        """What the shell holds."""
        return CellStudent.of(CellArchitecture.from_json(architecture), shape, dropout)

    def _scored(self, ids: Tensor, mask: Tensor, segments: Tensor | None) -> dict[str, Any]:
        """Logits, states and read-outs."""
        readouts, states = self.student(ids, mask, segments=segments)
        return {"logits": readouts[:, -1], "hidden_states": tuple(states), "readouts": readouts}


def register_cells() -> None:
    """Make the Auto classes know students of cells; calling it again changes nothing."""
    AutoConfig.register(CellConfig.model_type, CellConfig, exist_ok=True)
    AutoModelForSequenceClassification.register(
        CellConfig, CellsForSequenceClassification, exist_ok=True
    )
