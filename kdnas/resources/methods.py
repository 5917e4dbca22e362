"""What methods and students need beside data, teacher, attack: models, and what makes texts."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any

from kdnas.config import Config
from kdnas.errors import UserError
from kdnas.methods import METHODS, Use
from kdnas.paper_files import require_wordnet, wordnet_place
from kdnas.paper_files.whole import MISSING
from kdnas.resources.attack import attack_resources
from kdnas.resources.classes import model_of
from kdnas.resources.models import model_resources
from kdnas.resources.offline import offline_resource
from kdnas.resources.resource import Resource, bytes_in


def method_resources(config: Config, names: Iterable[str]) -> list[Resource]:
    """What is needed by methods that teach.

    Args:
        config: The run; of its methods the settings are read.
        names: Of methods, or of rows of the section `compare`.

    Raises:
        UserError: A model's name is none that there can be.
    """
    found: list[Resource] = []
    for name in names:
        distill = config.taught_by(name)
        if distill.method not in METHODS:
            continue  # of an archive, and nothing here knows it
        method, own = METHODS[distill.method], distill.table(distill.method)
        chain = method.chain(own)
        links = (link.model for link in chain.links)
        members = () if chain.team is None else chain.team.members
        taught = (member if isinstance(member, str) else member.model for member in members)
        for role, models in (("assistant", links), ("teacher of a team", taught)):
            for model in filter(None, models):
                found += model_resources(model, role)
        for use in method.uses:
            if use in _MADE_BY:
                found += _MADE_BY[use](config, own)
    return found


def student_resources(words: Iterable[str]) -> list[Resource]:
    """What is needed by students that begin as a model of the hub or of a folder, or as its layers.

    Args:
        words: As in the setting `compare.students`.
    """
    found: list[Resource] = []
    for word in words:
        if name := model_of(word):
            found += model_resources(name, "student")
    return found


def _augmenters(config: Config, own: Any) -> list[Resource]:
    """What augmenters find words with: TextFooler's vectors as the attack has them, or WordNet."""
    found = [_wordnet()] if {"wordnet", "synonym-insertion"} & set(own.by) else []
    if not {"embedding", "tinybert"} & set(own.by):
        return found
    attack = config.attack
    if attack.recipe != "textfooler":
        attack = attack.model_copy(update={"resources": "offline"})
    return [*found, *attack_resources(attack, "textfooler")]


def _wordnet() -> Resource:
    place = wordnet_place()
    try:
        require_wordnet()
    except UserError as error:
        return Resource("WordNet", place, problem=MISSING, cure=str(error))
    return Resource("WordNet", place, bytes_in(place))


def _neighbours(config: Config, own: Any) -> list[Resource]:
    return [
        offline_resource("sentences among which neighbours are found", "rotten_tomatoes"),
        offline_resource("sentence encoder MiniLM", "minilm"),
    ]


def _generator(config: Config, own: Any) -> list[Resource]:
    """The start of the teacher once more, as what rewrites texts."""
    start = model_resources(config.teacher.model)[0]
    return [replace(start, what=f"generator of texts, which begins as {start.what}", size=None)]


_MADE_BY: Mapping[Use, Callable[[Config, Any], list[Resource]]] = {
    "augmented": _augmenters,
    "neighbours": _neighbours,
    "generator": _generator,
}
"""What makes or finds texts for a method, by what it learns from, of the run and its settings."""
