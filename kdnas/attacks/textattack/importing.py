"""Importing textattack without a connection and without touching the user's settings.

At its import textattack downloads NLTK data, needs NLTK's stop words, and, where `TA_CACHE_DIR` is
set, overwrites the cache settings of other libraries. Here the download is switched off for the
time of the import, the stop words are those of the package, its cache is a folder of ours, and
every environment variable is put back.
"""

import logging
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any

from kdnas.attacks.resources.stopwords import stopwords
from kdnas.cache import WAY_OUT, cache_folder, make_folder
from kdnas.errors import UserError, require_extra


def import_textattack() -> ModuleType:
    """The textattack package, imported once per process.

    Raises:
        UserError: It is not installed, or the folder that it needs cannot be made.
    """
    if "textattack" not in sys.modules:
        require_extra("textattack", "textattack", "this attack")
        folder = cache_folder() / "textattack"
        try:
            make_folder(folder)
        except OSError as error:
            reason = error.strerror or error
            raise UserError(f"cannot make {folder}: {reason}; {WAY_OUT}") from error
        with _environment_kept(), nltk_offline(), _quiet_logging():
            os.environ["TA_CACHE_DIR"] = str(folder)
            import textattack

            # It remarks on every model class that it does not know.
            textattack.shared.logger.setLevel(logging.ERROR)
    return sys.modules["textattack"]


@contextmanager
def _environment_kept() -> Iterator[None]:
    before = dict(os.environ)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


@contextmanager
def nltk_offline() -> Iterator[None]:
    """Nothing is downloaded, and English stop words are those of the package."""
    import nltk

    download, installed = nltk.download, nltk.corpus.stopwords
    nltk.download = lambda *args, **kwargs: True
    nltk.corpus.stopwords = _Stopwords(installed)
    try:
        yield
    finally:
        nltk.download, nltk.corpus.stopwords = download, installed


class _Stopwords:
    """Stands in for NLTK's stop words, whose English ones depend on when they were downloaded."""

    def __init__(self, installed: Any) -> None:
        self._installed = installed

    def words(self, language: str) -> list[str]:
        """The stop words of a language."""
        return (
            sorted(stopwords("nltk")) if language == "english" else self._installed.words(language)
        )


@contextmanager
def _quiet_logging() -> Iterator[None]:
    disabled: Any = logging.root.manager.disable
    logging.disable(logging.INFO)
    try:
        yield
    finally:
        logging.disable(disabled)
