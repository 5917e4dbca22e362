"""`Watcher`: who is told how a reproduction gets on."""

from typing import Protocol

from kdnas.reproduce.models import Model
from kdnas.runs.status import Observer


class Watcher(Observer, Protocol):
    """Who is told how a reproduction gets on, besides what an `Observer` is told."""

    def search(self, name: str, number: int, total: int) -> None:
        """A search starts or goes on, the first with number 1."""
        ...

    def models(self, total: int) -> None:
        """The trainings of the comparison start or go on."""
        ...

    def model(self, model: Model, done: int, total: int) -> None:
        """A model was trained and attacked."""
        ...

    def pair(self, done: int, total: int) -> None:
        """A transfer is done."""
        ...
