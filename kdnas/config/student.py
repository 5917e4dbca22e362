"""The section `student`: what the paper leaves open about the networks."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from kdnas.config.section import Section
from kdnas.space import NetworkShape, Norm, OutAdapter


class StudentSettings(Section):
    """What the paper leaves open about the students, and the longest text they see (tokens)."""

    max_length: Annotated[int, Field(ge=8, le=512)] = 128
    positions: Annotated[int, Field(ge=8, le=65536)] = 512
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
