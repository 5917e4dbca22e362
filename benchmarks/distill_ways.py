"""Ways to distil the same students on Rotten Tomatoes with the quickstart's teacher.

Loss, batches of 32, schedule, clipping and threads are the same:

- `kdnas`: `kdnas.distillation.distill`;
- `trainer`: `transformers.Trainer`, fused AdamW, `DataCollatorWithPadding`, `group_by_length`, no
  evaluation, logging or saving; only `train()` is timed, not its construction;
- `plain`: the loop that kdnas once had: AdamW with decay over whole tables, batches of similar
  length built at every step;
- both `with conv1d`: the same students, but with torch's own convolutions instead of the forms of
  `kdnas.students.convolution`; together with the plain loop that is kdnas as it was.

It needs `pip install accelerate`, without which transformers.Trainer does not start.
"""

import math
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from kdnas.config import Config, DistillSettings, load_config
from kdnas.distillation import Reader, Seen, Sizes, Step, distill, recipe_of
from kdnas.evaluation import Prepared, fresh_student, prepare
from kdnas.space import Architecture
from kdnas.training import Batch, EncodedTexts, epoch_plan, take

CPU = torch.device("cpu")


@dataclass(frozen=True)
class Setting:
    """What all ways have in common."""

    config: Config
    prepared: Prepared
    texts: EncodedTexts
    settings: DistillSettings

    @property
    def signals(self) -> Mapping[str, np.ndarray]:
        """The teacher on the training texts."""
        return self.prepared.lesson.signals

    def cut(self, count: int, epochs: int) -> "Setting":
        """The first `count` texts, for `epochs` epochs."""
        texts = EncodedTexts(self.texts.ids[:count], self.texts.lengths[:count])
        return replace(
            self, texts=texts, settings=self.settings.model_copy(update={"epochs": epochs})
        )

    def student(self, arch: Architecture, seed: int) -> Any:
        """A fresh student, its tables started from the teacher's."""
        return fresh_student(self.prepared, self.config.student, arch.canonical(), seed)

    @classmethod
    def of_quickstart(cls) -> "Setting":
        """The quickstart's data, teacher and signals; made once, then found in the cache."""
        config = load_config("quickstart")
        prepared = prepare(config)
        return cls(config, prepared, prepared.lesson.texts, config.distill)


class Distilled(nn.Module):
    """A student with its probes whose forward pass ends in the loss, as Trainer wants it."""

    def __init__(self, shell: Any, setting: Setting) -> None:
        super().__init__()
        self.student, self.lesson = shell, setting.prepared.lesson
        self.reader = Reader(shell)
        [stage] = recipe_of(setting.settings)
        sizes = Sizes.of(shell), Sizes.of_signals(self.lesson.signals)
        self.terms = [(term, term.heads(*sizes) if term.heads else None) for term in stage.terms]
        self.heads = nn.ModuleList(heads for _, heads in self.terms if heads is not None)

    def forward(self, input_ids: Tensor, attention_mask: Tensor, index: Tensor) -> dict[str, Any]:
        """The loss of a batch; `index` says which texts it holds."""
        batch = Batch(input_ids, attention_mask.bool(), index)
        out = self.student(batch.ids, batch.mask, output_hidden_states=True)
        step = Step(self.lesson, index.numpy(), Seen(self.reader, batch, out), 0, 1)
        return {"loss": sum(term.weighted(step, heads) for term, heads in self.terms)}


Way = Callable[[Any, Setting, int], Callable[[], object]]
"""From a fresh student, what it learns from and a seed to the training itself."""


def by_kdnas(student: Any, setting: Setting, seed: int) -> Callable[[], object]:
    """The library as it is."""
    lesson = replace(setting.prepared.lesson, texts=setting.texts)
    return lambda: distill(student, lesson, recipe_of(setting.settings), seed)


def by_trainer(student: Any, setting: Setting, seed: int) -> Callable[[], object]:
    """`transformers.Trainer`, configured for speed."""
    from transformers import DataCollatorWithPadding, Trainer, TrainingArguments

    s, texts = setting.settings, setting.texts
    rows = [
        {"input_ids": ids[:n].tolist(), "attention_mask": [1] * int(n), "index": i}
        for i, (ids, n) in enumerate(zip(texts.ids, texts.lengths, strict=True))
    ]
    grouped: dict[str, Any] = {"train_sampling_strategy": "group_by_length"}  # from 5.0 on
    arguments = TrainingArguments(
        str(Path(tempfile.gettempdir()) / "kdnas-distill-speed"),  # stays empty
        num_train_epochs=s.epochs,
        per_device_train_batch_size=s.batch_size,
        learning_rate=s.learning_rate,
        weight_decay=s.weight_decay,
        warmup_steps=round(s.warmup * s.epochs * math.ceil(len(rows) / s.batch_size)),
        max_grad_norm=s.clip,
        optim="adamw_torch_fused",
        **grouped,
        eval_strategy="no",
        save_strategy="no",
        logging_strategy="no",
        report_to=[],
        disable_tqdm=True,
        remove_unused_columns=False,
        dataloader_pin_memory=False,
        use_cpu=True,
        seed=seed,
    )
    collator = DataCollatorWithPadding(setting.prepared.tokenizer)
    model = Distilled(student, setting)
    return Trainer(model, arguments, data_collator=collator, train_dataset=rows).train


def by_plain_loop(student: Any, setting: Setting, seed: int) -> Callable[[], object]:
    """The loop that kdnas had: everything whole, everything at every step."""
    s, texts = setting.settings, setting.texts

    def train() -> None:
        torch.manual_seed(seed)
        model = Distilled(student, setting).train()
        rng = np.random.default_rng(seed)
        plan = epoch_plan(texts.lengths, s.batch_size, s.epochs, rng)
        steps, trained = sum(map(len, plan)), list(model.parameters())
        rising = max(round(s.warmup * steps), 1)
        optimiser = torch.optim.AdamW(
            trained, lr=s.learning_rate, weight_decay=s.weight_decay, fused=True
        )
        schedule = torch.optim.lr_scheduler.LambdaLR(
            optimiser,
            lambda step: min((step + 1) / rising, (steps - step) / max(steps - rising, 1)),
        )
        total = torch.zeros(())
        for batches in plan:
            for index in batches:
                batch = take(texts, index, CPU)
                loss = model(batch.ids, batch.mask, batch.index)["loss"]
                optimiser.zero_grad()
                loss.backward()
                nn.utils.clip_grad_norm_(trained, s.clip)
                optimiser.step()
                schedule.step()
                total += loss.detach()

    return train


def conv1d(x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    """Both convolutions of `kdnas.students.convolution` as torch offers them."""
    kernel, groups = weight.shape[2], x.shape[2] // weight.shape[1]
    mixed = F.conv1d(x.transpose(1, 2), weight, bias, padding=kernel // 2, groups=groups)
    return mixed.transpose(1, 2)


def with_conv1d(way: Way) -> Way:
    """`way` on students with torch's convolutions."""

    def other(student: Any, setting: Setting, seed: int) -> Callable[[], object]:
        train = way(student, setting, seed)

        def run() -> None:
            layers = "kdnas.students.layers"
            with (
                patch(f"{layers}.convolve", conv1d),
                patch(f"{layers}.convolve_depthwise", conv1d),
            ):
                train()

        return run

    return other


WAYS: dict[str, Way] = {
    "kdnas": by_kdnas,
    "trainer": by_trainer,
    "plain": by_plain_loop,
    "trainer with conv1d": with_conv1d(by_trainer),
    "plain with conv1d": with_conv1d(by_plain_loop),
}
