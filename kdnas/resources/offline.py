"""The files of the offline extra as resources."""

from kdnas.errors import UserError
from kdnas.offline import INSTALL, REINSTALL, offline_path, offline_place
from kdnas.paper_files.whole import MISSING
from kdnas.resources.resource import DAMAGED, Resource, bytes_in

_LICENCES = {
    "rotten_tomatoes": "package MIT; data: none stated",
    "bbc_news": "package MIT; data: for research, copyright BBC",
    "minilm": "package MIT; weights Apache-2.0",
    "glove_vectors": "package Apache-2.0; vectors PDDL 1.0",
    "glove_words": "package Apache-2.0; vectors PDDL 1.0",
    "vader": "MIT",
}


def offline_resource(what: str, name: str) -> Resource:
    """A file of the offline extra.

    Args:
        what: What it is to the run.
        name: Its name in `kdnas.offline`.
    """
    place, is_installed = offline_place(name)
    problem = cure = ""
    try:
        offline_path(name)
    except UserError:
        problem, cure = (DAMAGED, REINSTALL) if is_installed else (MISSING, INSTALL)
    size = bytes_in(place) if is_installed else None
    return Resource(what, place, size, _LICENCES[name], problem, cure)
