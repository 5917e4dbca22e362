"""The cache: computed once, damage is found out, nothing temporary stays, two processes agree."""

import os
import resource
import subprocess
import sys
import time
import warnings
from pathlib import Path

import numpy as np
import pytest
from safetensors import SafetensorError

from kdnas.cache import cache_folder, cached_arrays, cached_folder, fingerprint, remove_drafts
from kdnas.errors import UserError
from kdnas.workers.shared import with_shared_folders

ARRAYS = {
    "vectors": np.arange(12, dtype=np.float32).reshape(3, 4),
    "labels": np.array([1, 0, 2], dtype=np.int64),
    "transposed": np.arange(6, dtype=np.float64).reshape(2, 3).T,
    "empty": np.zeros((0, 4), dtype=np.float32),
    "mask": np.array([True, False]),
}


class Compute:
    """Makes the arrays and counts how often it was asked to."""

    calls = 0

    def __call__(self) -> dict[str, np.ndarray]:
        self.calls += 1
        return ARRAYS

    def fill(self, folder: Path) -> None:
        self.calls += 1
        (folder / "config.json").write_text('{"width": 3}')
        (folder / "weights.bin").write_bytes(bytes(range(256)))


@pytest.fixture
def compute():
    return Compute()


def assert_same(arrays: dict[str, np.ndarray]) -> None:
    assert set(arrays) == set(ARRAYS)
    for name, expected in ARRAYS.items():
        assert arrays[name].dtype == expected.dtype, name
        np.testing.assert_array_equal(arrays[name], expected)


# Arrays


def test_arrays_are_computed_once(tmp_path, compute):
    assert_same(cached_arrays("a-1", compute, tmp_path))
    assert_same(cached_arrays("a-1", compute, tmp_path))
    assert compute.calls == 1
    assert_same(cached_arrays("a-2", compute, tmp_path))
    assert compute.calls == 2, "another name is another result"
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a-1.safetensors", "a-2.safetensors"]


def test_the_folder_is_made(tmp_path, compute):
    cached_arrays("deep/er/a", compute, tmp_path / "new")
    assert (tmp_path / "new" / "deep" / "er" / "a.safetensors").is_file()


def flip_a_byte(path: Path, offset: int) -> None:
    content = bytearray(path.read_bytes())
    content[offset] ^= 1
    path.write_bytes(content)


DAMAGE = {
    "last byte": lambda path: flip_a_byte(path, -1),
    "middle byte": lambda path: flip_a_byte(path, path.stat().st_size // 2),
    "header": lambda path: flip_a_byte(path, 20),
    "length": lambda path: flip_a_byte(path, 0),
    "cut in half": lambda path: path.write_bytes(path.read_bytes()[: path.stat().st_size // 2]),
    "empty": lambda path: path.write_bytes(b""),
    "text": lambda path: path.write_text("<html>not found</html>"),
}


@pytest.mark.parametrize("damage", DAMAGE.values(), ids=DAMAGE)
def test_a_damaged_file_is_found_out_and_computed_again(tmp_path, compute, damage):
    cached_arrays("a", compute, tmp_path)
    damage(tmp_path / "a.safetensors")
    with pytest.warns(UserWarning, match=r"damaged cache file .*a\.safetensors: computed again"):
        assert_same(cached_arrays("a", compute, tmp_path))
    assert compute.calls == 2
    assert_same(cached_arrays("a", compute, tmp_path))
    assert compute.calls == 2, "it was mended"


def test_a_file_without_our_checksum_is_not_trusted(tmp_path, compute):
    from safetensors.numpy import save_file

    save_file({"vectors": ARRAYS["vectors"]}, tmp_path / "a.safetensors")
    with pytest.warns(UserWarning, match="damaged cache file"):
        assert_same(cached_arrays("a", compute, tmp_path))


def test_a_computation_that_fails_leaves_nothing(tmp_path):
    def fail() -> dict[str, np.ndarray]:
        raise MemoryError

    with pytest.raises(MemoryError):
        cached_arrays("a", fail, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_leaves_no_draft(tmp_path, compute):
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (8, before[1]))
    try:
        with pytest.warns(UserWarning, match="it will be computed again; free some space"):
            assert_same(cached_arrays("a", compute, tmp_path))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert list(tmp_path.iterdir()) == []


# Folders


def test_a_folder_is_filled_once(tmp_path, compute):
    path = cached_folder("model-1", compute.fill, tmp_path)
    assert path == tmp_path / "model-1"
    assert cached_folder("model-1", compute.fill, tmp_path) == path
    assert compute.calls == 1
    assert (path / "config.json").read_text() == '{"width": 3}'
    assert [p.name for p in tmp_path.iterdir()] == ["model-1"]


FOLDER_DAMAGE = {
    "changed": lambda path: flip_a_byte(path / "weights.bin", 7),
    "missing": lambda path: (path / "config.json").unlink(),
    "no sums": lambda path: (path / "sha256.json").unlink(),
    "cut sums": lambda path: (path / "sha256.json").write_text('{"config.json": "1'),
    "other sums": lambda path: (path / "sha256.json").write_text('{"config.json": "1"}'),
    "binary sums": lambda path: (path / "sha256.json").write_bytes(b"\xff\xfe"),
    "odd sums": pytest.param(
        lambda path: (path / "sha256.json").write_text("3"),
    ),
    "no files": pytest.param(
        lambda path: (
            [f.unlink() for f in path.iterdir()] and (path / "sha256.json").write_text("{}")
        ),
    ),
}


@pytest.mark.parametrize("damage", FOLDER_DAMAGE.values(), ids=FOLDER_DAMAGE)
def test_a_damaged_folder_is_found_out_and_made_again(tmp_path, compute, damage):
    path = cached_folder("model", compute.fill, tmp_path)
    damage(path)
    with pytest.warns(UserWarning, match="damaged cache folder .*model: computed again"):
        assert cached_folder("model", compute.fill, tmp_path) == path
    assert compute.calls == 2
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        cached_folder("model", compute.fill, tmp_path)
    assert compute.calls == 2, "it was mended"


def test_a_folder_damaged_twice_is_made_twice(tmp_path, compute):
    for _ in range(2):
        flip_a_byte(cached_folder("model", compute.fill, tmp_path) / "weights.bin", 7)
        with pytest.warns(UserWarning, match="damaged"):
            cached_folder("model", compute.fill, tmp_path)


def test_a_folder_that_cannot_be_filled_leaves_nothing(tmp_path):
    def fail(folder: Path) -> None:
        (folder / "half").write_text("?")
        raise MemoryError

    with pytest.raises(MemoryError):
        cached_folder("model", fail, tmp_path)
    assert list(tmp_path.iterdir()) == []


# Two processes

BOTH = """
import sys, time
from pathlib import Path
import numpy as np
from kdnas.cache import cached_arrays, cached_folder

def meet(name):
    '''Both are inside their computation before either ends it.'''
    (folder / f"{name}-{me}.here").touch()
    until = time.monotonic() + 20
    while len(list(folder.glob(f"{name}-*.here"))) < 2 and time.monotonic() < until:
        time.sleep(0.005)

def compute():
    meet("arrays")
    return {"x": np.full(200_000, 3.0)}

def fill(draft):
    (draft / "part").write_bytes(b"x" * 1_000_000)
    meet("folder")

folder, me = Path(sys.argv[1]), sys.argv[2]
arrays = cached_arrays("a", compute, folder / "cache")
path = cached_folder("m", fill, folder / "cache")
assert (arrays["x"] == 3).all() and len((path / "part").read_bytes()) == 1_000_000
"""


def test_two_processes_at_once_agree(tmp_path):
    both = [
        subprocess.Popen([sys.executable, "-W", "error", "-c", BOTH, str(tmp_path), name])
        for name in "ab"
    ]
    assert [process.wait(60) for process in both] == [0, 0]
    assert len(list(tmp_path.glob("*.here"))) == 4, "each computed both things"
    assert sorted(p.name for p in (tmp_path / "cache").iterdir()) == ["a.safetensors", "m"]


ONE = """
import sys, time
from pathlib import Path
import numpy as np
from kdnas.cache import cached_arrays, made_by_one

def compute():
    print("computes", flush=True)
    time.sleep(float(sys.argv[2]))
    return {"x": np.full(3, 3.0)}

print("begins", flush=True)
with made_by_one("a", Path(sys.argv[1])):
    assert (cached_arrays("a", compute, Path(sys.argv[1]))["x"] == 3).all()
print("ends", flush=True)
"""


@pytest.mark.parametrize("killed", [False, True])
def test_one_makes_and_the_other_waits_unless_the_one_dies(tmp_path, killed):
    def begun(seconds: str) -> subprocess.Popen:
        command = [sys.executable, "-W", "error", "-c", ONE, str(tmp_path), seconds]
        return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)

    with begun("60" if killed else "2") as first:
        assert [first.stdout.readline() for _ in range(2)] == ["begins\n", "computes\n"]
        with begun("0") as second:
            assert second.stdout.readline() == "begins\n"
            if killed:
                first.kill()
            said = second.stdout.read().splitlines()
            assert second.wait(60) == 0
    assert said == (["computes", "ends"] if killed else ["ends"])
    assert (tmp_path / "a.safetensors").is_file()


# Drafts of processes that were killed

WORKING = """
import sys, time
from pathlib import Path
from kdnas.cache import cached_folder

def make(draft):
    (draft / "half").write_bytes(b"x" * 1000)
    print("begun", flush=True)
    time.sleep(60)

cached_folder("m", make, Path(sys.argv[1]))
"""


def test_the_draft_of_a_killed_process_goes_and_a_live_one_stays(tmp_path):
    killed, alive = (
        subprocess.Popen(
            [sys.executable, "-c", WORKING, str(tmp_path)], stdout=subprocess.PIPE, text=True
        )
        for _ in range(2)
    )
    for process in (killed, alive):
        assert process.stdout.readline() == "begun\n"
    killed.kill()
    killed.wait()
    remove_drafts(tmp_path)
    assert len([*tmp_path.iterdir()]) == 2, "one may just have been begun"
    for draft in tmp_path.iterdir():
        os.utime(draft, (0, 0))
    remove_drafts(tmp_path)
    (left,) = tmp_path.iterdir()
    alive.kill()
    alive.wait()
    remove_drafts(tmp_path)
    assert [*tmp_path.iterdir()] == []
    for process in (killed, alive):
        process.stdout.close()
    assert left.name.startswith(".draft-")


@pytest.mark.parametrize(("days", "stays"), [(6, True), (8, False)])
def test_the_draft_of_another_machine_stays_for_a_week(tmp_path, days, stays):
    draft = tmp_path / ".draft-elsewhere-abc"
    draft.mkdir()
    os.utime(draft, (time.time() - days * 86_400,) * 2)
    remove_drafts(tmp_path)
    assert draft.exists() is stays


# Names and places


def test_fingerprints_depend_on_names_and_values():
    base = fingerprint(task="sst2", rows=10)
    assert base == fingerprint(rows=10, task="sst2")
    assert len({base, fingerprint(task="sst2", rows=11), fingerprint(task="sst2", size=10)}) == 3
    assert len(base) == 16
    assert fingerprint(a=1) == "f9d86028c6e0d64e", "equal on every machine"


@pytest.mark.parametrize(
    ("variables", "folder"),
    [
        ({"KDNAS_CACHE": "/a", "XDG_CACHE_HOME": "/b"}, "/a"),
        ({"XDG_CACHE_HOME": "/b"}, "/b/kdnas"),
        ({"KDNAS_CACHE": "", "XDG_CACHE_HOME": "", "HOME": "/c"}, "/c/.cache/kdnas"),
    ],
)
def test_where_the_cache_is(monkeypatch, variables, folder):
    for name in ("KDNAS_CACHE", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert cache_folder() == Path(folder)


def test_the_default_place_is_used(tmp_path, monkeypatch, compute):
    monkeypatch.setenv("KDNAS_CACHE", str(tmp_path))
    cached_arrays("a", compute)
    cached_folder("m", compute.fill)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.safetensors", "m"]


@pytest.mark.parametrize("place", ["file", "file/cache"])
def test_a_cache_that_is_a_file_is_named(tmp_path, monkeypatch, compute, place):
    (tmp_path / "file").touch()
    monkeypatch.setenv("KDNAS_CACHE", str(tmp_path / place))
    message = rf"cannot write .*{place}/.*a file stands .* set KDNAS_CACHE to another folder"
    with pytest.raises(UserError, match=message):
        cached_folder("m", compute.fill)
    with pytest.warns(UserWarning, match=message):
        assert cached_arrays("a", compute) == ARRAYS
    with (
        pytest.raises(UserError, match=message),
        with_shared_folders(compute, tmp_path / "run"),
    ):
        pass


@pytest.mark.parametrize("error", [OSError("No space left"), SafetensorError("No space left")])
def test_a_folder_that_finds_no_space_is_told_in_one_line(tmp_path, error):
    def fill(folder: Path) -> None:
        (folder / "half").write_text("half")
        raise error

    with pytest.raises(UserError, match=r"cannot write .*model: No space left; .*KDNAS_CACHE"):
        cached_folder("model", fill, tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("umask", [0o022, 0o027, 0o077])
def test_who_may_read_new_files_may_read_the_cache(umask, compute, tmp_path):
    before = os.umask(umask)
    try:
        cached_arrays("a", compute, tmp_path)
    finally:
        os.umask(before)
    assert [path.name for path in tmp_path.iterdir()] == ["a.safetensors"]
    assert (tmp_path / "a.safetensors").stat().st_mode & 0o777 == 0o666 & ~umask
