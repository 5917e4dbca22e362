"""Training one student from a teacher's cached signals."""

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor, nn

from kdnas.config import DistillSettings
from kdnas.distillation.losses import kd_loss, logit_loss, probe_loss
from kdnas.distillation.probes import StudentProbes, layer_map
from kdnas.students import Student, only_rows_of
from kdnas.teachers import Signals
from kdnas.training import EncodedTexts, Recipe, autocast, decay_groups, epoch_plan, fit, take


def distill(
    student: Student,
    texts: EncodedTexts,
    signals: Signals,
    settings: DistillSettings,
    seed: int,
) -> float:
    """Train `student` in place on the device it is on.

    L = 0.5 KD(t = 2) + 0.25 probes + 0.25 logit MSE by default (Guo 2021, section 6.1); true
    labels play no part.

    Args:
        student: A fresh student; it is left in eval mode.
        texts: The training texts.
        signals: The teacher on the same texts.
        settings: Epochs, rates and weights.
        seed: Decides the probes' start, dropout and the order of the texts.

    Returns:
        The mean loss of the last epoch.

    Raises:
        EvaluationFailed: The loss is not finite.
    """
    torch.manual_seed(seed)
    count = student.repeats if settings.probe_last else student.repeats - 1
    classes, width = student.classifier.weight.shape
    probes = StudentProbes(count, width, classes).to(student.classifier.weight.device)
    rng = np.random.default_rng(seed)
    plan = epoch_plan(texts.lengths, settings.batch_size, settings.epochs, rng)
    recipe = Recipe(settings.learning_rate, settings.weight_decay, settings.warmup, settings.clip)
    trained = nn.ModuleList([student, probes]).train()
    with only_rows_of(student.embedding, texts.ids) as rows:
        loss_of = _loss_of(student, probes, EncodedTexts(rows, texts.lengths), signals, settings)
        loss = fit(decay_groups(trained), plan, loss_of, recipe)
    student.eval()
    return loss


def _loss_of(
    student: Student,
    probes: StudentProbes,
    texts: EncodedTexts,
    signals: Signals,
    settings: DistillSettings,
) -> Callable[[np.ndarray], Tensor]:
    """The loss of the batch of `texts` at some positions."""
    device = student.classifier.weight.device
    layers = layer_map(student.repeats, signals.probe_logits.shape[1] - 1, settings.layer_map)
    followed = signals.probe_logits[:, layers[: len(probes.heads)]]
    teacher_logits = torch.from_numpy(signals.logits).to(device)
    teacher_probes = torch.from_numpy(followed).to(device)

    def loss_of(index: np.ndarray) -> Tensor:
        batch = take(texts, index, device)
        with autocast(device):
            logits, blocks = student(batch.ids, batch.mask)
            probed = probes(blocks, batch.mask)
        logits, target = logits.float(), teacher_logits[batch.index]
        kd = kd_loss(logits, target, settings.temperature, settings.kd_direction)
        probe = probe_loss(probed.float(), teacher_probes[batch.index], settings.probe_temperature)
        mse = logit_loss(logits, target)
        return settings.kd_weight * kd + settings.probe_weight * probe + settings.logit_weight * mse

    return loss_of
