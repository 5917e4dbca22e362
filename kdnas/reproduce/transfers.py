"""Transfer attacks between the models of a comparison."""

from collections.abc import Callable, Sequence
from itertools import product
from pathlib import Path

from kdnas.config import Config
from kdnas.records import TextOutcome
from kdnas.runs import ModelArchive


def transfer_matrix(
    config: Config,
    folder: Path,
    archive: ModelArchive,
    names: Sequence[str],
    on_pair: Callable[[int, int], None],
) -> None:
    """Show what fooled each of these models to all of them (Guo 2021, section 4.1).

    Args:
        config: The reproduction.
        folder: Its folder.
        archive: Holds the attacks; takes the answers.
        names: The models; each replicate is shown what fooled the same replicate of another.
        on_pair: Called with how many pairs are done, and of how many.
    """
    replicates: dict[str, list[int]] = {}
    for row in archive.models():
        if row.name in names:
            replicates.setdefault(row.name, []).append(row.replicate)

    def one(name: str, replicate: int) -> int:
        """That replicate, or the first where there is none, as of the teacher."""
        return replicate if replicate in replicates[name] else replicates[name][0]

    direct = next(iter(archive.attacks), "")
    pairs: dict[tuple[str, str, int], list[TextOutcome]] = {}
    for surrogate, target in product(replicates, repeat=2):
        for replicate in sorted({*replicates[surrogate], *replicates[target]}):
            outcomes = archive.texts(surrogate, one(surrogate, replicate), direct)
            if any(outcome.outcome == "succeeded" for outcome in outcomes):
                pairs[surrogate, target, replicate] = outcomes
    known = archive.transferred()
    missing = [pair for pair in pairs if pair not in known]
    if not missing:
        return
    from kdnas.comparison.evaluator import ModelEvaluator  # it loads torch

    evaluator = ModelEvaluator(config, {}, folder.resolve())
    for done, (surrogate, target, replicate) in enumerate(missing, len(pairs) - len(missing) + 1):
        outcomes = pairs[surrogate, target, replicate]
        shown = evaluator.shown(outcomes, (target, one(target, replicate)))
        archive.add_transfer(surrogate, target, replicate, shown)
        on_pair(done, len(pairs))
