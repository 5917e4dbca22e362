"""A server that speaks enough of the Hugging Face hub for its libraries to fetch from it.

Models and data sets are folders of files, each with one commit.
"""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from hub_caches import COMMIT

_AFTER_A_NAME = ("resolve", "revision", "tree", "paths-info")
"""What follows the name of a repository in an address."""


@contextmanager
def hub(repositories: Mapping[str, Path]) -> Iterator[str]:
    """Serve folders by "models/NAME" and "datasets/NAME"; yields the address for HF_ENDPOINT."""

    class Handler(_Handler):
        served = repositories

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class _Handler(BaseHTTPRequestHandler):
    served: Mapping[str, Path]

    def log_message(self, *_: Any) -> None:
        """Say nothing."""

    def do_GET(self) -> None:
        self._answer(body=True)

    def do_HEAD(self) -> None:
        self._answer(body=False)

    def do_POST(self) -> None:
        form = self.rfile.read(int(self.headers["Content-Length"])).decode()
        is_json = "json" in self.headers["Content-Type"]
        wanted = json.loads(form)["paths"] if is_json else parse_qs(form).get("paths", [])
        self._answer(body=True, wanted=wanted)

    def _answer(self, *, body: bool, wanted: list[str] | None = None) -> None:
        parts = [unquote(part) for part in urlsplit(self.path).path.split("/") if part]
        is_api = parts[:1] == ["api"]
        parts = parts[is_api:]
        if not is_api and parts[:1] != ["datasets"]:
            parts = ["models", *parts]
        length = next((i for i, part in enumerate(parts) if part in _AFTER_A_NAME), len(parts))
        folder, rest = self.served.get("/".join(parts[:length])), parts[length:]
        if folder is None:
            return self._missing("RepoNotFound")
        if is_api:
            return self._api(parts[0], "/".join(parts[1:length]), folder, rest, wanted)
        path = folder.joinpath(*rest[2:])
        return self._file(path, body) if path.is_file() else self._missing("EntryNotFound")

    def _api(
        self, kind: str, name: str, folder: Path, rest: list[str], wanted: list[str] | None
    ) -> None:
        entries = [_entry(folder, path) for path in sorted(folder.rglob("*"))]
        if rest[:1] == ["tree"]:
            inside = "/".join(rest[2:])
            if not (folder / inside).is_dir():
                return self._missing("EntryNotFound")
            below = "recursive=True" in self.path or "recursive=true" in self.path
            return self._send(
                [entry for entry in entries if _is_in(entry["path"], inside, below=below)]
            )
        if rest[:1] == ["paths-info"]:
            return self._send([entry for entry in entries if entry["path"] in (wanted or [])])
        files = [
            {"rfilename": e["path"], "size": e["size"]} for e in entries if e["type"] == "file"
        ]
        return self._send({"id": name, "sha": COMMIT, "private": False, "gated": False,
                           "siblings": files, "tags": [], "downloads": 0, "likes": 0,
                           "cardData": {}})  # fmt: skip

    def _send(self, content: Any) -> None:
        body = json.dumps(content).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _file(self, path: Path, body: bool) -> None:
        content = path.read_bytes()
        begin = 0
        if (span := self.headers.get("Range")) is not None:
            begin, end = span.removeprefix("bytes=").split("-")
            begin = int(begin)
            content = content[begin : int(end) + 1 if end else None]
        self.send_response(206 if span else 200)
        self.send_header("ETag", f'"{_digest(path)}"')
        self.send_header("X-Repo-Commit", COMMIT)
        self.send_header("Content-Length", str(len(content)))
        if span:
            whole = path.stat().st_size
            self.send_header("Content-Range", f"bytes {begin}-{begin + len(content) - 1}/{whole}")
        self.end_headers()
        if body:
            self.wfile.write(content)

    def _missing(self, code: str) -> None:
        self.send_response(404)
        self.send_header("X-Error-Code", code)
        self.send_header("Content-Length", "0")
        if code == "EntryNotFound":
            self.send_header("X-Repo-Commit", COMMIT)
        self.end_headers()


def _digest(path: Path) -> str:
    return sha256(path.read_bytes()).hexdigest()


def _entry(folder: Path, path: Path) -> dict[str, Any]:
    name = path.relative_to(folder).as_posix()
    if path.is_dir():
        return {"type": "directory", "path": name, "oid": "0" * 40, "size": 0}
    return {"type": "file", "path": name, "oid": _digest(path)[:40], "size": path.stat().st_size}


def _is_in(path: str, folder: str, *, below: bool) -> bool:
    start = f"{folder}/" if folder else ""
    return path.startswith(start) and (below or "/" not in path.removeprefix(start))
