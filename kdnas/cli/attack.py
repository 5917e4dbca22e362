"""`kdnas attack`: TextFooler on any classifier and any labelled texts."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from kdnas.cli.options import JsonOption

if TYPE_CHECKING:
    from kdnas.records import TextOutcome
    from kdnas.tasks import Split


def attack(
    model: Annotated[Path, typer.Option(metavar="DIR", help="A saved classifier.")],
    data: Annotated[Path, typer.Option(metavar="FILE", help="Texts with labels.")],
    texts: Annotated[
        int | None, typer.Option(min=1, metavar="N", help="Only the first N texts.")
    ] = None,
    spec: Annotated[str, typer.Option(metavar="NAME", help="rosearch or textattack.")] = "rosearch",
    resources: Annotated[
        str, typer.Option(metavar="NAME", help="offline or textattack (its own downloads).")
    ] = "offline",
    out: Annotated[Path | None, typer.Option(metavar="FILE", help="Write the JSON here.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Attack a classifier: a summary, or with --json what became of every text.

    The data are a TSV with the header text and label, or CSV, JSON Lines, Parquet, or a folder
    of save_to_disk. Labels are the model's class names or numbers.

    Example: kdnas attack --model student --data texts.tsv --texts 100 --json
    """
    import json

    from kdnas.cli.output import print_json
    from kdnas.errors import UserError

    if out is not None and (out.exists() or not out.parent.is_dir()):
        raise UserError(f"cannot write {out}: name a new file in an existing folder")
    split, outcomes = _attacked(model, data, texts, spec, resources)
    records = _records(split, outcomes)
    if out is not None:
        out.write_text(json.dumps(records, indent=1) + "\n")
    if as_json:
        print_json(records)
    else:
        _print_summary(outcomes)


def _attacked(
    folder: Path, data: Path, count: int | None, spec_name: str, resources: str
) -> "tuple[Split, list[TextOutcome]]":
    from dataclasses import replace
    from typing import get_args

    from kdnas.errors import UserError
    from kdnas.records import Resources, named_spec

    if resources not in get_args(Resources):
        raise UserError(f"resources {resources!r}: use one of {', '.join(get_args(Resources))}")
    spec = named_spec(spec_name, resources="offline" if resources == "offline" else "textattack")
    if not (folder / "config.json").is_file():
        raise UserError(f"no model in {folder}: config.json is missing; name a saved classifier")

    from rich.progress import Progress

    from kdnas.attacks import Attacker, ModelVictim
    from kdnas.cli.output import messages
    from kdnas.pipeline import quiet_libraries
    from kdnas.tasks import labelled_texts
    from kdnas.teachers import load_classifier, load_tokenizer
    from kdnas.training import choose_device

    quiet_libraries()
    classifier = load_classifier(str(folder)).eval().to(choose_device())
    tokenizer = load_tokenizer(str(folder))
    names = [classifier.config.id2label[i] for i in range(classifier.config.num_labels)]
    split = labelled_texts(str(data), names).head(count)
    sentiment = {name.lower() for name in names} == {"negative", "positive"}
    spec = replace(spec, polarity_check=sentiment and resources == "offline")
    victim = ModelVictim.of_classifier(classifier, tokenizer, _longest(classifier, tokenizer))
    attacker = Attacker(spec)
    with Progress(console=messages(), transient=True) as progress:
        bar = progress.add_task("attack", total=len(split))
        outcomes = attacker.attack(
            victim, split.texts, split.labels, lambda _: progress.advance(bar)
        )
    return split, outcomes


def _longest(classifier: Any, tokenizer: Any) -> int:
    """Tokens that a model sees; some tokenizers name no limit but a huge number."""
    config = classifier.config
    names = ("token_limit", "max_position_embeddings")
    limits = [getattr(config, name) for name in names if hasattr(config, name)]
    return min(*limits, 512, tokenizer.model_max_length)


def _records(split: "Split", outcomes: "list[TextOutcome]") -> list[dict[str, Any]]:
    return [
        {
            "original": text,
            "label": outcome.label,
            "outcome": outcome.outcome,
            "perturbed": outcome.perturbed or None,
            "queries_textattack": outcome.queries,
            "predicted": outcome.predicted,
            "words": outcome.words,
            "words_changed": outcome.words_changed,
        }
        for text, outcome in zip(split.texts, outcomes, strict=True)
    ]


def _print_summary(outcomes: "list[TextOutcome]") -> None:
    from kdnas.cli.output import results
    from kdnas.objectives import standard_error
    from kdnas.records import AttackOutcome

    found = AttackOutcome.of(outcomes, max(o.label for o in outcomes) + 1)
    say = results().print
    for name, value in (("accuracy", found.accuracy), ("robustness", found.robustness)):
        say(f"{name} {100 * value:.1f} ± {100 * standard_error(value, found.texts):.1f} points")
    counts = (sum(found.skipped), sum(found.succeeded), sum(found.failed))
    say(f"{found.texts} texts: {counts[0]} skipped, {counts[1]} succeeded, {counts[2]} failed")
    say(f"{found.mean_queries:.1f} queries a text, {100 * found.mean_words_changed:.1f} % of words")
