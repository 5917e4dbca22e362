"""`--dry-run` of `kdnas search` and `kdnas compare`: what a run would take, from timed students."""

import os
from typing import TYPE_CHECKING

from kdnas.cli.attack_output import print_spec, warn_of_reference
from kdnas.cli.output import counted, duration, messages, results, say_stage
from kdnas.errors import UserError
from kdnas.records import EvaluationFailed

if TYPE_CHECKING:
    from kdnas.config import Config
    from kdnas.study.plan import Plan
    from kdnas.tasks import Task


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
    count, cores = config.search.evaluations, os.cpu_count() or 1
    shared = f" on {counted(cores, 'core')}" if jobs > cores else ""
    threads = counted(config.search.threads, "thread")
    say(f"splits: {found.task.sizes} texts")
    say_remarks(config, found.task)
    if not found.task.of_numbers:
        print_spec(attack_spec(config, found.task))
    say(f"students: {count}, {jobs} at once{shared}, {threads} each")
    say(f"timed student: {found.architecture}")
    say(
        f"time: {duration(found.student_seconds)} a student "
        f"(distillation {duration(found.train_seconds)}, attack {duration(found.attack_seconds)}), "
        f"{duration(found.seconds(count, jobs, cores))} in all, without the teacher and the report",
    )
    say(f"disk: {found.disk_bytes(count) / 1e6:.0f} MB")


def say_remarks(config: "Config", task: "Task") -> None:
    """Say what a user should know of the data and of the attack on them."""
    from kdnas.evaluation import remarks_on

    for remark in remarks_on(config, task):
        messages().print(remark)


def print_plans(config: "Config", jobs: int) -> None:
    """Print the trainings, time and disk of a comparison; nothing of it is started.

    Args:
        config: The comparison, of one task or several, of which all is there.
        jobs: Trainings at once.
    """
    from kdnas.config import task_configs

    if not config.compare.tasks:
        print_plan(config, jobs)
        return
    plans = []
    for name, each in task_configs(config).items():
        results().print(f"task {name}")
        plans.append(print_plan(each, jobs))
    cores = os.cpu_count() or 1
    seconds = sum(plan.seconds(jobs, cores) for plan in plans)
    megabytes = sum(plan.bytes for plan in plans) / 1e6
    results().print(
        f"all {len(plans)} tasks: {sum(plan.trainings for plan in plans)} trainings, about"
        f" {duration(seconds)}, {megabytes:.0f} MB"
    )


def print_plan(config: "Config", jobs: int) -> "Plan":
    """Print the trainings, time and disk of a comparison of one task; return the plan."""
    from kdnas.study.plan import made_beforehand, planned
    from kdnas.training import quiet_libraries

    quiet_libraries()
    warn_of_reference(config.attack.recipe)
    try:
        plan = planned(config, say_stage)
    except EvaluationFailed as error:
        raise UserError(f"a student of this comparison cannot be trained: {error}") from error
    say, compared = results().print, config.compare
    say(f"splits: {plan.task.sizes} texts")
    say_remarks(config, plan.task)
    say(f"students: {', '.join(student.name for student in plan.students)}")
    say(f"methods: {', '.join(compared.methods)}; tested against {compared.against}")
    counts = (len(plan.students), "student"), (len(plan.costs), "method")
    numbers = " x ".join(counted(*each) for each in (*counts, (plan.replicates, "replicate")))
    say(f"trainings: {plan.trainings} = {numbers}, {min(jobs, plan.trainings)} at once")
    say(f"made once: {'; '.join(('the teacher', *made_beforehand(config)))}")
    for student in plan.students:
        attacks = "" if plan.task.of_numbers else f", attacks {duration(student.attacks)}"
        say(f"{student.name}: a training by KD {duration(student.training)}{attacks}")
    seconds = plan.seconds(jobs, os.cpu_count() or 1)
    say(f"time: about {duration(seconds)} in all, without what is made once")
    say(f"disk: {plan.bytes / 1e6:.0f} MB")
    return plan
