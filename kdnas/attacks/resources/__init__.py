"""What an attack knows of language, from packages and files: loaded once per process.

- `AttackResources`, `load_resources`: what a spec needs;
- `WordVectors`: words as vectors with their neighbours, of offline packages (vectors) or the
  counter-fitted ones (counter_fitted, with cosines, plain_pickle);
- `Encoder`: texts to vectors that say how near they are in meaning; `MiniLM` is the offline one,
  `UniversalSentenceEncoder` that of the paper (use);
- `RoughEncoder`: an encoder's quick twin, where the machine has one (`rough_twin`);
- `word_classes`, `classes_agree`, `polarity_agrees`: what is told of words without their context;
  `tags_agree`: of words in it (tagger);
- `stopwords`: the words that a recipe never changes.
"""

from kdnas.attacks.resources.encoder import Encoder, MetricName, MiniLM
from kdnas.attacks.resources.load import AttackResources, load_resources
from kdnas.attacks.resources.rough import RoughEncoder, rough_twin
from kdnas.attacks.resources.stopwords import stopwords
from kdnas.attacks.resources.tagger import tagger_identity, tags_agree
from kdnas.attacks.resources.use import UniversalSentenceEncoder
from kdnas.attacks.resources.vectors import NO_VECTORS, WordVectors
from kdnas.attacks.resources.words import (
    CLASS_PACKAGES,
    classes_agree,
    polarity_agrees,
    word_classes,
)

__all__ = [
    "CLASS_PACKAGES",
    "NO_VECTORS",
    "AttackResources",
    "Encoder",
    "MetricName",
    "MiniLM",
    "RoughEncoder",
    "UniversalSentenceEncoder",
    "WordVectors",
    "classes_agree",
    "load_resources",
    "polarity_agrees",
    "rough_twin",
    "stopwords",
    "tagger_identity",
    "tags_agree",
    "word_classes",
]
