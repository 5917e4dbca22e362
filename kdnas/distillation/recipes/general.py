"""The general form: logits, answers, states, attention and embedding (Guo 2021, section 2)."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from kdnas.distillation.follow import followed_layers
from kdnas.distillation.lesson import ATTENTION, LIVE
from kdnas.distillation.recipe import Recipe, Stage, Step, Term, counting
from kdnas.distillation.terms import logits, projection, soft
from kdnas.methods import GeneralSettings
from kdnas.training import Schedule


def recipe(schedule: Schedule, settings: GeneralSettings) -> Recipe:
    """Return the stage of L = l1 logits + l2 KD + l3 states + l4 attention + l5 embedding."""

    def followed(own: int, teacher: int) -> list[int]:
        return list(followed_layers(settings.layer_map, own, teacher))

    def hidden(step: Step, to_teacher: nn.Module) -> Tensor:
        own, teacher = torch.stack(step.states, dim=1), step.signal("states")
        layers = followed(own.shape[1], teacher.shape[1] - 1)
        return F.mse_loss(to_teacher(own), teacher[:, layers])

    def attention(step: Step) -> Tensor:
        own, teacher = step.own.attentions, step.live.attentions
        layers = [layer - 1 for layer in followed(own.shape[1], teacher.shape[1])]
        real = step.own.mask[:, None, :, None]  # what padding attends to means nothing
        squared = (own - teacher[:, layers]).square() * real
        return squared.sum() / (real.sum() * own.shape[1] * own.shape[-1])

    def embedding(step: Step, to_teacher: nn.Module) -> Tensor:
        return F.mse_loss(to_teacher(step.own.embedded), step.signal("states")[:, 0])

    terms = counting(
        Term(logits, settings.logit_weight, ("logits",)),
        Term(soft(settings.temperature), settings.class_weight, ("logits",)),
        Term(hidden, settings.hidden_weight, ("states",), projection),
        Term(attention, settings.attention_weight, (LIVE, ATTENTION)),
        Term(embedding, settings.embedding_weight, ("states",), projection),
    )
    return (Stage(terms, schedule),)
