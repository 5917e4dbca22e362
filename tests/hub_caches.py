"""What Hugging Face's libraries leave in their caches, in miniature and in their own layout."""

import shutil
from collections.abc import Mapping
from hashlib import sha1, sha256
from pathlib import Path

COMMIT = "86b5e0934494bd15c9632b12f734a8a67f723594"

Rows = Mapping[str, tuple[list[str], list[int]]]


def keep_model(cache: Path, name: str, files: Path) -> Path:
    """Put a saved model into the cache of `huggingface_hub`; returns the folder of its files.

    Args:
        cache: The folder `hub` of the cache.
        name: The model's id.
        files: What is saved of it.
    """
    folder = cache / f"models--{name.replace('/', '--')}"
    snapshot = folder / "snapshots" / COMMIT
    for part in (folder / "refs", folder / "blobs", snapshot):
        part.mkdir(parents=True)
    (folder / "refs" / "main").write_text(COMMIT)
    for file in sorted(files.iterdir()):
        content = file.read_bytes()
        large = file.suffix == ".safetensors"
        blob = sha256(content) if large else sha1(b"blob %d\0%b" % (len(content), content))
        (folder / "blobs" / blob.hexdigest()).write_bytes(content)
        (snapshot / file.name).symlink_to(Path("..", "..", "blobs", blob.hexdigest()))
    return snapshot


CARD = """---
license: {licence}
configs:
- config_name: {configuration}
  data_files:
{files}
dataset_info:
  config_name: {configuration}
  features:
  - name: {column}
    dtype: string
  - name: label
    dtype:
      class_label:
        names:
{names}
---
"""


def write_repository(
    folder: Path, configuration: str, column: str, names: list[str], rows: Rows
) -> Path:
    """Write a data set as a repository of the hub: its card, and a Parquet file a split."""
    from datasets import Dataset

    folder.mkdir(parents=True)
    for split, (texts, labels) in rows.items():
        table = Dataset.from_dict({column: texts, "label": labels})
        (folder / configuration).mkdir(exist_ok=True)
        table.to_parquet(folder / configuration / f"{split}-00000-of-00001.parquet")
    files = [f"  - split: {split}\n    path: {configuration}/{split}-*" for split in rows]
    card = CARD.format(
        licence="other",
        configuration=configuration,
        column=column,
        files="\n".join(files),
        names="\n".join(f"          '{i}': {name}" for i, name in enumerate(names)),
    )
    (folder / "README.md").write_text(card)
    return folder


def keep_data(cache: Path, repository: Path) -> Path:
    """Have `datasets` prepare a repository of its name; returns the folder that it made.

    Args:
        cache: The folder `datasets` of the cache.
        repository: A folder that is called as the data set on the hub.
    """
    from datasets import load_dataset

    data = load_dataset(str(repository), cache_dir=str(cache))
    (place,) = {
        Path(file["filename"]).parent for split in data.values() for file in split.cache_files
    }
    for lock in cache.glob("*.lock"):
        lock.unlink()
    shutil.rmtree(cache / "downloads", ignore_errors=True)
    return place
