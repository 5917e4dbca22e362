"""Texts that are made for training, beside those of the task.

- `adversarial_examples`: what fools a model among training texts, of which `attacked_share` draws
  some;
- `with_examples`: joins them to the originals.
"""

from kdnas.augment.adversarial import adversarial_examples, attacked_share, with_examples

__all__ = ["adversarial_examples", "attacked_share", "with_examples"]
