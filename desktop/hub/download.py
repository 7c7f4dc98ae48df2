"""One file from the hub: the verified file, or a part that can be gone on with."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING

from desktop.errors import ChangedOnHub, HubError, HubRefused, HubUnreachable, Trouble, WrongContent
from desktop.hub.network import Network
from desktop.hub.part import Part, opened
from desktop.hub.remote import RemoteFile
from desktop.hub.stop import ConnectionChanged, Stop

if TYPE_CHECKING:
    import httpx2
    from huggingface_hub import HfApi

# Besides its own errors, what the hub says when it is to be asked again.
_PASSING = {HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_EARLY, HTTPStatus.TOO_MANY_REQUESTS}

_DIGEST = re.compile(r"[0-9a-f]{64}|[0-9a-f]{40}")


@dataclass(frozen=True, slots=True)
class Wanted:
    """A file of a repository at one commit."""

    repo: str
    commit: str
    file: RemoteFile


def fetch(
    network: Network,
    wanted: Wanted,
    path: Path,
    *,
    stop: Stop,
    on_progress: Callable[[int], None],
    on_verifying: Callable[[bool], None],
) -> None:
    """Have the file at `path` be `wanted`, byte for byte, going on with what is there of it.

    Where the hub knows no sha256, as of small files that git itself keeps, the file's name in git is compared, which
    is a hash of its content too. `on_progress` is told how many bytes are here, `on_verifying` that all are and are
    being compared, and, with False, that they were wrong and are fetched anew.

    Raises:
        Stopped: the part stays.
        HubError: the part stays, except for WrongContent, after which nothing is here.
        OSError: such as that the disk is full. The part stays.
    """
    digest = wanted.file.sha256 or _address(network, wanted, "", stop).digest
    with opened(path, wanted.file.size_bytes, digest) as part:
        # Twice: perhaps what an earlier run had left here was damaged.
        for _ in range(2):
            on_progress(part.size)
            host = _Attempts(network, wanted, digest, part, stop, on_progress).complete()
            on_verifying(True)
            if part.is_right(stop):
                part.settle(stop)
                return
            part.restart()
            on_verifying(False)
    path.unlink()
    on_progress(0)
    raise WrongContent(wanted.file.path, host)


@dataclass(frozen=True, slots=True)
class _Address:
    """Where the bytes of a file are at the moment, and the digest that the hub promises."""

    url: str
    digest: str


def _address(network: Network, wanted: Wanted, digest: str, stop: Stop) -> _Address:
    """Ask the hub, which signs addresses for some minutes, and see that the file is still of `digest` there.

    Raises:
        Stopped
        HubError
    """
    from huggingface_hub import HfFileMetadata, hf_hub_url

    def question(api: HfApi) -> HfFileMetadata:
        url = hf_hub_url(wanted.repo, wanted.file.path, revision=wanted.commit, endpoint=api.endpoint)
        return api.get_hf_file_metadata(url=url)

    file = wanted.file
    found = network.ask(question, stop, repo=wanted.repo, file=file.path)
    if found.commit_hash is None or found.size is None or not _DIGEST.fullmatch(found.etag or ""):
        raise HubUnreachable(network.connection.host, Trouble.NOT_A_HUB)
    promised = found.etag or ""
    if (found.commit_hash, found.size, promised) != (wanted.commit, file.size_bytes, digest or promised):
        raise ChangedOnHub(wanted.repo, file.path)
    return _Address(found.location, promised)


class _Attempts:
    """Asks for the rest of a file until all of it is here."""

    def __init__(
        self,
        network: Network,
        wanted: Wanted,
        digest: str,
        part: Part,
        stop: Stop,
        on_progress: Callable[[int], None],
    ) -> None:
        self._network = network
        self._wanted = wanted
        self._digest = digest
        self._part = part
        self._stop = stop
        self._on_progress = on_progress
        self._host = network.connection.host
        self._receiving = False

    def complete(self) -> str:
        """Get what is missing, and return the host that it came from.

        Raises:
            Stopped
            HubError: nothing more came, however often it was tried.
            OSError
        """
        failures = 0
        most_bytes = self._part.size
        while self._part.size < self._wanted.file.size_bytes:
            try:
                self._attempt()
            except ConnectionChanged:
                continue
            except HubError as error:
                if self._part.size > most_bytes:
                    most_bytes, failures = self._part.size, 0
                self._wait(error, failures)
                failures += 1
        return self._host

    def _wait(self, error: HubError, failures: int) -> None:
        """Wait before the next attempt, or raise `error` if there is to be none."""
        patience = self._network.patience
        asked_s = error.retry_after_s if isinstance(error, HubRefused) else 0
        if failures == len(patience.waits_s) or asked_s > patience.longest_wait_s or not self._may_pass(error):
            raise error
        self._network.wait(max(asked_s, patience.waits_s[failures]), self._stop)
        self._stop.check()

    def _may_pass(self, error: HubError) -> bool:
        match error:
            case HubUnreachable():
                return error.trouble is not Trouble.NOT_SECURE
            case HubRefused():
                # Where the bytes are, every refusal may be that of an address that has expired.
                return self._receiving or error.status in _PASSING or error.status >= HTTPStatus.INTERNAL_SERVER_ERROR
        return False

    def _attempt(self) -> None:
        """Add to the part what one answer gives.

        Raises:
            Stopped, ConnectionChanged, HubError, OSError
        """
        self._receiving = False
        address = _address(self._network, self._wanted, self._digest, self._stop)
        self._receiving = True
        # Compressed it would have another length, and be no smaller.
        headers = {"Accept-Encoding": "identity"}
        if self._part.size:
            headers["Range"] = f"bytes={self._part.size}-"
        with self._network.opened(address.url, headers, self._stop) as response:
            self._host = response.url.host
            self._check(response)
            if response.status_code == HTTPStatus.OK:
                self._part.restart()
            # Without a size for the pieces, for which each would be copied: twice as fast.
            for data in response.iter_raw():
                self._stop.check()
                self._part.append(data)
                self._on_progress(self._part.size)
                if self._part.size == self._wanted.file.size_bytes:
                    return
        raise HubUnreachable(self._host, Trouble.BROKEN)

    def _check(self, response: httpx2.Response) -> None:
        """Refuse an answer that does not go on where the part ends, before any of it is written."""
        headers = response.headers
        size_bytes = self._wanted.file.size_bytes
        match response.status_code:
            case HTTPStatus.OK:
                fits = headers.get("content-length", str(size_bytes)) == str(size_bytes)
            case HTTPStatus.PARTIAL_CONTENT:
                given = re.fullmatch(r"bytes (\d+)-\d+/(\d+|\*)", headers.get("content-range", ""))
                fits = given is not None and int(given[1]) == self._part.size and given[2] in (str(size_bytes), "*")
            case status:
                # It needs the library that the first request has imported by now.
                from desktop.hub.refusal import retry_after_s

                raise HubRefused(self._host, status, retry_after_s(headers))
        is_page = headers.get("content-type", "").startswith("text/html")
        if is_page or not fits or headers.get("content-encoding", "identity") != "identity":
            raise HubUnreachable(self._host, Trouble.NOT_A_HUB)
