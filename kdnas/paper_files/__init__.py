"""The files of the paper's own attack resources: where they are, whether they are whole, fetching.

- `PAPER_FILES`: counter-fitted word vectors, Universal Sentence Encoder, NLTK's tagger (table);
- a `PaperFile` looks where the file's own library keeps it, so that what is there already is found;
  `problem` reads no more than headers and sizes (whole, saved_model), `fetch` puts a file in its
  place whole or not at all (fetching);
- `needed_paper_files`, `require_paper_files`: what an attack reads, and its refusal where that is
  missing or damaged;
- `require_wordnet`: where WordNet is, which no attack reads but augmenters do.

What is in the files is read by `kdnas.attacks.resources`.
"""

from kdnas.paper_files.table import (
    PAPER_FILES,
    SENTENCE_ENCODER_URL,
    PaperFile,
    needed_paper_files,
    require_paper_files,
    textattack_folder,
)
from kdnas.paper_files.wordnet import require_wordnet

__all__ = [
    "PAPER_FILES",
    "SENTENCE_ENCODER_URL",
    "PaperFile",
    "needed_paper_files",
    "require_paper_files",
    "require_wordnet",
    "textattack_folder",
]
