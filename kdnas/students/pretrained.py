"""The Hugging Face shell of a student: a config class and a model class for the Auto classes."""

import copy
import json
import shutil
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, Self

import torch
from torch import Tensor, nn
from transformers import (
    AutoConfig,
    AutoModelForSequenceClassification,
    PretrainedConfig,
    PreTrainedModel,
)
from transformers.modeling_outputs import SequenceClassifierOutput

from kdnas.registry import resolve
from kdnas.space import NetworkShape, space_of


class StudentConfig(PretrainedConfig):
    """Everything that rebuilds a student: its architecture, its shape, its labels.

    Args:
        architecture: The JSON object of the genotype, of any known space.
        shape: The fields of `NetworkShape`; where `num_labels` says otherwise, the classes are
            those.
        dropout: After the embedding.
        token_limit: Longest text that the student was trained on, in tokens.
    """

    model_type = "kdnas-student"

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

    @property
    def vocab_size(self) -> int:
        """Rows of the word table, which transformers may resize."""
        return self._network_shape.vocabulary

    @vocab_size.setter
    def vocab_size(self, rows: int) -> None:
        self.shape = asdict(replace(self._network_shape, vocabulary=rows))

    @property
    def _network_shape(self) -> NetworkShape:
        return NetworkShape(**(self.shape or {}))

    @classmethod
    def of(
        cls,
        architecture: str,
        shape: NetworkShape,
        labels: tuple[str, ...],
        token_limit: int,
        dropout: float,
    ) -> Self:
        """The config of a student with these labels; the architecture is JSON."""
        return cls(
            architecture=json.loads(architecture),
            shape=asdict(shape),
            dropout=dropout,
            token_limit=token_limit,
            id2label=dict(enumerate(labels)),
            label2id={label: i for i, label in enumerate(labels)},
            problem_type="regression" if len(labels) == 1 else None,
        )


class StudentForSequenceClassification(PreTrainedModel):
    """The network of a student with the interface of a Hugging Face classifier.

    Attributes:
        has_readouts: Whether every layer has a classifier of its own.
    """

    config_class: type[StudentConfig] = StudentConfig
    base_model_prefix = "student"
    has_readouts = False
    _output = SequenceClassifierOutput
    _is_made = False

    def __init__(self, config: StudentConfig) -> None:
        super().__init__(config)
        classes: Any = config.num_labels  # which is typed as optional
        shape = replace(NetworkShape(**(config.shape or {})), classes=classes)
        self.student = self._network(json.dumps(config.architecture), shape, config.dropout)
        self.post_init()
        self._is_made = True

    @staticmethod
    def _network(architecture: str, shape: NetworkShape, dropout: float) -> Any:
        """What the shell holds."""
        space = space_of(architecture)
        return resolve(space.build)(space.from_json(architecture), shape, dropout)

    def _scored(self, ids: Tensor, mask: Tensor, segments: Tensor | None) -> dict[str, Any]:
        """Logits and hidden states, loosely typed: transformers wants `FloatTensor`."""
        logits, states = self.student(ids, mask, segments)
        return {"logits": logits, "hidden_states": tuple(states)}

    def get_input_embeddings(self) -> nn.Module:
        """The word table."""
        return self.student.embedding.words

    def set_input_embeddings(self, value: nn.Module) -> None:
        """Exchange the word table, as resizing it does."""
        self.student.embedding.words = value

    def _init_weights(self, module: Any) -> None:
        """Start what a file lacks, such as another head; modules start themselves when made."""
        if self._is_made and hasattr(module, "reset_parameters"):
            module.reset_parameters()

    def forward(
        self,
        input_ids: Tensor,
        attention_mask: Tensor | None = None,
        token_type_ids: Tensor | None = None,
        labels: Tensor | None = None,
        output_hidden_states: bool | None = None,
        return_dict: bool | None = None,
        **_: Any,  # arguments of other models that pipelines pass along
    ) -> SequenceClassifierOutput | tuple[Any, ...]:
        """Logits (batch, classes), hidden states if asked for, and the loss if labels are given.

        The states are those of the embedding and of every block, (batch, length, W).

        The loss is that of `config.problem_type`, as for every classifier of transformers.
        """
        mask = torch.ones_like(input_ids) if attention_mask is None else attention_mask
        if not input_ids.shape[1]:
            shape, pad = (len(input_ids), 1), self.config.pad_token_id or 0
            input_ids = input_ids.new_full(shape, pad, dtype=torch.long)
            mask, token_type_ids = torch.ones_like(input_ids), None
        mask = _with_a_token(mask.bool())
        found = self._scored(input_ids, mask, token_type_ids)
        logits, loss = found["logits"], None
        if labels is not None:
            loss = self.loss_function(labels=labels, pooled_logits=logits, config=self.config)
        config: Any = self.config
        shown = (
            config.output_hidden_states if output_hidden_states is None else output_hidden_states
        )
        out = self._output(loss=loss, **(found if shown else {"logits": logits}))
        as_dict = config.return_dict if return_dict is None else return_dict
        return out if as_dict else out.to_tuple()


def _with_a_token(mask: Tensor) -> Tensor:
    """A mask in which a text without a token, as GPT-2's tokenizer makes, has its first place."""
    first = torch.arange(mask.shape[1], device=mask.device) == 0
    return mask | (first & ~mask.any(dim=1, keepdim=True))


def register() -> None:
    """Make the Auto classes know students; calling it again changes nothing."""
    AutoConfig.register(StudentConfig.model_type, StudentConfig, exist_ok=True)
    AutoModelForSequenceClassification.register(
        StudentConfig, StudentForSequenceClassification, exist_ok=True
    )


def save_model(model: PreTrainedModel, tokenizer: Any, folder: Path) -> None:
    """Save a model and its tokenizer; whoever may read the folder may read the weights.

    Raises:
        OSError, SafetensorError: It cannot be written.
    """
    is_student = isinstance(model, StudentForSequenceClassification)
    if is_student:
        model.config.pad_token_id = tokenizer.pad_token_id  # read for a text without a token
    model.save_pretrained(folder)
    save_tokenizer(for_students(tokenizer) if is_student else tokenizer, folder)
    for weights in folder.glob("*.safetensors"):  # safetensors keeps them from other users
        shutil.copymode(folder / "config.json", weights)


def for_students(tokenizer: Any) -> Any:
    """A copy that pads on the right and tells what is padding.

    A student counts places from the left and needs a mask. How the texts of a run were cut and
    padded, which a fast tokenizer remembers, is no part of it.
    """
    tokenizer = copy.deepcopy(tokenizer)
    if tokenizer.is_fast:
        tokenizer.backend_tokenizer.no_truncation()
        tokenizer.backend_tokenizer.no_padding()
    names = tokenizer.model_input_names
    tokenizer.padding_side = "right"
    tokenizer.model_input_names = [*names, *({"attention_mask"} - set(names))]
    return tokenizer


def save_tokenizer(tokenizer: Any, folder: Path) -> None:
    """Save a tokenizer so that texts are cut alike, whatever transformers reads the folder.

    Raises:
        OSError: It cannot be written.
    """
    tokenizer = copy.deepcopy(tokenizer)
    for name in ("padding_side", "model_input_names"):  # else they are not written
        tokenizer.init_kwargs[name] = getattr(tokenizer, name)
    tokenizer.save_pretrained(folder)
    if (folder / "tokenizer.json").is_file():
        _cut_by_file(folder / "tokenizer_config.json")


def _cut_by_file(settings: Path) -> None:
    """Name the one class that reads tokenizer.json as it stands, whatever transformers loads it.

    Of other classes transformers 5 makes the tokenizer anew, with their usual ways; what it writes
    of its own class and of further special tokens transformers 4 does not know.
    """
    written = json.loads(settings.read_text())
    written["tokenizer_class"] = "PreTrainedTokenizerFast"
    if isinstance(written.get("extra_special_tokens"), list):
        written["additional_special_tokens"] = written.pop("extra_special_tokens")
    settings.write_text(json.dumps(written, indent=2, ensure_ascii=False) + "\n")
