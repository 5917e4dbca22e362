"""The sections that decide what a student is and how it is measured."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from kdnas.config.section import Count, NotNegative, Positive, Section, Seed, Share
from kdnas.records import AttackMode, Resources
from kdnas.space import NetworkShape, Norm, OutAdapter


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
    seed: Seed = 0
    max_overlap: Share = 0.01
    protocol: Literal["three-way", "paper"] = "three-way"


class TeacherSettings(Section):
    """The teacher: a hub id, a folder, or `offline:minilm`, and how it is fine-tuned and probed."""

    model: str = "offline:minilm"
    epochs: Annotated[int, Field(ge=0)] = 3
    learning_rate: Positive = 2e-5
    batch_size: Count = 32
    weight_decay: NotNegative = 0.01
    warmup: Share = 0.1
    probe_epochs: Count = 4
    probe_learning_rate: Positive = 5e-3
    seed: Seed = 0


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
    weight_decay: NotNegative = 0.01
    warmup: Share = 0.1
    clip: Positive = 1.0
    kd_weight: NotNegative = 0.5
    probe_weight: NotNegative = 0.25
    logit_weight: NotNegative = 0.25
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
