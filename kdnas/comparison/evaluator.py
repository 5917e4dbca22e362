"""`ModelEvaluator`: trains a model of a comparison, saves it and attacks it. One per process."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from filelock import FileLock
from safetensors import SafetensorError

from kdnas.attacks import Attacker, transfer
from kdnas.augment import adversarial_examples, attacked_share, with_examples
from kdnas.comparison.folder import ModelFolder
from kdnas.comparison.model import Model
from kdnas.comparison.trainer import Trainer
from kdnas.config import AttackSettings, Config
from kdnas.errors import UserError
from kdnas.evaluation import prepare
from kdnas.offline import content_hash
from kdnas.records import AttackSpec, MadeText, Text, TextOutcome, as_read, written
from kdnas.runs import FILE_NAME, MODELS_FILE, ModelRow, Store, require_same_origin, weights_of
from kdnas.tasks import Task
from kdnas.training import answers_of, choose_device, exact_float32, quiet_libraries
from kdnas.writing import write_whole


@dataclass(frozen=True)
class EvaluatedModel:
    """A trained model on report-val.

    Attributes:
        row: The model.
        predictions: The class, or the number, that it gives each text.
        specs: The attacks on it by name; none where labels are numbers.
        texts: What became of each attacked text in each of them.
        made: Some of the texts that were made for its training.
    """

    row: ModelRow
    predictions: tuple[float, ...]
    specs: Mapping[str, AttackSpec]
    texts: Mapping[str, list[TextOutcome]]
    made: tuple[MadeText, ...] = ()


class ModelEvaluator:
    """Trains, saves and attacks the models of one comparison.

    Args:
        config: The comparison.
        attacks: The attacks on every model by name.
        folder: Its folder; models and adversarial texts are kept there.

    Raises:
        UserError: The task or the teacher is another one now than the searches had.
    """

    def __init__(self, config: Config, attacks: Mapping[str, AttackSettings], folder: Path) -> None:
        quiet_libraries()
        exact_float32(config.search.threads)
        self._config, self._folder = config, folder
        self._prepared = prepare(config)
        task, teacher = self._prepared.task.summary(), self._prepared.teacher.identity
        for path in (*folder.glob(f"*/{FILE_NAME}"), *folder.glob(MODELS_FILE)):
            with Store.read(path) as store:
                require_same_origin(folder, store, task, teacher)
        tokenizer, length = self._prepared.tokenizer, config.student.max_length
        pairs = self._prepared.task.pairs
        self._models = ModelFolder(folder, tokenizer, length, choose_device(), pairs)
        self._train = Trainer(config, self._prepared, self._models)
        sentiment, seed = self._prepared.task.sentiment, config.search.seed
        specs = {name: each.spec(sentiment=sentiment, seed=seed) for name, each in attacks.items()}
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
        seed, task = model.seed(self._config.search.seed), self._task_of(model)
        trained = self._train(model, task, seed)
        network = trained.network.eval()
        self._models.save(model, network)
        victim = self._models.victim(network)
        rows = victim.encode(list(map(written, task.report.texts)))
        predicted = answers_of(victim.logits(rows))
        split = task.report.head(self._config.attack.report_texts)
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
            loss=trained.loss,
            seconds=trained.seconds,
            architecture=json.dumps(architecture) if architecture else "",
            weights=content_hash(weights_of(self._folder, *model.identity)),
        )
        specs = {name: attacker.spec for name, attacker in self._attackers.items()}
        return EvaluatedModel(row, tuple(predicted.tolist()), specs, texts, trained.made)

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
