"""The section `slurm`: what the jobs of a Slurm cluster ask for; it decides about no result."""

from typing import Annotated

from pydantic import Field

from kdnas.config.section import Count, Section, Threads


class SlurmSettings(Section):
    """What every job of `--cluster slurm` asks for: one worker, one student at a time.

    Attributes:
        workers: Jobs that are kept running.
        partition, account: None for Slurm's default.
        time: Longest life of a job, such as "12:00:00"; a worker that ends is replaced.
        memory: Of a job, such as "8GB".
        cpus: Of a job; set `search.threads` to as many.
        gpus: Of a job.
        interface: Network interface on which workers reach the driver, such as "ib0".
        directives: Further lines of #SBATCH, such as "--constraint=a100".
        prologue: Lines of shell before the worker starts, such as "module load cuda".
        logs: Folder for the jobs' output.
    """

    workers: Count = 4
    partition: str | None = None
    account: str | None = None
    time: str = "12:00:00"
    memory: str = "8GB"
    cpus: Threads = 1
    gpus: Annotated[int, Field(ge=0, le=1024)] = 0
    interface: str | None = None
    directives: tuple[str, ...] = ()
    prologue: tuple[str, ...] = ()
    logs: str | None = None
