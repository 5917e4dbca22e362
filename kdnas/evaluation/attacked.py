"""The attacked form of the training texts, for methods that show it to students."""

import json
from dataclasses import replace
from typing import Any

import numpy as np

from kdnas.attacks import Attacker, ModelVictim
from kdnas.augment import adversarial_examples, attacked_share
from kdnas.cache import cached_arrays, fingerprint, made_by_one
from kdnas.distillation import ATTACKED, Recipe, needs_of
from kdnas.records import AttackSpec, Text, as_read, written
from kdnas.tasks import Task
from kdnas.teachers import Teacher
from kdnas.training import choose_device


def attacked_texts(
    recipe: Recipe, settings: Any, spec: AttackSpec, teacher: Teacher, task: Task
) -> tuple[Text, ...] | None:
    """Every training text, those that fool the teacher in their attacked form.

    They are made once and kept.

    Args:
        recipe: What they are for.
        settings: Of its method; its `strength` is the share that is attacked, without one it is 1.
        spec: The attack.
        teacher: The model that is attacked.
        task: The texts.

    Returns:
        None where the recipe has no use for them.
    """
    if ATTACKED not in needs_of(recipe):
        return None
    spec, strength = replace(spec, mode="lazy"), getattr(settings, "strength", 1.0)
    part = fingerprint(
        teacher=teacher.identity, task=task.fingerprint, attack=spec.digest, strength=strength
    )
    name = f"attacked-{part}"

    def make() -> dict[str, np.ndarray]:
        network, tokenizer = teacher.load(choose_device()), teacher.tokenizer()
        victim = ModelVictim.of_classifier(network, tokenizer, teacher.max_length, task.pairs)
        chosen = attacked_share(len(task.train), strength, spec.seed)
        found = adversarial_examples(Attacker(spec), victim, task.train, chosen)
        content = json.dumps({i: written(text) for i, text in found.items()}).encode()
        return {"texts": np.frombuffer(content, dtype=np.uint8)}

    with made_by_one(name):
        kept = cached_arrays(name, make)["texts"].tobytes()
    found = {int(i): as_read(text) for i, text in json.loads(kept).items()}
    return tuple(found.get(i, text) for i, text in enumerate(task.train.texts))
