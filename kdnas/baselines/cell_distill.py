"""Training a student of AdaBERT's cells from a teacher's cached signals (Chen 2020)."""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from kdnas.baselines.cell_losses import readout_loss
from kdnas.baselines.cell_student import CellStudent
from kdnas.config import DistillSettings
from kdnas.students import only_rows_of
from kdnas.teachers import Signals
from kdnas.training import EncodedTexts, Recipe, autocast, decay_groups, epoch_plan, fit, take

GAMMA = 0.8
"""Share of the teacher in the loss."""


def distil_cells(
    student: CellStudent,
    texts: EncodedTexts,
    labels: Sequence[int],
    signals: Signals,
    settings: DistillSettings,
    seed: int,
    gamma: float = GAMMA,
) -> float:
    """Train `student` in place on the device it is on, with the loss of `readout_loss`.

    Args:
        student: A fresh student; it is left in eval mode.
        texts: The training texts.
        labels: Their true classes.
        signals: The teacher on the same texts.
        settings: Epochs and rates; the weights of RoSearch's loss have no part here.
        seed: Decides dropout and the order of the texts.
        gamma: Share of the teacher in the loss.

    Returns:
        The mean loss of the last epoch.

    Raises:
        EvaluationFailed: The loss is not finite.
    """
    torch.manual_seed(seed)
    device = student.classifier.weight.device
    truth = torch.tensor(labels, device=device)
    probes = torch.from_numpy(signals.probe_logits).to(device)
    rng = np.random.default_rng(seed)
    plan = epoch_plan(texts.lengths, settings.batch_size, settings.epochs, rng)
    recipe = Recipe(settings.learning_rate, settings.weight_decay, settings.warmup, settings.clip)
    student.train()
    with only_rows_of(student.embedding, texts.ids) as rows:
        few = EncodedTexts(rows, texts.lengths)

        def loss_of(index: np.ndarray) -> Tensor:
            batch = take(few, index, device)
            with autocast(device):
                readouts = student(batch.ids, batch.mask)[1]
            return readout_loss(readouts.float(), probes[batch.index], truth[batch.index], gamma)

        loss = fit(decay_groups(student), plan, loss_of, recipe)
    student.eval()
    return loss
