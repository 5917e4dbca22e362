"""The sections of a run configuration; every field has a default and a range."""

from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from kdnas.objectives import ObjectiveName, Weights
from kdnas.records import AttackMode, Resources
from kdnas.space import NetworkShape, Norm, OutAdapter, Repair, SearchSpace

Count = Annotated[int, Field(ge=1)]
Share = Annotated[float, Field(ge=0, le=1)]
Positive = Annotated[float, Field(gt=0)]
PositiveShare = Annotated[float, Field(gt=0, le=1)]


class Section(BaseModel):
    """A closed, immutable group of settings."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class TaskSettings(Section):
    """The data.

    Attributes:
        name: `rotten_tomatoes` or `bbc_news` (offline extra), a hub id such as `glue/sst2`, or a
            path to a TSV, CSV, JSON Lines or Parquet file or a folder.
        path: Where the rows of `name` are read from instead of the hub: a file, a folder that
            `save_to_disk` wrote, or one with files such as `train.tsv` and `dev.tsv`.
        validation: For a local path: a second one that search-val and report-val are taken from.
        text_column, label_column: Columns of hub and local data.
        train, search, report: Most texts of each split; None takes all there are.
        seed: Seed of the split.
        max_overlap: Largest share of validation texts whose 4-grams all occur in the training
            text; above it the task is refused, because its validation was cut from its training.
        protocol: `three-way` keeps report-val apart; `paper` selects and reports on one split.
    """

    name: str = "rotten_tomatoes"
    path: str | None = None
    validation: str | None = None
    text_column: str | None = None
    label_column: str = "label"
    train: Count | None = None
    search: Count | None = None
    report: Count | None = None
    seed: Annotated[int, Field(ge=0)] = 0
    max_overlap: Share = 0.01
    protocol: Literal["three-way", "paper"] = "three-way"


class TeacherSettings(Section):
    """The teacher: a hub id, a folder, or `offline:minilm`, and how it is fine-tuned and probed."""

    model: str = "offline:minilm"
    epochs: Annotated[int, Field(ge=0)] = 3
    learning_rate: Positive = 2e-5
    batch_size: Count = 32
    weight_decay: Annotated[float, Field(ge=0)] = 0.01
    warmup: Share = 0.1
    probe_epochs: Count = 4
    probe_learning_rate: Positive = 5e-3
    seed: Annotated[int, Field(ge=0)] = 0


class StudentSettings(Section):
    """What the paper leaves open about the students, and the longest text they see (tokens)."""

    max_length: Annotated[int, Field(ge=8, le=512)] = 128
    positions: Annotated[int, Field(ge=8)] = 512
    norm: Norm = "block"
    out_adapter: OutAdapter = "linear"
    share_blocks: bool = False
    dropout: Annotated[float, Field(ge=0, lt=1)] = 0.1
    emb_init: Literal["teacher_pca", "random"] = "teacher_pca"

    def shape(self, vocabulary: int, classes: int) -> NetworkShape:
        """What the students' sizes depend on besides their architectures."""
        return NetworkShape(
            vocabulary=vocabulary,
            classes=classes,
            positions=self.positions,
            norm=self.norm,
            out_adapter=self.out_adapter,
            share_blocks=self.share_blocks,
        )

    @model_validator(mode="after")
    def _positions_suffice(self) -> Self:
        if self.positions < self.max_length:
            raise ValueError(
                f"student.positions = {self.positions} is less than "
                f"student.max_length = {self.max_length}; raise one or lower the other"
            )
        return self


class DistillSettings(Section):
    """The distillation of one student.

    Attributes:
        kd_weight, probe_weight, logit_weight: Weights of the three loss terms.
        temperature: Of the KD term.
        kd_direction: `forward` is KL(teacher || student), `reverse` the other way round.
        layer_map: Which teacher layer a block's probe follows: `ceil` (b L / R, rounded up) or
            `stride` (b times L / R, rounded down).
        probe_last: Whether the last block has a probe besides the classifier.
        clip: Largest norm of the gradient.
        warmup: Share of the steps in which the learning rate rises; then it falls to 0.
    """

    epochs: Count = 15
    learning_rate: Positive = 5e-4
    batch_size: Count = 32
    weight_decay: Annotated[float, Field(ge=0)] = 0.01
    warmup: Share = 0.1
    clip: Positive = 1.0
    kd_weight: Annotated[float, Field(ge=0)] = 0.5
    probe_weight: Annotated[float, Field(ge=0)] = 0.25
    logit_weight: Annotated[float, Field(ge=0)] = 0.25
    temperature: Positive = 2.0
    kd_direction: Literal["forward", "reverse"] = "forward"
    probe_temperature: Positive = 1.0
    probe_last: bool = True
    layer_map: Literal["ceil", "stride"] = "ceil"


class AttackSettings(Section):
    """The attack on every student.

    Attributes:
        spec: `rosearch` (the paper's threshold) or `textattack` (the recipe's, a stronger attack).
        resources: `offline` (packages of the offline extra) or `textattack` (its own downloads).
        texts, report_texts: Texts attacked per student in the search and for the report; None
            attacks all of the split.
        vocabulary: Words of the offline vectors.
        polarity: Whether substitutes of another sentiment are refused; `auto` does so on
            sentiment tasks.
        query_budget: Most queries per text.
        mode: `lazy` comes to the outcomes of `exact` sooner, but does not count TextAttack's
            queries; a query budget needs `exact`.
    """

    spec: Literal["rosearch", "textattack"] = "rosearch"
    resources: Resources = "offline"
    texts: Count | None = None
    report_texts: Count | None = None
    vocabulary: Annotated[int, Field(ge=1000, le=400_000)] = 40_000
    polarity: Literal["auto", "on", "off"] = "auto"
    query_budget: Count | None = None
    mode: AttackMode = "lazy"


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
    seed: Annotated[int, Field(ge=0)] = 0
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


class WorkerSettings(Section):
    """How students are evaluated; a resumed run may change it, since it decides about no result.

    Attributes:
        timeout: Most seconds that a student may take; None for no limit.
        timeout_is_result: Whether a student that takes longer has failed. Otherwise the run pauses,
            because on a faster machine it would not have.
        gpus: GPUs of this machine, among which the processes of `--jobs` are divided; with more
            processes than GPUs several students share one.
    """

    timeout: Positive | None = None
    timeout_is_result: bool = False
    gpus: tuple[Annotated[int, Field(ge=0)], ...] = ()


class SlurmSettings(Section):
    """What every job of `--cluster slurm` asks for: one worker, one student at a time.

    Attributes:
        workers: Jobs that are kept running.
        partition, account: None for Slurm's default.
        time: Longest life of a job, such as "12:00:00"; a worker that ends is replaced.
        memory: Of a job, such as "8GB".
        cpus: Of a job; set `search.threads` to as many.
        gpus: Of a job.
        interface: Network interface on which workers reach the driver, such as "ib0".
        directives: Further lines of #SBATCH, such as "--constraint=a100".
        prologue: Lines of shell before the worker starts, such as "module load cuda".
        logs: Folder for the jobs' output.
    """

    workers: Count = 4
    partition: str | None = None
    account: str | None = None
    time: str = "12:00:00"
    memory: str = "8GB"
    cpus: Count = 1
    gpus: Annotated[int, Field(ge=0)] = 0
    interface: str | None = None
    directives: tuple[str, ...] = ()
    prologue: tuple[str, ...] = ()
    logs: str | None = None


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


class Config(Section):
    """A whole run."""

    task: TaskSettings = TaskSettings()
    teacher: TeacherSettings = TeacherSettings()
    space: SearchSpace = SearchSpace()
    student: StudentSettings = StudentSettings()
    distill: DistillSettings = DistillSettings()
    attack: AttackSettings = AttackSettings()
    search: SearchSettings = SearchSettings()
    fitness: Weights = Weights()
    constraints: ConstraintSettings = ConstraintSettings()
    workers: WorkerSettings = WorkerSettings()
    slurm: SlurmSettings = SlurmSettings()
    reproduce: ReproduceSettings = ReproduceSettings()
