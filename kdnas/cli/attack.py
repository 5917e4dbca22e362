"""`kdnas attack`: TextFooler and others on any classifier and any labelled texts."""

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from kdnas.cli.attack_output import (
    print_summary,
    records_of,
    say_numbers,
    say_remark,
    warn_of_reference,
)
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
from kdnas.records import AttackMode, AttackSpec, Engine

if TYPE_CHECKING:
    from kdnas.attacks import ModelVictim
    from kdnas.records import TextOutcome
    from kdnas.tasks import Split


def attack(
    model: Annotated[Path, typer.Option(metavar="DIR", help="A saved classifier.")],
    data: DataOption,
    texts: TextsOption = None,
    text_column: TextColumnOption = None,
    premise_column: PremiseOption = None,
    label_column: LabelColumnOption = "label",
    recipe: RecipeOption = "textfooler",
    overrides: RecipeSetOption = None,
    resources: ResourcesOption = "offline",
    mode: Annotated[
        AttackMode, typer.Option(help="exact counts TextAttack's queries, lazy saves time.")
    ] = "exact",
    engine: Annotated[
        Engine, typer.Option(help="All texts together, or TextAttack one by one.")
    ] = "lockstep",
    query_budget: Annotated[
        int | None, typer.Option(min=1, metavar="N", help="Most queries per text.")
    ] = None,
    out: OutOption = None,
    as_json: JsonOption = False,
) -> None:
    """Attack a classifier: a summary, or with --json what became of every text.

    The data are a TSV, CSV, JSON Lines, Parquet, a folder of save_to_disk, or a run, whose texts of
    report-val are taken. Labels are the model's class names or numbers. Texts that a model was
    trained on say little: it holds them too well.

    Example: kdnas attack --model student --data texts.tsv --texts 100 --json
    """
    from kdnas.cli.beforehand import require_cache
    from kdnas.cli.output import put_out
    from kdnas.errors import UserError
    from kdnas.records import EvaluationFailed, is_sentiment
    from kdnas.tasks import Columns

    settings = attack_settings(
        recipe, overrides or [], resources=resources, mode=mode, query_budget=query_budget
    )
    require_usable(out, [model])
    require_cache()
    require_attack(settings, by_textattack=engine == "textattack")
    labelled = read_texts(data, Columns(text_column, premise_column, label_column), [model])
    warn_of_reference(recipe)
    from kdnas.training import quiet_libraries

    quiet_libraries()
    victim, names = open_victim(model, labelled.pairs)
    split = labelled.among(names).head(texts)
    say_numbers(labelled.labels, names)
    say_remark("attack", settings.remark(labelled.classes, "polarity"))
    spec = settings.spec(sentiment=is_sentiment(labelled.classes), seed=0)
    try:
        outcomes, settled = _attacked(victim, split, spec, engine)
    except EvaluationFailed as error:
        raise UserError(f"{model} cannot be attacked: {error}") from error
    show = partial(print_summary, outcomes, settled, spec)
    put_out(records_of(split, outcomes, spec), out, as_json, show)


def _attacked(
    victim: "ModelVictim", split: "Split", spec: AttackSpec, engine: Engine
) -> "tuple[list[TextOutcome], float]":
    """What became of each text, and the share of choices that were settled one by one."""
    from kdnas.attacks import Attacker
    from kdnas.cli.attack_progress import attack_bar

    with attack_bar([victim]) as bar:
        attacker = Attacker(spec, engine=engine)
        bar.begin(len(split))
        outcomes = attacker.attack(victim, split.texts, split.labels, bar.text_done)
    return outcomes, attacker.tally.share
