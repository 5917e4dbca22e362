"""A whole reproduction, resumable at every step."""

from functools import partial
from pathlib import Path

from kdnas.comparison import TEACHER, Contents, Site, Trainings, build_models
from kdnas.config import Config
from kdnas.reproduce.finalists import BEST, finalists, read_runs
from kdnas.reproduce.models import (
    CELLS,
    GROWING,
    PATIENT,
    compared_attacks,
    compared_models,
    student_name,
)
from kdnas.reproduce.searches import WEIGHTED, run_searches
from kdnas.reproduce.transfers import transfer_matrix
from kdnas.runs import Archive, ModelArchive, RunFolder

_REPRODUCTION = Contents(
    None, lambda stored, config: GROWING, begun=lambda folder: bool(read_runs(folder))
)


def reproduce(config: Config, site: Site) -> None:
    """Run whatever of a reproduction is missing.

    Args:
        config: The reproduction.
        site: Its folder, who trains, and who is told.

    Raises:
        UserError: As `Site.opened` does, or something has to be mended. What is finished stays.
    """
    with site.opened(config, _REPRODUCTION) as archive:
        run_searches(config, site)
        _record_origin(archive, RunFolder(site.folder / WEIGHTED).archive)
        chosen = finalists(read_runs(site.folder))
        students = {arch.key: arch.to_json() for arch in chosen.values()}
        models = compared_models(config, students)
        build_models(Trainings(config, models, compared_attacks(config)), archive, site)
        names = [TEACHER.name, CELLS, PATIENT]
        names += [student_name(chosen[BEST].key)] if BEST in chosen else []
        shown = partial(site.listener.counted, "transfers", "transfer")
        transfer_matrix(config, site.folder, archive, names, shown)


def _record_origin(archive: ModelArchive, search: Path) -> None:
    """Take over what the searches were made from: the models are made from it too."""
    with Archive.read(search) as searched:
        known = {name: searched.meta(name) for name in ("task", "teacher", "shape")}
        texts = [text for _, text in searched.originals("report")]
        split = searched.splits["report"]
    archive.set_meta(**known)
    archive.record_split("report", split.labels.tolist(), split.classes, texts)
