"""`kdnas transfer`: what fools one classifier, shown to others."""

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from kdnas.cli.attack_output import print_spec, say_numbers, say_remark, warn_of_reference
from kdnas.cli.options import JsonOption
from kdnas.cli.victims import (
    DataOption,
    LabelColumnOption,
    OutOption,
    PremiseOption,
    RecipeOption,
    RecipeSetOption,
    ResourcesOption,
    TextColumnOption,
    TextsOption,
    attack_settings,
    open_victim,
    read_texts,
    require_attack,
    require_usable,
)

if TYPE_CHECKING:
    from kdnas.attacks import ModelVictim
    from kdnas.records import AttackSpec
    from kdnas.tasks import Split

_ROOM = 32
"""Characters of a path in the matrix."""


def transfer(
    models: Annotated[list[Path], typer.Argument(metavar="DIR...", help="Saved classifiers.")],
    data: DataOption,
    texts: TextsOption = None,
    text_column: TextColumnOption = None,
    premise_column: PremiseOption = None,
    label_column: LabelColumnOption = "label",
    recipe: RecipeOption = "textfooler",
    overrides: RecipeSetOption = None,
    resources: ResourcesOption = "offline",
    out: OutOption = None,
    as_json: JsonOption = False,
) -> None:
    """Attack each classifier and show the texts that fooled it to all of them: a matrix.

    A line is the model that was fooled, a column the model that reads the texts; the value is how
    often that one is right, in percent.

    Example: kdnas transfer student teacher --data texts.tsv --texts 100
    """
    from kdnas.cli.beforehand import require_cache
    from kdnas.cli.output import put_out
    from kdnas.errors import UserError
    from kdnas.records import is_sentiment
    from kdnas.tasks import Columns

    if len({folder.resolve() for folder in models}) < max(2, len(models)):
        raise UserError("a matrix needs two classifiers or more, each named once")
    settings = attack_settings(recipe, overrides or [], resources=resources, mode="lazy")
    require_usable(out, models)
    require_cache()
    require_attack(settings)
    labelled = read_texts(data, Columns(text_column, premise_column, label_column), models)
    warn_of_reference(recipe)
    from kdnas.training import quiet_libraries

    quiet_libraries()
    opened = {str(folder): open_victim(folder, labelled.pairs) for folder in models}
    names = _common_classes({name: classes for name, (_, classes) in opened.items()})
    victims = {name: victim for name, (victim, _) in opened.items()}
    split = labelled.among(names).head(texts)
    say_numbers(labelled.labels, names)
    say_remark("attack", settings.remark(labelled.classes, "polarity"))
    spec = settings.spec(sentiment=is_sentiment(labelled.classes), seed=0)
    records = _matrix(victims, split, spec)
    put_out(records, out, as_json, partial(_print_matrix, list(victims), records, spec))


def _matrix(
    victims: "dict[str, ModelVictim]", split: "Split", spec: "AttackSpec"
) -> list[dict[str, Any]]:
    """A record for each pair of a surrogate and a target."""
    from kdnas.analysis import spec_record
    from kdnas.attacks import Attacker
    from kdnas.attacks import transfer as shown_to
    from kdnas.cli.attack_progress import attack_bar
    from kdnas.errors import UserError
    from kdnas.records import EvaluationFailed

    records = []
    with attack_bar([*victims.values()]) as bar:
        attacker = Attacker(spec)
        bar.begin(len(split) * len(victims))
        for surrogate, victim in victims.items():
            try:
                outcomes = attacker.attack(victim, split.texts, split.labels, bar.text_done)
                pairs = {name: shown_to(outcomes, target) for name, target in victims.items()}
            except EvaluationFailed as error:
                raise UserError(f"{surrogate} cannot be attacked: {error}") from error
            records += [
                {
                    "surrogate": surrogate,
                    "target": name,
                    "texts": len(right),
                    "right": sum(right.values()),
                    **spec_record(spec),
                }
                for name, right in pairs.items()
            ]
    return records


def _print_matrix(names: list[str], records: list[dict[str, Any]], spec: "AttackSpec") -> None:
    from rich import box
    from rich.table import Table

    from kdnas.cli.output import print_table

    print_spec(spec)
    caption = "% of the texts that fooled the model of a line on which that of a column is right"
    numbers = [str(n) for n in range(1, len(names) + 1)]
    table = Table("", "fooled", "texts", *numbers, box=box.SIMPLE_HEAD, caption=caption)
    for number, surrogate in zip(numbers, names, strict=True):
        line = [record for record in records if record["surrogate"] == surrogate]
        shares = [f"{100 * r['right'] / r['texts']:.1f}" if r["texts"] else "-" for r in line]
        table.add_row(number, _end(surrogate), str(line[0]["texts"]), *shares)
    print_table(table)


def _end(folder: str) -> str:
    """The end of a path, by which models mostly differ."""
    return folder if len(folder) <= _ROOM else f"...{folder[3 - _ROOM :]}"


def _common_classes(classes: dict[str, list[str]]) -> list[str]:
    """The classes of all; LABEL_0 means nothing, so that it agrees with any of the same number.

    Raises:
        UserError: Class numbers mean different things.
    """
    from kdnas.errors import UserError

    named = {n: c for n, c in classes.items() if c != [f"LABEL_{i}" for i in range(len(c))]}
    first, common = next(iter((named or classes).items()))
    for name, given in classes.items():
        if len(given) != len(common) or (name in named and given != common):
            raise UserError(
                f"{name} has the classes {', '.join(given)}, {first} {', '.join(common)}: they"
                " must be the same, in the same order"
            )
    return common
