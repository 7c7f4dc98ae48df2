"""Parts of files on the hub, a few hundred kilobytes each, held in memory. Whole models go through `download`."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING
from urllib.parse import quote

from desktop.errors import HubUnreachable, Trouble, WrongContent
from desktop.hub.network import Network
from desktop.hub.stop import ConnectionChanged, Stop

if TYPE_CHECKING:
    import httpx2


def read_part(
    network: Network, repo: str, commit: str, path: str, start: int, length: int, stop: Stop | None = None
) -> bytes:
    """`length` bytes of a file from byte `start` on, fewer where it ends.

    Raises:
        Stopped, HubError
    """
    while True:
        connection = network.connection
        url = f"{connection.endpoint}/{quote(repo)}/resolve/{quote(commit)}/{quote(path)}"
        headers = {"Range": f"bytes={start}-{start + length - 1}", "Accept-Encoding": "identity"}
        if connection.token:
            headers["Authorization"] = f"Bearer {connection.token}"
        try:
            with network.opened(url, headers, stop) as response:
                if response.status_code == HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE:
                    return b""
                _check(response, repo, path, start, withheld=connection.withholds_token)
                # A server that knows no ranges begins at the beginning.
                skip = start if response.status_code == HTTPStatus.OK else 0
                return _take(response, skip, length)
        except ConnectionChanged:
            continue


def _check(response: httpx2.Response, repo: str, path: str, start: int, *, withheld: bool) -> None:
    """Refuse an answer that is not the file, or not from byte `start` on.

    Raises:
        HubError
    """
    from huggingface_hub.errors import HfHubHTTPError
    from huggingface_hub.utils import hf_raise_for_status  # type: ignore[attr-defined]  # public, but not marked so

    from desktop.hub.refusal import meaning

    try:
        hf_raise_for_status(response)
    except HfHubHTTPError as error:
        raise meaning(error, repo, path, withheld=withheld) from error
    host = response.url.host
    if response.headers.get("content-type", "").startswith("text/html"):
        # The hub shows no file as a web page; those who want a login first do.
        raise HubUnreachable(host, Trouble.NOT_A_HUB)
    given = response.headers.get("content-range", "")
    if response.status_code == HTTPStatus.PARTIAL_CONTENT and not given.startswith(f"bytes {start}-"):
        raise WrongContent(path, host)


def _take(response: httpx2.Response, skip: int, length: int) -> bytes:
    """The next `length` bytes of the answer after `skip` others."""
    content = bytearray()
    for piece in response.iter_bytes():
        content += piece[skip:]
        skip = max(0, skip - len(piece))
        if len(content) >= length:
            break
    return bytes(content[:length])
