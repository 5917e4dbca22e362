"""Fetching an archive: a half download is never taken for a whole one."""

import shutil
import tarfile
from collections.abc import Callable
from http.client import HTTPException
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal
from urllib.request import urlopen
from zipfile import BadZipFile
from zlib import error as ZlibError

from kdnas.errors import UserError

Report = Callable[[int, int], None]
"""Called with the bytes that are there and those of the whole, 0 where the server does not say."""

_DAMAGED = (shutil.ReadError, tarfile.TarError, BadZipFile, ZlibError, EOFError)
"""What an archive raises that is not whole, or none."""

_BLOCK = 1 << 20
_PATIENCE = 60.0  # seconds without a byte


def fetch_archive(
    source: str,
    form: Literal["zip", "gztar"],
    place: Path,
    problem: Callable[[Path], str],
    report: Report,
) -> None:
    """Fetch an archive and put its content in `place`, which holds all of it or stays as it was.

    Args:
        source: The address.
        form: What the archive is.
        place: The folder to be; an archive may hold one of the same name, or its content.
        problem: What is wrong with such a folder; "" for nothing.
        report: Told of the bytes.

    Raises:
        UserError: It cannot be had, or cannot be written.
    """
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(prefix=f"{place.name}.", dir=place.parent) as folder:
            draft, inside = Path(folder, "archive"), Path(folder, "inside")
            _download(source, draft, report)
            content = _unpacked(source, draft, form, inside, place.name)
            if found := problem(content):
                raise UserError(_not_whole(source, found))
            if place.exists():
                place.rename(Path(folder, "before"))
            content.rename(place)
    except (OSError, HTTPException) as error:
        reason = " ".join(str(error).split())[:120] or type(error).__name__
        raise UserError(
            f"cannot fetch {source} to {place} ({reason}): connect, or put there what it gives"
        ) from error


def _unpacked(source: str, archive: Path, form: str, folder: Path, name: str) -> Path:
    """The folder of an archive's content, which may be of that name in it."""
    try:
        shutil.unpack_archive(archive, folder, form, filter="data" if form == "gztar" else None)
    except _DAMAGED as error:
        raise UserError(_not_whole(source, f"no {form} archive")) from error
    return folder / name if (folder / name).is_dir() else folder


def _not_whole(source: str, found: str) -> str:
    return f"what {source} gives is not whole ({found}): try again later"


def _download(source: str, path: Path, report: Report) -> None:
    """Download a file; certificates are checked.

    Raises:
        OSError: The connection fails or breaks off.
    """
    with urlopen(source, timeout=_PATIENCE) as answer, path.open("wb") as file:
        whole, done = int(answer.headers.get("Content-Length") or 0), 0
        while block := answer.read(_BLOCK):
            file.write(block)
            done += len(block)
            report(done, whole)
    if done < whole:
        raise OSError(f"the connection broke off after {done} of {whole} bytes")
