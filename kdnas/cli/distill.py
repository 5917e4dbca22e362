"""`kdnas distill`: one student taught by one method, as a Hugging Face model."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from kdnas.cli.options import ConfigOption, PresetOption, SetOption, fetch_command

if TYPE_CHECKING:
    from kdnas.config import Config


def distill(
    student: Annotated[
        str,
        typer.Argument(
            metavar="STUDENT",
            help="ARCH.json, RUN:KEY, layers:3, every:2, cut:1+3:MODEL, cells, drawn:0, MODEL.",
        ),
    ],
    out: Annotated[Path, typer.Option(metavar="DIR", help="A new folder.")],
    method: Annotated[
        str | None, typer.Option(metavar="NAME", help="See `kdnas methods`; default: the run's.")
    ] = None,
    preset: PresetOption = None,
    config: ConfigOption = None,
    overrides: SetOption = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Leave alone what is finished; else train it.")
    ] = False,
) -> None:
    """Teach a student and write it as a model folder with its scores.

    Data, teacher and attack are those of the configuration; RUN:KEY takes its run's. What was
    computed before training, such as the teacher, is kept and found again.

    Example: kdnas distill layers:3 --method pkd --preset compare-offline --out student
    """
    from kdnas.cli.attack_output import print_spec
    from kdnas.cli.beforehand import new_folder, require_inputs
    from kdnas.cli.output import messages, results
    from kdnas.methods import METHODS
    from kdnas.metrics import shown_scores
    from kdnas.study import distil_one, student_of

    if resume and (out / "README.md").is_file():
        messages().print(f"{out} is finished")
        return
    named = _config(student, preset, config, overrides)
    name = method or named.distill.method
    METHODS.load(name)
    chosen = _alone(named, student, name)
    wanted = student_of(student, chosen.space)
    chosen.distill.require_teachable(name, wanted.learner(chosen.task))
    say = messages().print
    with new_folder(out) as draft:
        require_inputs(chosen, fetch_command(preset, config, overrides), out, "compare")
        measured, spec = distil_one(
            chosen, wanted, name, draft, lambda stage: say(f"stage {stage}"), say
        )
    scores = shown_scores(chosen.task.metric)[:2]
    results().print(f"{out}: {', '.join(f'{s.label} {s.written_of(measured)}' for s in scores)}")
    print_spec(spec)


def _config(
    student: str, preset: str | None, file: Path | None, overrides: list[str] | None
) -> "Config":
    """The configuration that is named, or that of the run in RUN:KEY, with the overrides."""
    from kdnas.cli.beforehand import chosen_config
    from kdnas.config import overridden
    from kdnas.errors import UserError
    from kdnas.runs import Archive, RunFolder, stored_config

    place, colon, _ = student.rpartition(":")
    run = RunFolder(Path(place))
    if colon and not (preset or file or overrides or run.archive.is_file()):
        raise UserError(
            f"no run at {place}: name one as RUN:KEY, or say with --preset, --config or --set on"
            " what data the student is taught"
        )
    if preset or file or not colon or not run.archive.is_file():
        return chosen_config(preset, file, overrides)
    with Archive.read(run.archive) as archive:
        return overridden(stored_config(archive), overrides or [])


def _alone(config: "Config", student: str, method: str) -> "Config":
    """The comparison of this student and this method alone."""
    one = {"methods": (method,), "students": (student,), "replicates": 1, "attacks": ()}
    update = {
        "distill": config.distill.with_tables([method]).model_copy(update={"method": method}),
        "compare": config.compare.model_copy(update=one),
    }
    return config.model_copy(update=update)
