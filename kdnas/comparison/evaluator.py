"""`ModelEvaluator`: trains a model of a comparison, saves it and attacks it. One per process."""

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from filelock import FileLock
from safetensors import SafetensorError

from kdnas.attacks import Attacker, transfer
from kdnas.augment import adversarial_examples, attacked_share, with_examples
from kdnas.comparison.folder import ModelFolder
from kdnas.comparison.model import OTHER_THRESHOLD, Model
from kdnas.comparison.trainer import Trainer
from kdnas.config import Config
from kdnas.errors import UserError
from kdnas.evaluation import prepare
from kdnas.offline import content_hash
from kdnas.records import (
    SIMILARITY_THRESHOLDS,
    AttackMode,
    AttackSpec,
    Text,
    TextOutcome,
    as_read,
    written,
)
from kdnas.runs import MODELS_FILE, ModelRow, Store, require_same_origin, weights_of
from kdnas.seeds import derived_seed
from kdnas.tasks import Task
from kdnas.training import choose_device, exact_float32, quiet_libraries
from kdnas.writing import write_whole


@dataclass(frozen=True)
class EvaluatedModel:
    """A trained model and what became of each text of report-val in each attack on it."""

    row: ModelRow
    specs: Mapping[str, AttackSpec]
    texts: Mapping[str, list[TextOutcome]]


def attack_specs(config: Config, task: Task) -> dict[str, AttackSpec]:
    """The attacks on every model by name: first that of the searches, then what to compare it with.

    These are TextFooler as it is set, TextFooler with the other named threshold, and DeepWordBug.
    """
    attack, seed = config.attack, config.search.seed

    def spec(recipe: str, mode: AttackMode) -> AttackSpec:
        chosen = attack.model_copy(update={"recipe": recipe, "mode": mode})
        return chosen.spec(sentiment=task.sentiment, seed=seed)

    fooler = spec("textfooler", "lazy")
    other = next(s for s in SIMILARITY_THRESHOLDS.values() if s != fooler.settings.similarity)
    own = {attack.recipe: spec(attack.recipe, "exact")}
    others = {
        "textfooler": fooler,
        OTHER_THRESHOLD: replace(fooler, settings=replace(fooler.settings, similarity=other)),
        "deepwordbug": AttackSpec(recipe="deepwordbug", resources=attack.resources, seed=seed),
    }
    return own | others | own  # the own one first, and none twice


class ModelEvaluator:
    """Trains, saves and attacks the models of one comparison.

    Args:
        config: The comparison.
        folder: Its folder; models and adversarial texts are kept there.

    Raises:
        UserError: The task or the teacher is another one now than the searches had.
    """

    def __init__(self, config: Config, folder: Path) -> None:
        quiet_libraries()
        exact_float32(config.search.threads)
        self._config, self._folder = config, folder
        self._prepared = prepare(config)
        task, teacher = self._prepared.task.summary(), self._prepared.teacher.identity
        for path in (*folder.glob("*/archive.sqlite"), folder / MODELS_FILE):
            with Store.read(path) as store:
                require_same_origin(folder, store, task, teacher)
        tokenizer, length = self._prepared.tokenizer, config.student.max_length
        pairs = self._prepared.task.pairs
        self._models = ModelFolder(folder, tokenizer, length, choose_device(), pairs)
        self._train = Trainer(config, self._prepared, self._models)
        specs = attack_specs(config, self._prepared.task)
        self._attackers = {name: Attacker(spec) for name, spec in specs.items()}

    def __call__(self, model: Model) -> EvaluatedModel:
        """Train, save and attack a model; what it is made from has been built.

        Raises:
            EvaluationFailed: A loss or a logit is not finite.
            UserError: A file cannot be read or written.
        """
        try:
            return self._evaluated(model)
        except (UserError, OSError, SafetensorError) as error:
            raise UserError(f"{model.name}: {error}; go on with --resume") from error

    def _evaluated(self, model: Model) -> EvaluatedModel:
        seed = derived_seed(self._config.search.seed, *model.identity)
        task = self._task_of(model)
        start = time.perf_counter()
        network, loss = self._train(model, task, seed)
        seconds = time.perf_counter() - start
        network.eval()
        self._models.save(model, network)
        split = task.report.head(self._config.attack.report_texts)
        victim = self._models.victim(network)
        texts = {
            name: attacker.attack(victim, split.texts, split.labels)
            for name, attacker in self._attackers.items()
        }
        architecture = getattr(network.config, "architecture", None)
        row = ModelRow(
            name=model.name,
            replicate=model.replicate,
            seed=seed,
            parameters=sum(p.numel() for p in network.parameters()),
            examples=len(task.train) - len(self._prepared.task.train),
            loss=loss,
            seconds=seconds,
            architecture=json.dumps(architecture) if architecture else "",
            weights=content_hash(weights_of(self._folder, *model.identity)),
        )
        return EvaluatedModel(row, {name: a.spec for name, a in self._attackers.items()}, texts)

    def shown(self, outcomes: list[TextOutcome], model: tuple[str, int]) -> dict[int, bool]:
        """Whether a saved model is right on the adversarial texts of another."""
        return transfer(outcomes, self._models.victim(self._models.load(model)))

    def _task_of(self, model: Model) -> Task:
        """The task with the adversarial texts that a model is trained on besides."""
        task = self._prepared.task
        if not model.strength:
            return task
        seed = self._config.search.seed
        examples = self._examples(model.fooled, attacked_share(len(task.train), model.widest, seed))
        chosen = attacked_share(len(task.train), model.strength, seed)
        return replace(task, train=with_examples(task.train, examples, chosen))

    def _examples(self, fooled: Model, chosen: list[int]) -> dict[int, Text]:
        """What fools a saved model among the chosen training texts; attacked once and kept."""
        path = self._folder / "examples" / f"{fooled.name}-{fooled.replicate}.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(path.with_suffix(".lock")):
            if path.exists():
                kept = json.loads(path.read_text())
                if set(chosen) <= set(kept["attacked"]):
                    return {int(i): as_read(text) for i, text in kept["texts"].items()}
            victim = self._models.victim(self._models.load(fooled.identity))
            guiding = next(iter(self._attackers.values())).spec
            attacker = Attacker(replace(guiding, mode="lazy"))
            texts = adversarial_examples(attacker, victim, self._prepared.task.train, chosen)
            kept = {"attacked": chosen, "texts": {i: written(text) for i, text in texts.items()}}
            write_whole(path, json.dumps(kept).encode())
            return texts
