"""A transformer with a hidden layer in its classification head, in its Hugging Face shell."""

from typing import Any, Self

from torch import Tensor, nn
from transformers import (
    AutoConfig,
    AutoModelForSequenceClassification,
    PretrainedConfig,
    PreTrainedModel,
)

_KEPT = ("num_hidden_layers", "hidden_size", "num_attention_heads", "vocab_size", "pad_token_id")
"""What is asked of the configuration of any classifier; not all have each."""


def class_layer(model: Any) -> str | None:
    """The name of the last linear layer with an output for each class; None where there is none."""
    classes = model.config.num_labels
    found = [
        name
        for name, layer in model.named_modules()
        if isinstance(layer, nn.Linear) and layer.out_features == classes
    ]
    return found[-1] if found else None


class HiddenHead(nn.Linear):
    """A linear classifier behind a hidden layer as wide as what it reads (Croce 2020, section 3).

    Args:
        width: Of the vectors.
        classes: How many logits there are.
        dropout: Of the hidden layer; what gives the vectors has its own.
        leak: Slope of the hidden layer's LeakyReLU below 0.
    """

    def __init__(self, width: int, classes: int, dropout: float = 0.1, leak: float = 0.2) -> None:
        super().__init__(width, classes)
        self.hidden = nn.Sequential(
            nn.Linear(width, width), nn.LeakyReLU(leak), nn.Dropout(dropout)
        )

    def forward(self, input: Tensor) -> Tensor:  # as torch names it
        """Logits, (..., classes), of vectors, (..., width)."""
        return super().forward(self.hidden(input))


class HiddenHeadConfig(PretrainedConfig):
    """Everything that rebuilds a transformer with a `HiddenHead`.

    Args:
        transformer: The configuration of the transformer, as its `to_dict` gives it. Where classes
            or the number of layers are other ones here, these are taken.
    """

    model_type = "kdnas-hidden-head"

    def __init__(self, transformer: dict[str, Any] | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.transformer = transformer

    @classmethod
    def of(cls, own: PretrainedConfig) -> Self:
        """The configuration of a shell around a transformer with this one."""
        known = {name: getattr(own, name) for name in _KEPT if hasattr(own, name)}
        labels = {"id2label": own.id2label, "label2id": own.label2id}
        return cls(own.to_dict(), **labels, **known)

    def inner(self) -> PretrainedConfig:
        """The configuration of the transformer."""
        config = AutoConfig.for_model(**(self.transformer or {"model_type": "bert"}))
        config.id2label, config.label2id = self.id2label, self.label2id
        if hasattr(self, "num_hidden_layers"):
            config.num_hidden_layers = self.num_hidden_layers
        return config


class HiddenHeadForSequenceClassification(PreTrainedModel):
    """A classifier whose last layer is a `HiddenHead`; it reads whatever its transformer reads."""

    config_class = HiddenHeadConfig
    base_model_prefix = "transformer"

    def __init__(self, config: HiddenHeadConfig) -> None:
        super().__init__(config)
        self.transformer = AutoModelForSequenceClassification.from_config(config.inner())
        place = class_layer(self.transformer)
        assert place is not None
        layer: Any = self.transformer.get_submodule(place)
        head = HiddenHead(layer.in_features, layer.out_features)
        self.transformer.set_submodule(place, head)
        # Callers look at its arguments, and transformers differ in what they take.
        self.forward = self.transformer.forward
        self.post_init()

    @classmethod
    def holding(cls, transformer: Any) -> Self:
        """A shell around a transformer that has such a head."""
        shell = cls(HiddenHeadConfig.of(transformer.config))
        shell.transformer.load_state_dict(transformer.state_dict())
        return shell.to(transformer.device)

    def get_input_embeddings(self) -> nn.Module:
        """The word table."""
        table: nn.Module = self.transformer.get_input_embeddings()
        return table

    def set_attn_implementation(self, *arguments: Any, **named: Any) -> None:
        """Choose how the transformer attends."""
        self.transformer.set_attn_implementation(*arguments, **named)


def register_hidden_head() -> None:
    """Make the Auto classes know the shell; calling it again changes nothing."""
    AutoConfig.register(HiddenHeadConfig.model_type, HiddenHeadConfig, exist_ok=True)
    AutoModelForSequenceClassification.register(
        HiddenHeadConfig, HiddenHeadForSequenceClassification, exist_ok=True
    )
