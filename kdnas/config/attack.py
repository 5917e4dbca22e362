"""The section `attack`: the attack on every student."""

from typing import Annotated, Literal

from pydantic import Field

from kdnas.config.section import Count, Section
from kdnas.records import AttackMode, Resources


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
