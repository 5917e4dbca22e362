"""`kdnas search --dry-run`: what a run would take, from one timed student."""

from typing import TYPE_CHECKING

from kdnas.cli.output import duration, results

if TYPE_CHECKING:
    from kdnas.config import Config


def print_dry_run(config: "Config", jobs: int) -> None:
    """Print splits, students, time and disk of a run; nothing of it is started."""
    from kdnas.estimate import estimate_run
    from kdnas.pipeline import quiet_libraries

    quiet_libraries()
    found, say = estimate_run(config), results().print
    splits = ", ".join(f"{name} {len(split)}" for name, split in found.task.splits.items())
    count = config.search.evaluations
    student = found.train_seconds + found.attack_seconds
    say(f"splits: {splits} texts", soft_wrap=True)
    say(f"students: {count}, {jobs} at once, {config.search.threads} threads each")
    say(f"timed student: {found.architecture}", markup=False, soft_wrap=True)
    say(
        f"time: {duration(student)} a student (distillation {duration(found.train_seconds)}, "
        f"attack {duration(found.attack_seconds)}), {duration(student * count / jobs)} in all, "
        "without the teacher and the report",
        soft_wrap=True,
    )
    say(f"disk: {found.disk_bytes(count) / 1e6:.0f} MB", soft_wrap=True)
