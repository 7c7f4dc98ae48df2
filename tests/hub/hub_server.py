"""A hub on the loopback address, with a CDN on another port, for the real client.

It speaks what Fireside asks of the hub: `/api/models`, `/api/models/{repo}[/revision/{rev}]`,
`/{repo}/resolve/{rev}/{path}` with a redirect to signed addresses of the CDN for LFS files, and ranges.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self
from urllib.parse import parse_qs, unquote, urlsplit

from desktop.hub.remote import Choice, RemoteFile
from tests.hub.origin import Answer, Asked, Fault, Origin, read_body, size_of


@dataclass
class Repo:
    """A repository: its files by path, at one commit."""

    name: str
    commit: str
    files: dict[str, bytes | Path]
    gated: bool = False
    facts: dict[str, Any] = field(default_factory=dict)
    """More of what the API says: downloads, likes, gguf, cardData, …"""
    older: set[str] = field(default_factory=set)
    """Commits before, of which the files were the same."""


class HubServer:
    """The hub at `endpoint`, its CDN at `cdn`. A context manager."""

    def __init__(self) -> None:
        self.repos: dict[str, Repo] = {}
        self.tokens: dict[str, set[str]] = {}
        """Each access token, with the gated repositories that it was granted."""
        self.hub = Origin(self._of_hub)
        self.cdn = Origin(self._of_cdn)
        self.endpoint = self.hub.address
        self.api_fault: Fault | None = None
        """For every answer of the API, where the faults of `hub` are for files."""
        self._sha256: dict[bytes | Path, str] = {}
        self._issued: set[str] = set()
        self._expired: set[str] = set()

    def __enter__(self) -> Self:
        self.hub.__enter__()
        self.cdn.__enter__()
        return self

    def __exit__(self, *error: object) -> None:
        self.hub.__exit__(*error)
        self.cdn.__exit__(*error)

    def add(
        self, name: str, files: dict[str, bytes | Path], *, commit: str = "", gated: bool = False, **facts: Any
    ) -> Repo:
        """Put a repository on the hub, or a new commit of it."""
        if not commit:
            commit = hashlib.sha1(repr((name, sorted(files), facts)).encode(), usedforsecurity=False).hexdigest()
        repo = Repo(name, commit, files, gated, facts)
        self.repos[name] = repo
        return repo

    def choice(self, name: str, *paths: str, companions: tuple[str, ...] = ()) -> Choice:
        """What the hub says about these files, as something to download."""
        repo = self.repos[name]

        def remote(path: str) -> RemoteFile:
            body = repo.files[path]
            return RemoteFile(path, size_of(body), self.digest(body) if is_lfs(path) else "")

        return Choice(name, repo.commit, "", tuple(map(remote, paths or repo.files)), tuple(map(remote, companions)))

    def digest(self, body: bytes | Path) -> str:
        """Its sha256."""
        if body not in self._sha256:
            if isinstance(body, Path):
                with body.open("rb") as file:
                    self._sha256[body] = hashlib.file_digest(file, "sha256").hexdigest()
            else:
                self._sha256[body] = hashlib.sha256(body).hexdigest()
        return self._sha256[body]

    def expire(self) -> None:
        """Let all signed addresses expire that were given out."""
        self._expired |= self._issued

    def _of_hub(self, asked: Asked) -> Answer:
        answer = self._resource(asked)
        if self.api_fault is not None and not answer.is_file:
            self.api_fault(answer)
        return answer

    def _resource(self, asked: Asked) -> Answer:  # noqa: PLR0911  a table, one row an address
        token = asked.headers.get("Authorization", "").removeprefix("Bearer ")
        if token and token not in self.tokens:
            return _refusal(401, "Invalid credentials in Authorization header")
        url = urlsplit(asked.path)
        match [unquote(part) for part in url.path.strip("/").split("/")]:
            case ["api", "models"]:
                return _json(self._search(parse_qs(url.query)))
            case ["api", "models", owner, name, *rest]:
                pass
            case [owner, name, "resolve", *rest]:
                rest = ["resolve", *rest]
            case _:
                return _refusal(404, "Sorry, we can't find the page you are looking for.")
        repo = self.repos.get(f"{owner}/{name}")
        if repo is None:
            return _refusal(404 if token else 401, "Repository not found", "RepoNotFound")
        if rest and rest[1] not in {"main", repo.commit, *repo.older}:
            return _refusal(404, f"Invalid rev id: {rest[1]}", "RevisionNotFound")
        if rest[:1] == ["resolve"]:
            answer = self._file(repo, "/".join(rest[2:]), token, asked)
            if rest[1] in repo.older:
                answer.headers["X-Repo-Commit"] = rest[1]
            return answer
        return _json(self.info(repo, with_sizes="blobs" in url.query))

    def _file(self, repo: Repo, path: str, token: str, asked: Asked) -> Answer:
        if repo.gated and repo.name not in self.tokens.get(token, set()):
            code, text = (403, "not in the authorized list") if token else (401, "must be authenticated")
            return _refusal(code, f"Access to model {repo.name} is restricted: {text}", "GatedRepo")
        if path not in repo.files:
            return _refusal(404, "Entry not found", "EntryNotFound")
        body = repo.files[path]
        facts = {"X-Repo-Commit": repo.commit, "Accept-Ranges": "bytes"}
        if not is_lfs(path):
            whole = read_body(body)
            return _ranged(whole, asked, facts | {"ETag": f'"{git_blob(whole)}"'})
        signature = f"s{len(self._issued)}"
        self._issued.add(signature)
        digest = self.digest(body)
        return Answer(
            302,
            facts
            | {
                "X-Linked-Size": str(size_of(body)),
                "X-Linked-ETag": f'"{digest}"',
                "Location": f"{self.cdn.address}/{repo.name}/{digest}?path={path}&Signature={signature}",
                "Content-Length": "0",
            },
            is_file=True,
        )

    def _of_cdn(self, asked: Asked) -> Answer:
        url = urlsplit(asked.path)
        owner, name, digest = url.path.strip("/").split("/")
        query = parse_qs(url.query)
        if query["Signature"][0] not in self._issued or query["Signature"][0] in self._expired:
            return _refusal(403, "Request has expired")
        body = self.repos[f"{owner}/{name}"].files[query["path"][0]]
        return _ranged(body, asked, {"ETag": f'"{digest}"'})

    def _search(self, query: dict[str, list[str]]) -> list[dict[str, Any]]:
        wanted = query.get("search", [""])[0].lower()
        found = [self.info(repo) for repo in self.repos.values() if wanted in repo.name.lower()]
        for tag in query.get("filter", []):
            found = [info for info in found if tag in info["tags"]]
        if key := query.get("sort", [""])[0]:
            found.sort(key=lambda info: info.get(key) or 0, reverse=True)
        return found[: int(query.get("limit", ["1000"])[0])]

    def info(self, repo: Repo, *, with_sizes: bool = False) -> dict[str, Any]:
        """What the API says about a repository."""
        siblings: list[dict[str, Any]] = [{"rfilename": path} for path in repo.files]
        if with_sizes:
            for sibling in siblings:
                body = repo.files[sibling["rfilename"]]
                sibling["size"] = size_of(body)
                if is_lfs(sibling["rfilename"]):
                    sibling["lfs"] = {"sha256": self.digest(body), "size": size_of(body), "pointerSize": 134}
                else:
                    sibling["blobId"] = git_blob(read_body(body))
        return {
            "_id": hashlib.sha1(repo.name.encode(), usedforsecurity=False).hexdigest()[:24],
            "id": repo.name,
            "modelId": repo.name,
            "author": repo.name.split("/")[0],
            "sha": repo.commit,
            "lastModified": "2026-01-02T03:04:05.000Z",
            "createdAt": "2025-01-02T03:04:05.000Z",
            "private": False,
            "gated": "auto" if repo.gated else False,
            "disabled": False,
            "downloads": 0,
            "likes": 0,
            "tags": ["gguf"],
            "siblings": siblings,
        } | repo.facts


def is_lfs(path: str) -> bool:
    """Whether the hub keeps it outside of git, with a sha256, as it does all model files."""
    return not path.endswith((".md", ".json", ".txt", ".gitattributes"))


def git_blob(content: bytes) -> str:
    """What git calls a file of this content."""
    return hashlib.sha1(b"blob %d\0" % len(content) + content, usedforsecurity=False).hexdigest()


def _json(value: object) -> Answer:
    body = json.dumps(value).encode()
    return Answer(200, {"Content-Type": "application/json", "Content-Length": str(len(body))}, body)


def _refusal(code: int, message: str, error_code: str = "") -> Answer:
    body = json.dumps({"error": message}).encode()
    headers = {"Content-Type": "application/json", "Content-Length": str(len(body)), "X-Error-Message": message}
    return Answer(code, headers | ({"X-Error-Code": error_code} if error_code else {}), body)


def _ranged(body: bytes | Path, asked: Asked, headers: dict[str, str]) -> Answer:
    """The part of `body` that is asked for."""
    size = size_of(body)
    headers = headers | {"Content-Type": "application/octet-stream", "Content-Length": str(size)}
    if "Range" not in asked.headers:
        return Answer(200, headers, body, is_file=True)
    first, _, last = asked.headers["Range"].removeprefix("bytes=").partition("-")
    start, end = int(first), min(int(last or size - 1), size - 1)
    if start >= size:
        return Answer(416, {"Content-Range": f"bytes */{size}", "Content-Length": "0"})
    headers |= {"Content-Range": f"bytes {start}-{end}/{size}", "Content-Length": str(end - start + 1)}
    if end < size - 1:
        return Answer(206, headers, read_body(body)[: end + 1], start, is_file=True)
    return Answer(206, headers, body, start, is_file=True)
