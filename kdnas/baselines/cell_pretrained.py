"""The Hugging Face shell of a student of cells."""

from typing import Any

from torch import Tensor
from torch.nn import functional as F
from transformers import AutoConfig, AutoModelForSequenceClassification
from transformers.modeling_outputs import SequenceClassifierOutput

from kdnas.baselines.cell_student import CellStudent
from kdnas.baselines.cells import CellArchitecture
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

    def forward(
        self,
        input_ids: Tensor,
        attention_mask: Tensor | None = None,
        token_type_ids: Tensor | None = None,
        labels: Tensor | None = None,
        **_: Any,  # arguments of other models that pipelines pass along
    ) -> SequenceClassifierOutput:
        """Logits (batch, classes), and the cross entropy if labels are given; no token types."""
        mask = input_ids.new_ones(input_ids.shape) if attention_mask is None else attention_mask
        logits = self.student(input_ids, mask.bool())[0]
        loss: Any = None if labels is None else F.cross_entropy(logits, labels)
        return SequenceClassifierOutput(loss=loss, logits=logits)


def register_cells() -> None:
    """Make the Auto classes know students of cells; calling it again changes nothing."""
    AutoConfig.register(CellConfig.model_type, CellConfig, exist_ok=True)
    AutoModelForSequenceClassification.register(
        CellConfig, CellsForSequenceClassification, exist_ok=True
    )
