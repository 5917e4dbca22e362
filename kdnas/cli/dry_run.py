"""`kdnas search --dry-run`: what a run would take, from one timed student."""

import os
from typing import TYPE_CHECKING

from kdnas.cli.attack_output import print_spec, say_remark, warn_of_reference
from kdnas.cli.output import counted, duration, results, say_stage
from kdnas.errors import UserError
from kdnas.records import EvaluationFailed

if TYPE_CHECKING:
    from kdnas.config import Config


def print_dry_run(config: "Config", jobs: int, command: str) -> None:
    """Print splits, students, time and disk of a run; nothing of it is started.

    Args:
        config: The run.
        jobs: Students at once.
        command: What fetches all that it needs.
    """
    from kdnas.cli.beforehand import require_inputs

    require_inputs(config, command)
    warn_of_reference(config.attack.recipe)

    from kdnas.estimate import estimate_run
    from kdnas.evaluation import attack_spec
    from kdnas.training import quiet_libraries

    quiet_libraries()
    try:
        found = estimate_run(config, say_stage)
    except EvaluationFailed as error:
        raise UserError(f"a student of this run cannot be evaluated: {error}") from error
    say = results().print
    splits = ", ".join(f"{name} {len(split)}" for name, split in found.task.splits.items())
    count, cores = config.search.evaluations, os.cpu_count() or 1
    shared = f" on {counted(cores, 'core')}" if jobs > cores else ""
    threads = counted(config.search.threads, "thread")
    say(f"splits: {splits} texts")
    if not found.task.of_numbers:
        print_spec(attack_spec(config, found.task))
    say_remark("data", found.task.remark)
    if not found.task.of_numbers:
        say_remark("attack", config.attack.remark(found.task.label_names))
    say(f"students: {count}, {jobs} at once{shared}, {threads} each")
    say(f"timed student: {found.architecture}")
    say(
        f"time: {duration(found.student_seconds)} a student "
        f"(distillation {duration(found.train_seconds)}, attack {duration(found.attack_seconds)}), "
        f"{duration(found.seconds(count, jobs, cores))} in all, without the teacher and the report",
    )
    say(f"disk: {found.disk_bytes(count) / 1e6:.0f} MB")
