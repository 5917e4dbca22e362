"""`kdnas attack`: TextFooler and others on any classifier and any labelled texts."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from kdnas.cli.attack_output import Summary, print_summary, records_of
from kdnas.cli.options import JsonOption
from kdnas.records import AttackMode, AttackSpec, Engine, Recipe, Resources, SpecName, named_spec

if TYPE_CHECKING:
    from kdnas.attacks import ModelVictim
    from kdnas.records import TextOutcome
    from kdnas.tasks import Split


def attack(
    model: Annotated[Path, typer.Option(metavar="DIR", help="A saved classifier.")],
    data: Annotated[Path, typer.Option(metavar="FILE", help="Texts with labels.")],
    texts: Annotated[
        int | None, typer.Option(min=1, metavar="N", help="Only the first N texts.")
    ] = None,
    recipe: Annotated[Recipe, typer.Option(help="The attack.")] = "textfooler",
    spec: Annotated[
        SpecName, typer.Option(help="TextFooler's similarity: the paper's or TextAttack's.")
    ] = "rosearch",
    resources: Annotated[
        Resources, typer.Option(help="From packages, or TextAttack's own downloads.")
    ] = "offline",
    mode: Annotated[
        AttackMode, typer.Option(help="Count TextAttack's queries, or save encodings.")
    ] = "exact",
    engine: Annotated[
        Engine, typer.Option(help="All texts together, or TextAttack one by one.")
    ] = "lockstep",
    query_budget: Annotated[
        int | None, typer.Option(min=1, metavar="N", help="Most queries per text.")
    ] = None,
    transfer_to: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Show the adversarial texts to this classifier too."),
    ] = None,
    out: Annotated[Path | None, typer.Option(metavar="FILE", help="Write the JSON here.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Attack a classifier: a summary, or with --json what became of every text.

    The data are a TSV with the header text and label, or CSV, JSON Lines, Parquet, or a folder
    of save_to_disk. Labels are the model's class names or numbers.

    Example: kdnas attack --model student --data texts.tsv --texts 100 --json
    """
    from kdnas.cli.output import print_json, write_json
    from kdnas.errors import UserError
    from kdnas.records import EvaluationFailed

    _require_usable(out, [model, *([transfer_to] if transfer_to else [])])
    chosen = AttackSpec(
        recipe=recipe,
        similarity=named_spec(spec).similarity,
        resources=resources,
        query_budget=query_budget,
        mode="exact" if query_budget else mode,
    )
    try:
        split, outcomes, summary = _attacked(model, data, texts, chosen, engine, transfer_to)
    except EvaluationFailed as error:
        raise UserError(f"{model} or --transfer-to cannot be attacked: {error}") from error
    records = records_of(split, outcomes, summary)
    try:
        if out is not None:
            write_json(out, records)
    finally:  # hours of work are shown even where they cannot be written
        if as_json:
            print_json(records)
        else:
            print_summary(outcomes, summary)


def _require_usable(out: Path | None, models: list[Path]) -> None:
    """Refuse before the work starts what would fail after it."""
    import os

    from kdnas.errors import UserError

    if out is not None and out.exists():
        raise UserError(f"{out} exists already: name a new file")
    if out is not None and not os.access(out.parent, os.W_OK | os.X_OK):
        raise UserError(f"cannot write {out}: name a new file in a folder that you can write to")
    for folder in models:
        if not (folder / "config.json").is_file():
            raise UserError(
                f"no model in {folder}: config.json is missing; name a saved classifier"
            )


def _attacked(
    folder: Path,
    data: Path,
    count: int | None,
    spec: AttackSpec,
    engine: Engine,
    target: Path | None,
) -> "tuple[Split, list[TextOutcome], Summary]":
    from dataclasses import replace

    from rich.progress import Progress

    from kdnas.attacks import Attacker, transfer
    from kdnas.cli.output import messages
    from kdnas.pipeline import quiet_libraries
    from kdnas.tasks import labelled_texts

    quiet_libraries()
    victim, names = _victim(folder)
    other = None
    if target:
        other, classes = _victim(target)
        _require_same_classes(names, classes)
    split = labelled_texts(str(data), names).head(count)
    sentiment = {name.lower() for name in names} == {"negative", "positive"}
    spec = replace(spec, polarity_check=sentiment and spec.resources == "offline")
    attacker = Attacker(spec, engine=engine)
    if attacker.engine != engine:
        messages().print(f"{spec.recipe}: executed by TextAttack, one text after the other")
    with Progress(console=messages(), transient=True) as progress:
        bar = progress.add_task("attack", total=len(split))
        outcomes = attacker.attack(
            victim, split.texts, split.labels, lambda _: progress.advance(bar)
        )
    summary = {
        "settled": attacker.tally.share,
        "transfer": transfer(outcomes, other) if other else None,
    }
    return split, outcomes, summary


def _victim(folder: Path) -> "tuple[ModelVictim, list[str]]":
    """A saved classifier, and the names of its classes."""
    from kdnas.attacks import ModelVictim
    from kdnas.teachers import load_trained_classifier
    from kdnas.training import choose_device

    classifier, tokenizer = load_trained_classifier(folder)
    classifier.to(choose_device())
    names = [classifier.config.id2label[i] for i in range(classifier.config.num_labels)]
    return ModelVictim.of_classifier(classifier, tokenizer, _longest(classifier, tokenizer)), names


def _require_same_classes(names: list[str], others: list[str]) -> None:
    """Refuse to compare class numbers that mean different things; LABEL_0 means nothing."""
    from kdnas.errors import UserError

    nameless = any(given == [f"LABEL_{i}" for i in range(len(given))] for given in (names, others))
    if len(names) != len(others) or (names != others and not nameless):
        raise UserError(
            f"--transfer-to has the classes {', '.join(others)}, --model {', '.join(names)}: they"
            " must be the same, in the same order"
        )


def _longest(classifier: Any, tokenizer: Any) -> int:
    """Tokens that a model sees; some tokenizers name no limit but a huge number."""
    config = classifier.config
    names = ("token_limit", "max_position_embeddings")
    limits = [getattr(config, name) for name in names if hasattr(config, name)]
    return min(*limits, 512, tokenizer.model_max_length)
