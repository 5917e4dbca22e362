"""The Hugging Face shell of a student of cells; see `students.pretrained`."""

import json
from dataclasses import asdict
from typing import Any

from torch import Tensor, nn
from torch.nn import functional as F
from transformers import (
    AutoConfig,
    AutoModelForSequenceClassification,
    PretrainedConfig,
    PreTrainedModel,
)
from transformers.modeling_outputs import SequenceClassifierOutput

from kdnas.baselines.cell_student import CellStudent
from kdnas.baselines.cells import CellArchitecture
from kdnas.space import NetworkShape


class CellConfig(PretrainedConfig):
    """Everything that rebuilds a student of cells: its architecture, its shape, its labels.

    Args:
        architecture: The JSON object of `CellArchitecture.to_json`.
        shape: The fields of `NetworkShape`.
        dropout: After the embedding and before the classifier.
        token_limit: Longest text that it was trained on, in tokens.
    """

    model_type = "kdnas-cells"

    def __init__(
        self,
        architecture: dict[str, Any] | None = None,
        shape: dict[str, Any] | None = None,
        dropout: float = 0.1,
        token_limit: int = 128,
        **kwargs: Any,  # what transformers itself keeps in a config
    ) -> None:
        super().__init__(**kwargs)
        self.architecture, self.shape = architecture, shape
        self.dropout, self.token_limit = dropout, token_limit

    @classmethod
    def of(
        cls, arch: CellArchitecture, shape: NetworkShape, labels: tuple[str, ...], token_limit: int
    ) -> "CellConfig":
        """The config of a student with these labels."""
        return cls(
            architecture=json.loads(arch.to_json()),
            shape=asdict(shape),
            token_limit=token_limit,
            id2label=dict(enumerate(labels)),
            label2id={label: i for i, label in enumerate(labels)},
        )


class CellsForSequenceClassification(PreTrainedModel):
    """A `CellStudent` with the interface of a Hugging Face classifier."""

    config_class = CellConfig
    base_model_prefix = "student"

    def __init__(self, config: CellConfig) -> None:
        super().__init__(config)
        arch = CellArchitecture.from_json(json.dumps(config.architecture))
        shape = NetworkShape(**(config.shape or {}))
        self.student = CellStudent.of(arch, shape, config.dropout)
        self.post_init()

    def get_input_embeddings(self) -> nn.Module:
        """The word table."""
        return self.student.embedding.words

    def _init_weights(self, module: nn.Module) -> None:
        """Nothing: the modules of a student initialise themselves."""

    def forward(
        self,
        input_ids: Tensor,
        attention_mask: Tensor | None = None,
        labels: Tensor | None = None,
        **_: Any,  # arguments of other models that pipelines pass along
    ) -> SequenceClassifierOutput:
        """Logits (batch, classes), and the cross entropy if labels are given."""
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
