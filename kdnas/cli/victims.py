"""Saved classifiers as the victims of an attack, and the options of every attack."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from kdnas.errors import UserError
from kdnas.records import AttackSpec, Recipe, Resources, SpecName, named_spec

if TYPE_CHECKING:
    from kdnas.attacks import ModelVictim

DataOption = Annotated[Path, typer.Option(metavar="FILE", help="Texts with labels.")]
TextsOption = Annotated[
    int | None, typer.Option(min=1, metavar="N", help="Only the first N texts.")
]
RecipeOption = Annotated[Recipe, typer.Option(help="The attack.")]
SpecOption = Annotated[
    SpecName, typer.Option(help="TextFooler's similarity: the paper's or TextAttack's.")
]
ResourcesOption = Annotated[
    Resources, typer.Option(help="From packages, or TextAttack's own downloads.")
]
OutOption = Annotated[Path | None, typer.Option(metavar="FILE", help="Write the JSON here.")]


def require_usable(out: Path | None, models: list[Path]) -> None:
    """Refuse before the work starts what would fail after it.

    Raises:
        UserError: The file exists or cannot be written, or a folder holds no model.
    """
    if out is not None and out.exists():
        raise UserError(f"{out} exists already: name a new file")
    if out is not None and not os.access(out.parent, os.W_OK | os.X_OK):
        raise UserError(f"cannot write {out}: name a new file in a folder that you can write to")
    for folder in models:
        if not (folder / "config.json").is_file():
            raise UserError(
                f"no model in {folder}: config.json is missing; name a saved classifier"
            )


def open_victim(folder: Path) -> "tuple[ModelVictim, list[str]]":
    """A saved classifier, and the names of its classes.

    Raises:
        UserError: The folder holds no trained classifier with its tokenizer.
    """
    import kdnas.adabert  # registers the cells  # noqa: F401
    from kdnas.attacks import ModelVictim
    from kdnas.teachers import load_trained_classifier
    from kdnas.training import choose_device

    classifier, tokenizer = load_trained_classifier(folder)
    classifier.to(choose_device())
    names = [classifier.config.id2label[i] for i in range(classifier.config.num_labels)]
    return ModelVictim.of_classifier(classifier, tokenizer, _longest(classifier, tokenizer)), names


def spec_for(names: list[str], spec: SpecName, resources: Resources, **values: Any) -> AttackSpec:
    """The attack on a classifier with these classes; on sentiment it checks the polarity too."""
    sentiment = {name.lower() for name in names} == {"negative", "positive"}
    return AttackSpec(
        similarity=named_spec(spec).similarity,
        resources=resources,
        polarity_check=sentiment and resources == "offline",
        **values,
    )


def _longest(classifier: Any, tokenizer: Any) -> int:
    """Tokens that a model sees; some tokenizers name no limit but a huge number."""
    config = classifier.config
    names = ("token_limit", "max_position_embeddings")
    limits = [getattr(config, name) for name in names if hasattr(config, name)]
    return min(*limits, 512, tokenizer.model_max_length)
