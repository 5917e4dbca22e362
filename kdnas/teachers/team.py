"""The teachers of a team: each is trained once and kept."""

from collections.abc import Callable
from pathlib import Path

from kdnas.config import TeacherSettings
from kdnas.errors import UserError
from kdnas.methods import Chain, Link, Member, Team
from kdnas.tasks import Task
from kdnas.teachers.chain import taught_chain
from kdnas.teachers.finetune import Teacher, prepare_teacher
from kdnas.teachers.pretrained import load_config


def require_team(settings: TeacherSettings, team: Team | None) -> None:
    """Refuse a team with a teacher that there cannot be.

    Raises:
        UserError: It has more layers than the teacher's model, or there is no folder of its name.
    """
    members = () if team is None else team.members
    depth = load_config(settings.model).num_hidden_layers if members else 0
    for member in members:
        if isinstance(member, str):
            if not Path(member).is_dir():
                raise UserError(
                    f"a team has the model {member}, and there is no such folder: name one that"
                    " holds a fine-tuned model"
                )
            load_config(member)
        elif member.model:
            load_config(member.model)
        elif isinstance(member.layers, int) and member.layers > depth:
            raise UserError(
                f"a team has a teacher of {member.layers} layers, and {settings.model} has {depth}:"
                f" name 1 to {depth} layers"
            )


def taught_team(
    settings: TeacherSettings,
    teacher: Teacher,
    task: Task,
    team: Team | None,
    say: Callable[[str], None] = lambda remark: None,
) -> tuple[Teacher, ...]:
    """The teachers of a team in order; none where there is no team.

    Args:
        settings: How a teacher is trained; the others are trained with its rate and epochs.
        teacher: The teacher of the run, which may be one of them.
        task: The texts and labels.
        team: Its members; each one that is not in the cache is trained, or taken over.
        say: Called with a line as each begins.

    Raises:
        UserError: A finished model does not tell the task's classes apart.
    """
    found = []
    members = () if team is None else team.members
    for number, member in enumerate(members, start=1):
        say(f"  teacher {number} of {len(members)}")
        found.append(_member(settings, teacher, task, member))
    return tuple(found)


def _member(
    settings: TeacherSettings, teacher: Teacher, task: Task, member: Member | str
) -> Teacher:
    if isinstance(member, str):
        as_it_is = {"epochs": 0, "method": "finetune", "label_share": 1.0}
        finished = settings.model_copy(update={"model": member, **as_it_is})
        return prepare_teacher(finished, task, teacher.max_length)
    own = settings.model_copy(update={"seed": member.seed})
    if member.model:
        other = own.model_copy(update={"model": member.model})
        return prepare_teacher(other, task, teacher.max_length)
    depth = load_config(settings.model).num_hidden_layers
    if member.seed == settings.seed and member.layers in ("all", depth):
        return teacher
    return taught_chain(own, teacher, task, Chain((Link(member.layers, taught=False),)))
