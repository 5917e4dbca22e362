"""`Material`: what the tables and figures of a reproduction are made of, read from its archives."""

from dataclasses import dataclass
from pathlib import Path

from kdnas.analysis.paper import Scores, model_scores
from kdnas.archive import MODELS_FILE, ModelArchive, Row
from kdnas.config import Config
from kdnas.errors import UserError
from kdnas.reproduce.finalists import Run, finalists, read_runs
from kdnas.reproduce.models import PATIENT, student_name, sweep_name
from kdnas.reproduce.searches import WEIGHTED, search_configs
from kdnas.run_folder import require_same

ATTACKS = ("textfooler", "other-threshold", "deepwordbug")


@dataclass(frozen=True)
class Material:
    """A reproduction as far as it has got.

    Attributes:
        config: Of the reproduction.
        runs: Its searches by name.
        scores: Attack -> model -> scores on report-val.
        transfers: (Surrogate, target) -> (texts shown, texts right) of each replicate.
        students: Names of scores by what the student is, as far as they are there.
        notes: What stands below every table.
    """

    config: Config
    runs: dict[str, Run]
    scores: dict[str, dict[str, Scores]]
    transfers: dict[tuple[str, str], list[tuple[int, int]]]
    students: dict[str, str]
    notes: tuple[str, ...]

    @property
    def direct(self) -> dict[str, Scores]:
        """Scores under the paper's attack."""
        return self.scores["textfooler"]

    def run(self, name: str) -> Run:
        """A search.

        Raises:
            UserError: It is not there yet.
        """
        if name not in self.runs:
            raise UserError(f"the search {name} has no evaluated student yet")
        return self.runs[name]

    def require(self, *models: str) -> None:
        """Refuse where there are no scores of one of the models.

        Raises:
            UserError: It names those that are missing.
        """
        missing = [name for name in models if name not in self.direct]
        if missing:
            raise UserError(f"no scores of {', '.join(missing)} yet")

    @property
    def everyone(self) -> list[Row]:
        """The students of all searches, each network once."""
        return list({row.key: row for run in self.runs.values() for row in run.rows}.values())


def read_material(config: Config, folder: Path) -> Material:
    """What is there of a reproduction.

    Raises:
        UserError: Nothing is, or it is of other texts or another attack than its searches.
    """
    runs = read_runs(folder)
    for name, chosen in search_configs(config).items():
        if name in runs:
            require_same(folder / name, runs[name].config, chosen)
    scores: dict[str, dict[str, Scores]] = {attack: {} for attack in ATTACKS}
    transfers: dict[tuple[str, str], list[tuple[int, int]]] = {}
    specs: dict[str, str | None] = {}
    if (folder / MODELS_FILE).is_file():
        with ModelArchive.read(folder / MODELS_FILE) as archive:
            stored = archive.config()
            if stored is not None:
                require_same(folder, Config.model_validate(stored), config)
            scores = {attack: model_scores(archive, attack) for attack in ATTACKS}
            specs = {attack: archive.spec(attack) for attack in ATTACKS}
            transfers = archive.transfers()
    if not runs and not scores["textfooler"]:
        raise UserError(f"nothing of a reproduction in {folder} yet: leave out --only")
    for known in scores.values():
        strongest = sweep_name(config.reproduce.strength)
        if strongest in known:
            known[f"{PATIENT}-at"] = known[strongest]
    students = {
        what: student_name(arch.key)
        for what, arch in finalists(runs).items()
        if student_name(arch.key) in scores["textfooler"]
    }
    return Material(config, runs, scores, transfers, students, _notes(runs, scores, specs))


def _notes(
    runs: dict[str, Run], scores: dict[str, dict[str, Scores]], specs: dict[str, str | None]
) -> tuple[str, ...]:
    """Caveat, texts, trainings and specs."""
    notes = []
    if WEIGHTED in runs and runs[WEIGHTED].context.caveat:
        notes.append(f"{runs[WEIGHTED].context.caveat.capitalize()}.")
    direct = scores["textfooler"].values()
    if direct:
        texts = max(s.outcomes[0].texts for s in direct)
        most = max(len(s.outcomes) for s in direct)
        notes.append(
            f"Points on {texts} texts of report-val, attacked by TextFooler (spec "
            f"{specs['textfooler']}); mean ± standard error of up to {most} trainings, of one the "
            "standard error of its texts."
        )
    return tuple(notes)
