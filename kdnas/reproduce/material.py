"""`Material`: what the tables and figures of a reproduction are made of, read from its archives."""

from dataclasses import dataclass
from pathlib import Path

from kdnas.analysis.context import OFFLINE
from kdnas.analysis.front import evaluated
from kdnas.analysis.paper import Reported, Scores, model_scores, reported
from kdnas.archive import MODELS_FILE, ModelArchive, Row
from kdnas.archive.reading import unreadable
from kdnas.config import STORED, Config
from kdnas.errors import UserError
from kdnas.reproduce.finalists import Run, finalists, read_runs
from kdnas.reproduce.models import ATTACKS, GROWING, PATIENT, student_name, sweep_name
from kdnas.reproduce.searches import search_configs
from kdnas.run_folder import require_same


@dataclass(frozen=True)
class Material:
    """A reproduction as far as it has got.

    Attributes:
        config: Of the reproduction.
        runs: Its searches by name.
        scores: Attack -> model -> scores on report-val.
        transfers: (Surrogate, target) -> (times shown, times right) of each text.
        roles: Names of scores by what a student is, such as the knee, as far as they are there.
        search_note, model_note: On which texts searches and models were measured; may be empty.
    """

    config: Config
    runs: dict[str, Run]
    scores: dict[str, dict[str, Scores]]
    transfers: dict[tuple[str, str], list[tuple[int, int]]]
    roles: dict[str, str]
    search_note: str
    model_note: str

    @property
    def caveat(self) -> tuple[str, ...]:
        """What stands below everything of an offline reproduction."""
        return (f"{OFFLINE.capitalize()}.",) if self.config.attack.resources == "offline" else ()

    @property
    def direct(self) -> dict[str, Scores]:
        """Scores under the paper's attack."""
        return self.scores["textfooler"]

    @property
    def students(self) -> dict[str, str]:
        """Names of scores by all that each student is."""
        said: dict[str, str] = {}
        for role, name in self.roles.items():
            kind, _, what = role.partition(": ")
            said[name] = f"{said[name]}, {what}" if name in said else f"{kind}: {what}"
        return {label: name for name, label in said.items()}

    @property
    def paper(self) -> dict[str, Reported]:
        """What the paper prints of this task; nothing for a task that it does not have."""
        return reported(self.config.task.name)

    @property
    def gone(self) -> list[str]:
        """Searches that are not there, though models are, which are trained after all of them."""
        return [n for n in search_configs(self.config) if n not in self.runs] if self.direct else []

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
                require_same(folder, Config.model_validate(stored, context=STORED), config, GROWING)
            try:
                scores = {attack: model_scores(archive, attack) for attack in ATTACKS}
            except (TypeError, ValueError) as error:  # SQLite keeps any value in any column
                raise unreadable(folder / MODELS_FILE, error) from error
            specs = {attack: archive.spec(attack) for attack in ATTACKS}
            transfers = archive.transfers()
    if not runs and not scores["textfooler"]:
        raise UserError(
            f"nothing of a reproduction in {folder} yet: run it without --only, or wait for its"
            " first student"
        )
    for known in scores.values():
        strongest = sweep_name(config.reproduce.strength)
        if strongest in known:
            known[f"{PATIENT}-at"] = known[strongest]
    roles = {
        what: student_name(arch.key)
        for what, arch in finalists(runs).items()
        if student_name(arch.key) in scores["textfooler"]
    }
    spec = specs.get("textfooler")
    return Material(
        config,
        runs,
        scores,
        transfers,
        roles,
        _search_note(runs),
        _model_note(scores["textfooler"], spec),
    )


def _search_note(runs: dict[str, Run]) -> str:
    """Texts and spec of the searches' own scores."""
    measured = [e.search for run in runs.values() for _, e in evaluated(run.rows)]
    if not measured:
        return ""
    one = measured[0]
    return (
        f"Searches: accuracy on {one.texts} texts of search-val, robustness on {one.attack.texts} "
        f"of them, attacked by TextFooler (spec {one.spec}); points."
    )


def _model_note(direct: dict[str, Scores], spec: str | None) -> str:
    """Texts and spec of the compared models."""
    if not direct:
        return ""
    texts = max(s.outcomes[0].texts for s in direct.values())
    return f"On {texts} texts of report-val, attacked by TextFooler (spec {spec})."
