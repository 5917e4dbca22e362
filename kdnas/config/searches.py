"""The sections that decide which students a search tries, and what is compared afterwards."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from kdnas.config.section import Count, Positive, PositiveShare, Section, Seed, Share
from kdnas.objectives import ObjectiveName
from kdnas.space import Repair


class SearchSettings(Section):
    """The search.

    Attributes:
        algorithm: `tournament` (the paper's GA), `nsga2`, `random_edits` or `random_uniform`.
        population: Individuals alive.
        evaluations: Students evaluated in all.
        patience: The tournament stops after so many students without a better fitness.
        tournament: Individuals in a tournament, k.
        batch: Children proposed at a time; it changes the search, so it never follows `--jobs`.
        crossover: Probability of a crossover before the mutation (nsga2 only).
        objectives: What nsga2 optimises, one to four.
        threads: Threads of one evaluation; part of the record, since it can change last digits.
        asynchronous: Whether a child is proposed whenever a worker is free, and every result told
            as it arrives; the order in which students end then decides about the search.
    """

    algorithm: Literal["tournament", "nsga2", "random_edits", "random_uniform"] = "tournament"
    population: Annotated[int, Field(ge=2)] = 100
    evaluations: Count = 2000
    patience: Count = 200
    tournament: Annotated[int, Field(ge=2)] = 2
    batch: Count = 8
    crossover: Share = 0.9
    repair: Repair = "reconnect"
    objectives: Annotated[tuple[ObjectiveName, ...], Field(min_length=1, max_length=4)] = (
        "accuracy",
        "robustness",
        "parameters",
    )
    seed: Seed = 0
    threads: Count = 1
    asynchronous: bool = False

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if len(set(self.objectives)) != len(self.objectives):
            raise ValueError(f"search.objectives = {list(self.objectives)}: name each once")
        if self.tournament > self.population:
            raise ValueError(
                f"search.tournament = {self.tournament} is more than "
                f"search.population = {self.population}"
            )
        return self


class ConstraintSettings(Section):
    """What a student must keep to.

    Attributes:
        accuracy_floor: Least accuracy; `auto` is the majority share plus a third of the teacher's
            margin over it, 0 is the literal paper.
        max_parameters: Most parameters; checked before training.
        max_flops: Most floating-point operations of one text of `student.max_length` tokens;
            checked before training.
    """

    accuracy_floor: Share | Literal["auto"] = "auto"
    max_parameters: Count | None = None
    max_flops: Count | None = None


class ReproduceSettings(Section):
    """What `kdnas reproduce` does besides its searches.

    Attributes:
        uniform: Students of the archive that is drawn uniformly, for figure 7.
        replicates: Trainings of every model that is compared, with seeds of their own.
        epochs: Of the students that are compared; None for `distill.epochs`.
        strength: Share of the training texts that adversarial training attacks.
        strengths: Further ones for PKD (figure 6a).
        adversarial_epochs: Epochs of adversarial training.
        patient_epochs: Epochs of PKD.
        patient_rate: Its learning rate.
        sweep_seeds: Searches in the recorded students for each weight of the fitness.
    """

    uniform: Count = 300
    replicates: Count = 3
    epochs: Count | None = None
    strength: PositiveShare = 0.25
    strengths: tuple[PositiveShare, ...] = (0.05, 0.1, 0.5, 1.0)
    adversarial_epochs: Count = 3
    patient_epochs: Count = 4
    patient_rate: Positive = 5e-5
    sweep_seeds: Count = 20
