"""Whether TensorFlow's SavedModel is whole, told without TensorFlow.

Its graph is one protocol buffer. Its variables are in shards beside an index: a sorted table (of
LevelDB's form, uncompressed) whose entries say where in which shard each tensor lies.
"""

import struct
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

from kdnas.paper_files.whole import FOREIGN, HALF, MISSING

_FOOTER = 48
_TABLE_MAGIC = 0xDB4775248B80FB57
_BLOCK_END = 5  # a byte for the compression, four for a checksum
_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
_SHARD, _OFFSET, _SIZE = 3, 4, 5
"""The fields of an index entry that are looked at."""

_SHORT = (IndexError, struct.error)


def saved_model_problem(folder: Path) -> str:
    """What is wrong with the folder of a SavedModel."""
    if not folder.is_dir():
        return MISSING
    graph, index = folder / "saved_model.pb", folder / "variables" / "variables.index"
    for path in (graph, index):
        if not path.is_file():
            return f"{path.name}: {MISSING}"
    try:
        if not list(_fields(graph.read_bytes())):
            return f"{graph.name}: {HALF}"
    except _SHORT:
        return f"{graph.name}: {HALF}"
    try:
        wanted = _shard_sizes(index.read_bytes())
    except (*_SHORT, ValueError):
        return f"{index.name}: {HALF}"
    return _shards_problem(folder / "variables", wanted)


def _shards_problem(folder: Path, wanted: dict[int, int]) -> str:
    for path in sorted(folder.glob("variables.data-*")):
        try:
            number, count = map(int, path.name.removeprefix("variables.data-").split("-of-"))
        except ValueError:
            return f"{path.name}: {FOREIGN}"
        if path.stat().st_size < wanted.pop(number, 0):
            return f"{path.name}: {HALF}"
        if number >= count:
            return f"{path.name}: {FOREIGN}"
    return f"variables.data: {MISSING}" if any(wanted.values()) else ""


def _shard_sizes(table: bytes) -> dict[int, int]:
    """The least size of each shard, by an index.

    Raises:
        ValueError: It is no such table.
    """
    if len(table) < _FOOTER or int.from_bytes(table[-8:], "little") != _TABLE_MAGIC:
        raise ValueError("no table")
    at = len(table) - _FOOTER
    for _ in range(2):  # the block of other facts goes before that of the blocks
        _, at = _varint(table, at)
    ends: dict[int, int] = defaultdict(int)
    for _, handle in _entries(table, at):
        for key, value in _entries(table, 0, handle):
            if key:  # the empty key has the header
                entry = dict(_fields(value))
                end = int(entry.get(_OFFSET, 0)) + int(entry.get(_SIZE, 0))
                shard = int(entry.get(_SHARD, 0))
                ends[shard] = max(ends[shard], end)
    return ends


def _entries(table: bytes, at: int, handle: bytes | None = None) -> Iterator[tuple[bytes, bytes]]:
    """Keys and values of the block that the handle, or the one at `at` of the table, points to.

    Raises:
        ValueError: The block is compressed, or not there.
    """
    offset, at = _varint(table if handle is None else handle, at)
    size, _ = _varint(table if handle is None else handle, at)
    block = table[offset : offset + size]
    if len(table) < offset + size + _BLOCK_END or table[offset + size] != 0:
        raise ValueError("no such block")
    (restarts,) = struct.unpack("<I", block[-4:])
    at, end, key = 0, len(block) - 4 * (restarts + 1), b""
    while at < end:
        shared, at = _varint(block, at)
        new, at = _varint(block, at)
        length, at = _varint(block, at)
        key = key[:shared] + block[at : at + new]
        yield key, block[at + new : at + new + length]
        at += new + length


def _fields(message: bytes) -> Iterator[tuple[int, int]]:
    """Numbers of a protocol buffer's fields, with their values where these are integers.

    Raises:
        IndexError: It is cut off, or no protocol buffer.
    """
    at = 0
    while at < len(message):
        tag, at = _varint(message, at)
        value, kind = 0, tag & 7
        if kind == _VARINT:
            value, at = _varint(message, at)
        elif kind == _BYTES:
            length, at = _varint(message, at)
            at += length
        elif kind in (_FIXED32, _FIXED64):
            at += 4 if kind == _FIXED32 else 8
        else:
            raise IndexError("no such type")
        if at > len(message):
            raise IndexError("cut off")
        yield tag >> 3, value


def _varint(data: bytes, at: int) -> tuple[int, int]:
    """A number of seven bits a byte, and where it ends."""
    value = shift = 0
    while True:
        byte = data[at]
        value |= (byte & 127) << shift
        at, shift = at + 1, shift + 7
        if byte < 128:
            return value, at
