"""The terms of the distillation loss; teacher tensors are constants."""

from typing import Literal

import torch
from torch import Tensor
from torch.nn import functional as F


def hard_loss(logits: Tensor, truth: Tensor) -> Tensor:
    """Loss with true labels: cross entropy of classes, squared error of numbers.

    Args:
        logits: (batch, classes), or (batch, 1) for numbers.
        truth: Class numbers, or floating-point numbers, (batch,).

    Returns:
        A scalar, in nats or in squares of the number.
    """
    if truth.is_floating_point():
        return F.mse_loss(logits.squeeze(-1), truth)
    return F.cross_entropy(logits, truth)


def kd_loss(
    student_logits: Tensor,
    teacher_logits: Tensor,
    temperature: float,
    direction: Literal["forward", "reverse"] = "forward",
) -> Tensor:
    """Traditional knowledge distillation, t^2 KL(p_T || p_S) with p = softmax(z / t).

    Guo 2021, eq. 1, which writes KL(student, teacher): read as the order of arguments of torch's
    `kl_div`. Averaged over the batch, summed over classes; 0 for equal logits. Where a single
    number is predicted, it is the squared error of that: one class has no divergence.

    Args:
        student_logits: (batch, classes).
        teacher_logits: (batch, classes).
        temperature: t.
        direction: `reverse` gives t^2 KL(p_S || p_T).

    Returns:
        A scalar, in nats times t^2.
    """
    if student_logits.shape[-1] == 1:
        return logit_loss(student_logits, teacher_logits)
    student = F.log_softmax(student_logits / temperature, dim=-1)
    teacher = F.log_softmax(teacher_logits.detach() / temperature, dim=-1)
    first, second = (student, teacher) if direction == "forward" else (teacher, student)
    return temperature**2 * F.kl_div(first, second, reduction="batchmean", log_target=True)


def probe_loss(student_logits: Tensor, teacher_logits: Tensor, temperature: float = 1.0) -> Tensor:
    """Cross entropy of the student's probes with the teacher's, summed over blocks.

    sum_b mean_batch H(softmax(z_T,b / t), softmax(z_S,b / t)) (Guo 2021, section 5.4). At its
    smallest it is the entropy of the teacher's probes. Probes of a number have its squared error.

    Args:
        student_logits: (batch, probes, classes).
        teacher_logits: Of the layers that the blocks follow, (batch, probes, classes).
        temperature: t.

    Returns:
        A scalar in nats.
    """
    if student_logits.shape[-1] == 1:
        return (student_logits - teacher_logits.detach()).square().sum(dim=(1, 2)).mean()
    target = F.softmax(teacher_logits.detach() / temperature, dim=-1)
    log_student = F.log_softmax(student_logits / temperature, dim=-1)
    return -(target * log_student).sum(dim=(1, 2)).mean()


def logit_loss(student_logits: Tensor, teacher_logits: Tensor) -> Tensor:
    """Mean squared error of the logits over batch and classes (Guo 2021, section 6.1).

    Args:
        student_logits: (batch, classes).
        teacher_logits: (batch, classes).

    Returns:
        A scalar in squared logits.
    """
    return F.mse_loss(student_logits, teacher_logits.detach())


def smoothed_loss(logits: Tensor, truth: Tensor, smoothing: float) -> Tensor:
    """Cross entropy with the target (1 - s) q + s u, u even over the classes (Szegedy 2016).

    Args:
        logits: (batch, classes).
        truth: Class numbers, (batch,).
        smoothing: s.

    Returns:
        A scalar in nats.
    """
    return F.cross_entropy(logits, truth, label_smoothing=smoothing)


def patient_loss(student: Tensor, teacher: Tensor) -> Tensor:
    """Mean squared difference of the states that stand for a text, each scaled to length 1.

    Sun 2019, eq. 7, but the mean over texts, layers and features; at most 4 / width.

    Args:
        student: (texts, layers, width).
        teacher: Of the layers that these follow, (texts, layers, width).

    Returns:
        A scalar; 0 without layers.
    """
    if not student.numel():
        return student.new_zeros(())
    return F.mse_loss(F.normalize(student, dim=-1), F.normalize(teacher.detach(), dim=-1))


def layer_attention(student: Tensor, teacher: Tensor, allowed: Tensor, scale: bool) -> Tensor:
    """How much each layer of the student attends to those of the teacher (Passban 2021).

    softmax_k(h_S^j . h_T^k) over the allowed k.

    Args:
        student: (texts, layers, width).
        teacher: (texts, its layers, width).
        allowed: Which of the teacher's each may attend to, one at least, (layers, its layers).
        scale: Whether products are divided by the square root of the width.

    Returns:
        Rows of sum 1, (texts, layers, its layers).
    """
    products = student @ teacher.detach().transpose(1, 2)
    if scale:
        products = products / student.shape[-1] ** 0.5
    return products.masked_fill(~allowed, -torch.inf).softmax(dim=-1)


def attended_loss(student: Tensor, teacher: Tensor, allowed: Tensor, scale: bool = False) -> Tensor:
    """Mean squared error of each layer with the mean of the teacher's that it attends to.

    Passban 2021; the mean over texts, layers and features. Arguments as of `layer_attention`, from
    which gradients reach the student too.

    Returns:
        A scalar; 0 without layers.
    """
    if not student.numel():
        return student.new_zeros(())
    return F.mse_loss(student, layer_attention(student, teacher, allowed, scale) @ teacher.detach())


def team_loss(student: Tensor, teachers: Tensor, truth: Tensor, temperature: float) -> Tensor:
    """Cross entropy with every teacher of a team, less where that one is wrong (Wu 2021).

    mean_texts sum_i H(softmax(z_i / t), softmax(z_S / t)) / (1 + CE(y, z_i)). Where numbers are
    predicted, squared errors take the places of both.

    Args:
        student: Logits, (batch, classes).
        teachers: Logits of each, (batch, teachers, classes).
        truth: Class numbers, or floating-point numbers, (batch,).
        temperature: t.

    Returns:
        A scalar, in nats or in squares of the number.
    """
    teachers = teachers.detach()
    if truth.is_floating_point():
        followed = (student - teachers.squeeze(-1)).square()
        wrong = (teachers.squeeze(-1) - truth.unsqueeze(1)).square()
    else:
        shares = F.softmax(teachers / temperature, dim=-1)
        log_student = F.log_softmax(student / temperature, dim=-1)
        followed = -(shares * log_student.unsqueeze(1)).sum(dim=-1)
        labels = truth.unsqueeze(1).expand(-1, teachers.shape[1])
        wrong = F.cross_entropy(teachers.transpose(1, 2), labels, reduction="none")
    return (followed / (1 + wrong)).sum(dim=1).mean()
