"""`Material`: what the tables and figures of a reproduction are made of, read from its archives."""

from dataclasses import dataclass
from pathlib import Path

from kdnas.analysis.front import evaluated
from kdnas.analysis.paper import Reported, Scores, model_scores, reported
from kdnas.config import Config
from kdnas.errors import UserError
from kdnas.records import AttackSpec
from kdnas.reproduce.finalists import Run, finalists, read_runs
from kdnas.reproduce.models import (
    GROWING,
    OTHER_THRESHOLD,
    PATIENT,
    student_name,
    sweep_name,
)
from kdnas.reproduce.searches import search_configs
from kdnas.runs import MODELS_FILE, ModelArchive, Row, require_same, stored_config
from kdnas.runs.context import OFFLINE


@dataclass(frozen=True)
class Material:
    """A reproduction as far as it has got.

    Attributes:
        config: Of the reproduction.
        runs: Its searches by name.
        scores: Attack -> model -> scores on report-val; first the attack that guides the searches.
        labels: What tables call each of these attacks.
        transfers: (Surrogate, target) -> (times shown, times right) of each text.
        roles: Names of scores by what a student is, such as the knee, as far as they are there.
        search_note, model_note: On which texts searches and models were measured; may be empty.
    """

    config: Config
    runs: dict[str, Run]
    scores: dict[str, dict[str, Scores]]
    labels: dict[str, str]
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
        """Scores under the attack that guides the searches."""
        return next(iter(self.scores.values()), {})

    @property
    def guide(self) -> str:
        """What tables call that attack; "" before there are models."""
        return next(iter(self.labels.values()), "")

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
        """What the paper prints of this task, under TextFooler; nothing where it has no such."""
        same = next(iter(self.scores), "") == "textfooler"
        return reported(self.config.task.name) if same else {}

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
    scores: dict[str, dict[str, Scores]] = {}
    transfers: dict[tuple[str, str], list[tuple[int, int]]] = {}
    specs: dict[str, AttackSpec] = {}
    if (folder / MODELS_FILE).is_file():
        with ModelArchive.read(folder / MODELS_FILE) as archive:
            require_same(folder, stored_config(archive), config, GROWING)
            specs = archive.specs()
            scores = {attack: model_scores(archive, attack) for attack in specs}
            transfers = archive.transfers()
    direct = next(iter(scores.values()), {})
    if not runs and not direct:
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
        if student_name(arch.key) in direct
    }
    return Material(
        config,
        runs,
        scores,
        {attack: _label(attack, spec) for attack, spec in specs.items()},
        transfers,
        roles,
        _search_note(runs),
        _model_note(direct, specs),
    )


def _label(attack: str, spec: AttackSpec) -> str:
    """What tables call an attack."""
    return f"{spec.label}, other threshold" if attack == OTHER_THRESHOLD else spec.label


def _search_note(runs: dict[str, Run]) -> str:
    """Texts and spec of the searches' own scores."""
    if not runs:
        return ""
    run = next(iter(runs.values()))
    one = evaluated(run.rows)[0][1].search
    return (
        f"Searches: accuracy on {one.texts} texts of search-val, robustness on {one.attack.texts} "
        f"of them, attacked by {run.attack} (spec {one.spec}); points."
    )


def _model_note(direct: dict[str, Scores], specs: dict[str, AttackSpec]) -> str:
    """Texts and spec of the compared models."""
    if not direct:
        return ""
    texts = max(s.outcomes[0].texts for s in direct.values())
    spec = next(iter(specs.values()))
    return f"On {texts} texts of report-val, attacked by {spec.label} (spec {spec.digest})."
