"""When a search pauses instead of recording what says nothing of a student, and how it goes on."""

import pytest
from test_search import content, new, search, toy_config, whole

from kdnas.config import Config, WorkerSettings
from kdnas.errors import UserError
from kdnas.loop import KILLED_IN_A_ROW
from kdnas.problems import toy_evaluate
from kdnas.records import Evaluate, EvaluationFailed, FailureKind, Job


def failing(kind: FailureKind, *births: int) -> Evaluate:
    """The toy evaluation, of which some births fail in one way."""

    def evaluate(job: Job):
        if job.birth in births:
            raise EvaluationFailed(kind, "it took over 60 s" if kind == "timeout" else "SIGKILL")
        return toy_evaluate(job)

    return evaluate


def statuses(archive) -> str:
    """The first letter of each student's status, by birth."""
    return "".join(row.status[0] for row in archive.rows())


def counting(config: Config) -> Config:
    return config.model_copy(update={"workers": WorkerSettings(timeout_is_result=True)})


@pytest.mark.parametrize("algorithm", ["tournament", "nsga2"])
def test_a_timeout_pauses_a_run_in_generations_and_leaves_no_trace(algorithm, tmp_path):
    config = toy_config(algorithm)
    with new(tmp_path) as archive:
        with pytest.raises(UserError, match=r"trial 5: it took over 60 s; the run pauses"):
            search(config, archive, failing("timeout", 5))
        assert statuses(archive) == "ooooo" + "p" * 5
        search(config, archive, toy_evaluate)  # on a faster machine
        assert content(archive) == whole(config, tmp_path, evaluate=toy_evaluate)


@pytest.mark.parametrize("change", [counting, lambda config: config])
def test_a_timeout_counts_where_it_is_a_result_or_nothing_can_be_repeated(change, tmp_path):
    config = change(toy_config("nsga2", asynchronous=change is not counting))
    with new(tmp_path) as archive:
        assert search(config, archive, failing("timeout", 5, 6, 7)) == "budget"
        assert statuses(archive) == "ooooofff" + "o" * 18
        assert [row.failure.kind for row in archive.rows() if row.failure] == ["timeout"] * 3


def test_workers_that_die_one_after_the_other_pause_the_run(tmp_path):
    config = toy_config("nsga2")
    with new(tmp_path) as archive:
        with pytest.raises(UserError, match=r"3 trials in a row died \(SIGKILL\); the run"):
            search(config, archive, failing("killed", 3, 4, 5))
        assert statuses(archive) == "ooo" + "p" * 7  # the machine failed, not these students
        search(config, archive, toy_evaluate)
        assert content(archive) == whole(config, tmp_path, evaluate=toy_evaluate)


@pytest.mark.parametrize("births", [(3, 4, 6, 7), (0, 2, 4, 6, 8)])
def test_students_that_kill_their_workers_now_and_then_have_failed(births, tmp_path):
    with new(tmp_path) as archive:
        assert search(toy_config("nsga2"), archive, failing("killed", *births)) == "budget"
        expected = ["f" if birth in births else "o" for birth in range(26)]
        assert statuses(archive) == "".join(expected)


def test_recorded_deaths_do_not_pause_a_resumed_run(tmp_path):
    """Two old ones and a new one are not three in a row of this machine."""
    config = toy_config("nsga2", batch=1)
    with new(tmp_path) as archive:

        def stopping(job: Job):
            if job.birth == 13:
                raise KeyboardInterrupt
            return failing("killed", 11, 12)(job)

        with pytest.raises(KeyboardInterrupt):
            search(config, archive, stopping)
        assert statuses(archive) == "o" * 11 + "ffp"
        assert search(config, archive, failing("killed", 13)) == "budget"
        assert statuses(archive).count("f") == KILLED_IN_A_ROW


def test_asynchronously_only_what_was_not_told_is_forgotten(tmp_path):
    """What was told has changed the search; its record has to stay."""
    config = toy_config("tournament", asynchronous=True)
    with new(tmp_path) as archive:
        with pytest.raises(UserError, match="in a row died"):
            search(config, archive, failing("killed", 3, 4, 5))
        assert statuses(archive) == "oooffp"
        assert search(config, archive, toy_evaluate) == "budget"
