"""Saved classifiers as the victims of an attack, and the options of every attack."""

import os
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from kdnas.cli.attack_output import say_remark
from kdnas.cli.options import fetch_command
from kdnas.errors import UserError
from kdnas.records import Resources

if TYPE_CHECKING:
    from kdnas.attacks import ModelVictim
    from kdnas.config import AttackSettings
    from kdnas.tasks import Columns, LabelledTexts

DataOption = Annotated[
    Path,
    typer.Option(
        metavar="FILE", help="Texts with labels, or a run: the texts that it reported on."
    ),
]
TextColumnOption = Annotated[
    str | None,
    typer.Option(metavar="COLUMN", help="Texts. [default: text, sentence, content or review]"),
]
LabelColumnOption = Annotated[str, typer.Option(metavar="COLUMN", help="Labels.")]
TextsOption = Annotated[
    int | None, typer.Option(min=1, metavar="N", help="Only the first N texts.")
]
PremiseOption = Annotated[
    str | None, typer.Option(metavar="COLUMN", help="The first texts of pairs, such as premise.")
]
RecipeOption = Annotated[
    str, typer.Option(metavar="NAME", help="textfooler, deepwordbug, pruthi, or your module:name.")
]
RecipeSetOption = Annotated[
    list[str] | None,
    typer.Option(
        "--set", metavar="A=VALUE", help="A setting of the recipe, such as similarity=textattack."
    ),
]
ResourcesOption = Annotated[
    Resources, typer.Option(help="From packages, or TextAttack's own downloads.")
]
OutOption = Annotated[Path | None, typer.Option(metavar="FILE", help="Write the JSON here.")]

MOST_TOKENS = 512
"""The most of a text that a victim sees, where neither it nor its tokenizer has a lower limit."""


def require_usable(out: Path | None, models: list[Path]) -> None:
    """Refuse before the work starts what would fail after it.

    Raises:
        UserError: The file exists or cannot be written, or a folder holds no classifier.
    """
    from kdnas.model_names import require_head

    if out is not None and out.exists():
        raise UserError(f"{out} exists already: name a new file")
    if out is not None and not os.access(out.parent, os.W_OK | os.X_OK):
        raise UserError(f"cannot write {out}: name a new file in a folder that you can write to")
    for folder in models:
        if not (folder / "config.json").is_file():
            raise UserError(
                f"no model in {folder}: config.json is missing; name a saved classifier"
            )
        require_head(folder)


def require_attack(settings: "AttackSettings", *, by_textattack: bool = False) -> None:
    """Fetch or refuse what an attack needs and is missing.

    Raises:
        UserError: It says what is missing and what to do.
    """
    from kdnas.cli.fetching import require_resources
    from kdnas.resources import attack_resources

    named = [f"attack.recipe={settings.recipe}", f"attack.resources={settings.resources}"]
    look = partial(attack_resources, settings, by_textattack=by_textattack)
    require_resources(look, fetch_command(None, None, named))


def read_texts(data: Path, columns: "Columns", models: list[Path]) -> "LabelledTexts":
    """Read labelled texts from a file or a run, and say how many rows have none.

    Whether the models have tokenizers is looked up too, since to load them takes seconds.

    Args:
        data: A file, a saved folder, or the folder of a run or a comparison.
        columns: Those of a file.
        models: The folders of the classifiers.

    Raises:
        UserError: The texts cannot be read, or a model has no tokenizer.
    """
    from kdnas.cli.output import counted, messages
    from kdnas.model_names import require_tokenizer
    from kdnas.tasks import LabelledTexts

    labelled = _reported(data, columns) or LabelledTexts.read(str(data), columns)
    if labelled.empty:
        messages().print(f"{counted(labelled.empty, 'row')} without a text left out")
    say_remark("data", labelled.remark)
    for folder in models:
        require_tokenizer(folder)
    return labelled


def _reported(run: Path, columns: "Columns") -> "LabelledTexts | None":
    """The texts that a run was reported on, which decided nothing in it; None for no run.

    Raises:
        UserError: It has none yet, or its archive was given on without them or is damaged; or
            columns were named, which it does not have.
    """
    from kdnas.runs import MODELS_FILE, Archive, ModelArchive, RunFolder
    from kdnas.runs.reading import unreadable
    from kdnas.tasks import Columns, LabelledTexts

    archives = {RunFolder(run).archive: Archive, run / MODELS_FILE: ModelArchive}
    path, kind = next(((p, kind) for p, kind in archives.items() if p.is_file()), (None, None))
    if path is None or kind is None:
        return None
    if columns != Columns():
        raise UserError(f"{run} is a run, whose texts have no columns: leave --*-column out")
    with kind.read(path) as archive:
        originals = archive.originals("report")
        names = tuple((archive.meta("task") or {}).get("labels", ()))
    if not originals or originals[0][1] is None:
        raise UserError(
            f"{run} holds no texts of its report: finish the run (--resume), or name a file"
        )
    labels, texts = zip(*originals, strict=True)
    if max(labels) >= len(names):
        raise unreadable(path, f"a text of class {max(labels)}, of {len(names)} classes")
    rows = tuple(range(1, len(texts) + 1))
    return LabelledTexts(str(run), rows, texts, tuple(names[k] for k in labels), names, 0, "")


def open_victim(folder: Path, pairs: bool = False) -> "tuple[ModelVictim, list[str]]":
    """A saved classifier of single texts or of pairs, and the names of its classes.

    Raises:
        UserError: The folder holds no trained classifier of named classes with its tokenizer.
    """
    import kdnas.adabert  # registers the cells  # noqa: F401
    from kdnas.attacks import ModelVictim
    from kdnas.teachers import class_names, load_trained_classifier, token_limit
    from kdnas.training import choose_device

    classifier, tokenizer = load_trained_classifier(folder)
    classifier.to(choose_device())
    names = class_names(str(folder), classifier.config)
    longest = min(token_limit(classifier), tokenizer.model_max_length, MOST_TOKENS)
    return ModelVictim.of_classifier(classifier, tokenizer, longest, pairs), names


def attack_settings(recipe: str, overrides: list[str], **values: Any) -> "AttackSettings":
    """The section `attack` of a command's options.

    Args:
        recipe: Its name; of the form `module:name` it is imported.
        overrides: Settings of the recipe, each `name=value`.
        values: Other settings of the section.

    Raises:
        UserError: There is no such recipe, or a value is out of its range.
    """
    from kdnas.config import load_config
    from kdnas.config.load import as_toml
    from kdnas.records import ATTACKS

    ATTACKS.load(recipe)
    common = {"recipe": recipe, **values}
    written = [f"attack.{name}={as_toml(value)}" for name, value in common.items()]
    return load_config(overrides=written + [f'attack."{recipe}".{own}' for own in overrides]).attack
