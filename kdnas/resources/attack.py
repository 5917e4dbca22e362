"""What an attack needs of packages and files."""

from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from sysconfig import get_path

from kdnas.config import AttackSettings
from kdnas.paper_files import PAPER_FILES, needed_paper_files
from kdnas.paper_files.whole import MISSING
from kdnas.records import ATTACKS, AttackSpec
from kdnas.resources.offline import offline_resource
from kdnas.resources.resource import Resource

_PACKAGES = {
    "lemminflect": ("offline", "MIT"),
    "nltk": ("paper", "Apache-2.0"),
    "tensorflow": ("paper", "Apache-2.0"),
    "tensorflow_hub": ("paper", "Apache-2.0"),
    "textattack": ("textattack", "MIT"),
}
"""The packages that not every attack needs: the extra that brings each, and its licence."""


def attack_resources(
    attack: AttackSettings, *recipes: str, by_textattack: bool = False
) -> list[Resource]:
    """What attacks with the settings of a run need.

    Args:
        attack: The settings.
        recipes: The attacks; that of the settings where none is named.
        by_textattack: Whether TextAttack executes them.
    """
    found: dict[str, Resource] = {}
    for recipe in recipes or (attack.recipe,):
        chosen = attack.model_copy(update={"recipe": recipe})
        spec = chosen.spec(sentiment=True, seed=0)  # what `polarity` needs may be needed
        for resource in (*_packages(spec, by_textattack), *_files(spec)):
            found.setdefault(resource.what, resource)
    return list(found.values())


def _packages(spec: AttackSpec, by_textattack: bool) -> Iterator[Resource]:
    of_files = [PAPER_FILES[name] for name in needed_paper_files(spec)]
    if by_textattack or not spec.in_lockstep:
        yield _package("textattack", f"executes {spec.recipe}")
        if any(file.package == "tensorflow" for file in of_files):
            yield _package("tensorflow_hub", "reads the sentence encoder for TextAttack")
    if getattr(spec.settings, "word_classes", None) == "lexicon":
        yield _package("lemminflect", "classes of words")
    yield from (_package(file.package, file.what) for file in of_files if file.package)


def _package(name: str, use: str) -> Resource:
    extra, licence = _PACKAGES[name]
    spec, what = find_spec(name), f"package {name} ({use})"
    if spec is None:
        place, cure = Path(get_path("purelib")), f"pip install 'kdnas[{extra}]'"
        return Resource(what, place, None, licence, MISSING, cure)
    return Resource(what, Path(spec.origin or get_path("purelib")).parent, None, licence)


def _files(spec: AttackSpec) -> Iterator[Resource]:
    yield from map(_paper_file, needed_paper_files(spec))
    if spec.resources == "textattack":
        return
    needs = ATTACKS[spec.recipe].needs
    if "vectors" in needs:
        yield offline_resource("word vectors GloVe", "glove_vectors")
        yield offline_resource("words of GloVe", "glove_words")
    if needs:
        yield offline_resource("sentence encoder MiniLM", "minilm")
    if getattr(spec.settings, "polarity", "off") == "on":
        yield offline_resource("valences of words, VADER", "vader")


def _paper_file(name: str) -> Resource:
    file = PAPER_FILES[name]
    return Resource(
        file.what,
        file.place(),
        file.size,
        file.licence,
        file.problem(),
        "",
        file.source,
        file.fetch,
    )
