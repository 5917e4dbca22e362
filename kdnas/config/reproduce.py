"""The section `reproduce`: what is compared after the searches."""

from kdnas.config.section import Count, PositiveShare, Section


class ReproduceSettings(Section):
    """What `kdnas reproduce` does besides its searches.

    Attributes:
        uniform: Students of the archive that is drawn uniformly, for figure 7.
        replicates: Trainings of every model that is compared, with seeds of their own.
        epochs: Of the students that are compared; None for `distill.epochs`.
        strength: Share of the training texts that adversarial training attacks.
        strengths: Further ones for PKD (figure 6a).
        sweep_seeds: Searches in the recorded students for each weight of the fitness.
    """

    uniform: Count = 300
    replicates: Count = 3
    epochs: Count | None = None
    strength: PositiveShare = 0.25
    strengths: tuple[PositiveShare, ...] = (0.05, 0.1, 0.5, 1.0)
    sweep_seeds: Count = 20
