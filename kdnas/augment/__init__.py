"""Texts that are made for training, beside those of the task.

- `adversarial_examples`: what fools a model among training texts, of which `attacked_share` draws
  some;
- `with_examples`: joins them to the originals;
- `augmented_texts`: texts in which words became others, by augmenters with their `Sources`;
- `nearest_texts`: the nearest of a pool that nobody has labelled.
"""

from kdnas.augment.adversarial import adversarial_examples, attacked_share, with_examples
from kdnas.augment.augmenters import Sources, augmented_texts, require_words, words_identity
from kdnas.augment.masked import WordModel
from kdnas.augment.neighbours import nearest_texts

__all__ = [
    "Sources",
    "WordModel",
    "adversarial_examples",
    "attacked_share",
    "augmented_texts",
    "nearest_texts",
    "require_words",
    "with_examples",
    "words_identity",
]
