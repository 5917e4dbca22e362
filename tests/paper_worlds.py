"""The paper's own attack resources as stand-ins, in places of their own for a while."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from paper_stand_ins import places


@contextmanager
def looked_for_in(folder: Path) -> Iterator[None]:
    """The files are looked for in `folder`, whatever NLTK and TextAttack have seen before."""
    from kdnas.attacks.resources import tagger

    nltk = pytest.importorskip("nltk")  # before NLTK_DATA changes, which it reads when imported
    clear = [cache.cache_clear for cache in (tagger.load_tagger, tagger._tag, tagger._begun)]
    # NLTK keeps what it has read, which TextAttack would go on with.
    clear += [nltk.tag._get_tagger.cache_clear, nltk.tag.mapping._MAPPINGS.clear]
    with pytest.MonkeyPatch.context() as patch:
        for name, value in places(folder).items():
            patch.setenv(name, value)
        patch.setattr(nltk.data, "path", [os.environ["NLTK_DATA"]])
        for forget in clear:
            forget()
        try:
            yield
        finally:
            for forget in clear:
                forget()
