"""Distillation: a student learns from a teacher by a recipe of weighted terms.

    settings -> recipe (stages of terms) -> needs -> signals of the teacher -> distill -> student

- `recipe_of`: the stages of a configured method (`kdnas.methods`); `recipes/` holds those of kdnas,
  and `shortened` takes fewer epochs;
- `Recipe`, `Stage`, `Term`, `Step`: what a recipe consists of, and what a term sees of one batch;
- `needs_of`, `signals_of`: what a recipe asks for; `LIVE` asks for the teacher itself;
- `Rewriter`, `Generator`, `Masked`, `Words`, `hide`, `word_logits`, `soft_tokens`: a masked
  language model that rewrites texts against a student, and how models read its words;
- `Seen`, `Reader`, `Sizes`: any student or teacher as a term sees it;
- `hard_loss`, `kd_loss`, `probe_loss`, `logit_loss`, `patient_loss`: the losses, as free functions
  of tensors; `hard`, `soft`, `logits`: terms made of them, `counting` leaves out those of weight 0;
- `StudentProbes`: classifiers on the layers of a student, trained along and thrown away;
- `followed_layers`, `bucketed_layers`: which layer or layers of the teacher each layer of the
  student follows, by rule;
- `Lesson`, `distill`: texts, labels and signals; and the one function that trains;
- `chain_of`, `teach`: who is trained before a student, and a student after its own generations;
  `rank_shares`, `learned_shares`: how often each teacher of a team is drawn.
"""

from kdnas.distillation.buckets import bucketed_layers
from kdnas.distillation.follow import RULES, followed_layers
from kdnas.distillation.generations import joined, teach
from kdnas.distillation.generator import (
    Generator,
    Masked,
    Rewriter,
    Words,
    hide,
    soft_tokens,
    word_logits,
)
from kdnas.distillation.lesson import (
    ATTACKED,
    ATTENTION,
    AUGMENTED,
    GENERATOR,
    LIVE,
    NEIGHBOURS,
    TEAM_LOGITS,
    TEAM_SCORES,
    FurtherTexts,
    Lesson,
)
from kdnas.distillation.losses import (
    attended_loss,
    hard_loss,
    kd_loss,
    layer_attention,
    logit_loss,
    patient_loss,
    probe_loss,
    smoothed_loss,
    team_loss,
)
from kdnas.distillation.probes import StudentProbes
from kdnas.distillation.recipe import (
    Recipe,
    Stage,
    Step,
    Term,
    chain_of,
    counting,
    needs_of,
    recipe_of,
    schedule_of,
    shortened,
    signals_of,
)
from kdnas.distillation.seen import Reader, Seen, Sizes
from kdnas.distillation.shares import rank_shares
from kdnas.distillation.team_weights import learned_shares
from kdnas.distillation.terms import hard, logits, projection, soft
from kdnas.distillation.train import distill

__all__ = [
    "ATTACKED",
    "ATTENTION",
    "AUGMENTED",
    "GENERATOR",
    "LIVE",
    "NEIGHBOURS",
    "RULES",
    "TEAM_LOGITS",
    "TEAM_SCORES",
    "FurtherTexts",
    "Generator",
    "Lesson",
    "Masked",
    "Reader",
    "Recipe",
    "Rewriter",
    "Seen",
    "Sizes",
    "Stage",
    "Step",
    "StudentProbes",
    "Term",
    "Words",
    "attended_loss",
    "bucketed_layers",
    "chain_of",
    "counting",
    "distill",
    "followed_layers",
    "hard",
    "hard_loss",
    "hide",
    "joined",
    "kd_loss",
    "layer_attention",
    "learned_shares",
    "logit_loss",
    "logits",
    "needs_of",
    "patient_loss",
    "probe_loss",
    "projection",
    "rank_shares",
    "recipe_of",
    "schedule_of",
    "shortened",
    "signals_of",
    "smoothed_loss",
    "soft",
    "soft_tokens",
    "teach",
    "team_loss",
    "word_logits",
]
