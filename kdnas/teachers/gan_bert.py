"""GAN-BERT (Croce 2020): a teacher that learns from texts without labels, against a generator."""

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from kdnas.config import TeacherSettings
from kdnas.errors import UserError
from kdnas.students import HiddenHead, HiddenHeadForSequenceClassification, class_layer
from kdnas.teachers.head import few_tokens

UNLABELLED = -1
"""Stands for the label of a text that has none."""

NOISE = 100
"""Numbers that a vector of the generator is made from, each uniform in [0, 1]."""

_EPS = 1e-8


def supervised_loss(logits: Tensor, labels: Tensor) -> Tensor:
    """Return the mean cross-entropy of the texts with a label; 0 where there is none.

    Args:
        logits: Of all classes, the last of them "fake", (batch, classes + 1). That one takes no
            part in the softmax.
        labels: Class numbers, or `UNLABELLED`, (batch,).
    """
    total = F.cross_entropy(logits[:, :-1], labels, ignore_index=UNLABELLED, reduction="sum")
    return total / (labels != UNLABELLED).sum().clamp(min=1)


def taken_for_real_loss(logits: Tensor) -> Tensor:
    """Return -mean log(1 - q), q the probability of "fake"."""
    return -torch.log(1 - _fake(logits) + _EPS).mean()


def taken_for_fake_loss(logits: Tensor) -> Tensor:
    """Return -mean log q, q the probability of "fake"."""
    return -torch.log(_fake(logits) + _EPS).mean()


def feature_loss(real: Tensor, fake: Tensor) -> Tensor:
    """Return the mean squared difference of the mean features, (texts, width) each."""
    return F.mse_loss(fake.mean(dim=0), real.mean(dim=0))


def _fake(logits: Tensor) -> Tensor:
    return logits.softmax(dim=-1)[:, -1]


class Discriminator(HiddenHead):
    """A head that tells further classes apart beside those of the task.

    While it is trained it gives all logits and, beside them, the features that they are made from;
    else the logits of the task's classes. A transformer with such a head reads its vector for a
    text wherever it does so anyway.

    Args:
        width: Of the vectors.
        classes: Of the task.
        others: Further ones, the last of which is "fake".
    """

    def __init__(self, width: int, classes: int, others: int) -> None:
        super().__init__(width, classes + others)
        self.classes = classes
        self.entrance = nn.Dropout(0.1)

    def forward(self, input: Tensor) -> Tensor:  # as torch names it
        """Logits and features, (..., all classes + width), or logits, (..., classes)."""
        features = self.hidden(input)
        logits = F.linear(features, self.weight, self.bias)
        return torch.cat([logits, features], -1) if self.training else logits[..., : self.classes]

    def of_made(self, vectors: Tensor) -> tuple[Tensor, Tensor]:
        """Logits and features of a generator's vectors; a transformer drops out its own."""
        return self.told(self(self.entrance(vectors)))

    def told(self, given: Tensor) -> tuple[Tensor, Tensor]:
        """Logits and features, float32, of what `forward` gives in training."""
        logits = self.out_features
        return given[:, :logits].float(), given[:, logits:].float()

    def of_the_task(self) -> HiddenHead:
        """The head without the further classes."""
        head = HiddenHead(self.in_features, self.classes)
        state = self.state_dict()
        own = {"weight": self.weight[: self.classes], "bias": self.bias[: self.classes]}
        head.load_state_dict({**state, **own})
        return head.to(self.weight.device)


class Generator(nn.Sequential):
    """Makes vectors that look like those of texts from noise.

    Args:
        width: Of the vectors.
    """

    def __init__(self, width: int) -> None:
        first, last = nn.Linear(NOISE, width), nn.Linear(width, width)
        super().__init__(first, nn.LeakyReLU(0.2), nn.Dropout(0.1), last)

    def drawn(self, vectors: int) -> Tensor:
        """So many vectors, (vectors, width)."""
        made: Tensor = self(torch.rand(vectors, NOISE, device=next(self.parameters()).device))
        return made


class GanBert:
    """The game of one training: a transformer with its discriminator against a generator.

    Each loss moves its own player alone: the generator has an optimiser of its own, whose gradients
    are taken of its weights only, and what it makes reaches the discriminator's loss detached.

    Args:
        model: A classifier with the task's classes; its last layer becomes the discriminator.
        settings: Of the teacher; the generator learns at its rate, which stays.

    Raises:
        UserError: The model's head is of no known kind.
    """

    def __init__(self, model: Any, settings: TeacherSettings) -> None:
        place = class_layer(model)
        if place is None:
            raise _no_head(settings.model)
        layer = model.get_submodule(place)
        width, others = layer.in_features, 2 if settings.unk_class else 1
        self.discriminator = Discriminator(width, layer.out_features, others).to(model.device)
        self.generator = Generator(width).to(model.device)
        self.model, self.weight, self._place = model, settings.unsupervised_weight, place
        model.set_submodule(place, self.discriminator)
        with torch.no_grad():
            given = model.train()(input_ids=few_tokens(model)).logits
        if given.shape[1:] != (layer.out_features + others + width,):
            raise _no_head(settings.model)
        self._optimiser = torch.optim.AdamW(
            self.generator.parameters(), settings.learning_rate, weight_decay=settings.weight_decay
        )

    def loss(self, given: Tensor, labels: Tensor) -> Tensor:
        """The loss of transformer and discriminator on a batch; the generator makes its own step.

        Args:
            given: What the model gives in training, see `Discriminator.told`.
            labels: Class numbers, or `UNLABELLED`, (batch,).
        """
        logits, features = self.discriminator.told(given)
        supervised = supervised_loss(logits, labels)
        if not self.weight:
            return supervised
        vectors = self.generator.drawn(len(labels))
        slopes = self.generator_slopes(vectors, features.detach())
        fakes, _ = self.discriminator.of_made(vectors.detach())
        unsupervised = taken_for_real_loss(logits) + taken_for_fake_loss(fakes)
        self._step(slopes)
        return supervised + self.weight * unsupervised

    def generator_slopes(self, vectors: Tensor, real: Tensor) -> tuple[Tensor, ...]:
        """The gradients of the generator's loss by its weights.

        Args:
            vectors: What it has made, (vectors, width).
            real: Features of texts, (texts, width).
        """
        fakes, features = self.discriminator.of_made(vectors)
        loss = taken_for_real_loss(fakes) + feature_loss(real, features)
        return torch.autograd.grad(loss, tuple(self.generator.parameters()))

    def _step(self, slopes: tuple[Tensor, ...]) -> None:
        for weight, slope in zip(self.generator.parameters(), slopes, strict=True):
            weight.grad = slope
        self._optimiser.step()

    def finished(self) -> HiddenHeadForSequenceClassification:
        """The teacher without the generator and without the classes that are not the task's."""
        self.model.set_submodule(self._place, self.discriminator.of_the_task())
        return HiddenHeadForSequenceClassification.holding(self.model)


def _no_head(name: str) -> UserError:
    return UserError(
        f"teacher {name} has a head of no known kind, which a GAN-BERT would exchange: set"
        " teacher.method=finetune, or name a model whose head ends in a linear layer"
    )
