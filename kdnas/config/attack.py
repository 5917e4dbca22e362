"""The section `attack`: the attack on every student."""

from collections.abc import Sequence
from typing import ClassVar

from kdnas.config.section import Count, PartsSection, part_of
from kdnas.records import ATTACKS, AttackMode, AttackSpec, Recipe, Resources, is_sentiment
from kdnas.registry import Registry

_NAMED = 5
"""Classes that a remark names."""


class AttackSettings(PartsSection):
    """The attack on every student; the settings of a recipe are in a table of its name.

    Attributes:
        recipe: `textfooler`, `deepwordbug`, `pruthi`, or one of your own as `module:name`.
        resources: `offline` (packages of the offline extra) or `textattack` (its own downloads).
        texts, report_texts: Texts attacked per student in the search and for the report; None
            attacks all of the split.
        query_budget: Most queries per text.
        mode: `lazy` comes to the outcomes of `exact` sooner, but does not count TextAttack's
            queries; with a query budget every attack is `exact`.
    """

    section: ClassVar[str] = "attack"
    parts: ClassVar[Registry[Recipe]] = ATTACKS

    recipe: part_of(ATTACKS) = "textfooler"  # type: ignore[valid-type]
    resources: Resources = "offline"
    texts: Count | None = None
    report_texts: Count | None = None
    query_budget: Count | None = None
    mode: AttackMode = "lazy"

    def spec(self, *, sentiment: bool, seed: int) -> AttackSpec:
        """The attack on a task, with the seed of recipes that draw."""
        return AttackSpec(
            recipe=self.recipe,
            settings=self.table(self.recipe),
            resources=self.resources,
            query_budget=self.query_budget,
            mode=self.mode,
            seed=seed,
            sentiment=sentiment,
        )

    def remark(self, classes: Sequence[str], polarity: str | None = None) -> str:
        """What has to be said of the attack on texts of these classes; "" for nothing.

        Args:
            classes: Their names in the data.
            polarity: What the setting of this name is called after --set; by default as in a run.
        """
        decided = self.spec(sentiment=True, seed=0) == self.spec(sentiment=False, seed=0)
        if decided or is_sentiment(classes):
            return ""
        named = ", ".join(classes[:_NAMED]) + (", ..." if len(classes) > _NAMED else "")
        option = f"--set {polarity or f'attack.{self.recipe}.polarity'}"
        return (
            f"the classes {named} are not known as sentiments, so a word may give way to one of the"
            f" opposite sentiment: {option}=on refuses that, {option}=off ends this remark"
        )
