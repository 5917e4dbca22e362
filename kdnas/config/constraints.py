"""The section `constraints`: what a student must keep to."""

from typing import Literal

from kdnas.config.section import Section, Share, Size


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
    max_parameters: Size | None = None
    max_flops: Size | None = None
