"""One student for a terminal: its block, its scores, and where it came from."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from kdnas import metrics
from kdnas.records import Evaluation, Measurement
from kdnas.registry import UnknownPart
from kdnas.runs import Row, RunContext
from kdnas.space import Architecture, block_plan

if TYPE_CHECKING:
    from rich.console import Group
    from rich.table import Table


def student_details(row: Row, rows: Sequence[Row], context: RunContext) -> "Group":
    """Everything the archive knows of a student.

    The block is drawn as it is built, i.e. of the canonical architecture: connected nodes only.

    Args:
        row: The student.
        rows: The run, for the lineage.
        context: The run's title, fitness weights and caveat.
    """
    from rich.console import Group

    parts: list[str | Table] = [
        f"student {row.key} of {context.title}, {_state(row)}\n",
        *_structure(row),
    ]
    if row.evaluation:
        parts += ["", _score_table(row.evaluation.search, row.report)]
        parts += ["", _cost_line(row.evaluation, context)]
    parts += [f"\nlineage: {_lineage(row, rows)}", f"training seed: {row.seed}", context.caveat]
    return Group(*parts)


def _structure(row: Row) -> "list[str | Table]":
    """The blocks of an architecture; of another space, or with parts unknown here, its JSON."""
    try:
        architecture = row.architecture.canonical()
        table = _block_table(architecture)
    except (UnknownPart, AttributeError):
        return [row.architecture_json]
    return [f"{architecture.repeats} blocks, hidden width {architecture.width}; each block:", table]


def _state(row: Row) -> str:
    if row.failure:
        return f"birth {row.birth}, failed: {row.failure.kind} ({row.failure.message})"
    degenerate = row.evaluation is not None and row.evaluation.search.degenerate
    state = "degenerate (always the same answer, or nearly)" if degenerate else row.status
    return f"birth {row.birth}, {state}"


def _plain_table(*columns: str) -> "Table":
    from rich import box
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, 2, 0, 0))
    for name in columns:
        table.add_column(name)
    return table


def _block_table(architecture: Architecture) -> "Table":
    """One line for every node: what flows in, how it merges, and what is done with it."""
    plan, output = block_plan(architecture), architecture.output
    table = _plain_table("node", "from", "merge", "layer", "width", "activation")
    for planned in plan.nodes:
        node = planned.node
        table.add_row(
            f"v{planned.vertex}",
            _names(planned.sources),
            node.mode if len(planned.sources) > 1 else "",
            node.op.described,
            f"{planned.in_width} -> {node.width}",
            node.activation,
        )
    table.add_row(
        "out",
        _names(plan.out_sources),
        output.mode if len(plan.out_sources) > 1 else "",
        "",
        f"{plan.merged_width} -> {architecture.width}",
        output.activation,
    )
    return table


def _names(sources: Sequence[int]) -> str:
    return ", ".join(f"v{source}" if source else "in" for source in sources)


def _score_table(search: Measurement, report: Measurement | None) -> "Table":
    """Scores and attack counts of both splits, in points where they are shares."""
    splits = {"search-val": search} | ({"report-val": report} if report else {})
    table = _plain_table("shares in points", *splits)
    lines = [_score_lines(measurement) for measurement in splits.values()]
    for name in lines[0]:
        table.add_row(name, *(column[name] for column in lines))
    return table


def _score_lines(m: Measurement) -> dict[str, str]:
    def line(score: metrics.Score, indent: str = "") -> dict[str, str]:
        return {indent + score.label: score.written_of(m)}

    of_task = {} if m.metric == "accuracy" else line(metrics.headline(m.metric))
    if m.fit is not None:
        return {**of_task, **line(metrics.TEXTS)}
    counted = m.attack.queries is not None
    return {
        **of_task,
        **line(metrics.ACCURACY),
        **line(metrics.WORST_CLASS_ACCURACY, "  "),
        **line(metrics.ROBUSTNESS),
        **line(metrics.WORST_CLASS_ROBUSTNESS, "  "),
        **line(metrics.TEXTS),
        **line(metrics.ATTACKED),
        "  wrong before": str(sum(m.attack.skipped)),
        "  attack succeeded": str(sum(m.attack.succeeded)),
        "  attack failed": str(sum(m.attack.failed)),
        **line(metrics.SUCCESS_RATE),
        "queries per attack": metrics.QUERIES.written_of(m) if counted else "not counted",
        **line(metrics.WORDS_CHANGED),
    }


def _cost_line(evaluation: Evaluation, context: RunContext) -> str:
    def written(*chosen: metrics.Metric) -> list[str]:
        return [metric.written(evaluation) for metric in chosen]

    size, blocks, flops = written(metrics.PARAMETERS, metrics.BLOCK_PARAMETERS, metrics.FLOPS)
    loss, *seconds = written(metrics.LOSS, metrics.TRAIN_SECONDS, metrics.ATTACK_SECONDS)
    added = metrics.added(context.objectives)
    return (
        f"{size} M parameters ({blocks} M outside the embedding), {flops} M operations per text\n"
        f"fitness {metrics.fitness(evaluation, context.weights):.1f}, distillation loss {loss}, "
        f"{seconds[0]} s training, {seconds[1]} s attack"
        + "".join(f", {m.header} {value}" for m, value in zip(added, written(*added), strict=True))
    )


def _lineage(row: Row, rows: Sequence[Row]) -> str:
    """The student's births back to the start, along first parents."""
    known = {other.birth: other for other in rows}
    steps, current = [], row
    while current.parents:
        first, *others = current.parents
        if first not in known or first >= current.birth:  # damaged, and may go round for ever
            break
        more = "".join(f" with {birth}" for birth in others)
        steps.append(f"{current.birth} ({current.operation}{more})")
        current = known[first]
    return " <- ".join([*steps, f"{current.birth} ({current.operation})"])
