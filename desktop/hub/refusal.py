"""What the hub's refusals mean. Imported with the first request."""

from __future__ import annotations

import email.utils
import re
import time
from collections.abc import Mapping
from http import HTTPStatus

from huggingface_hub.errors import (
    GatedRepoError,
    HfHubHTTPError,
    RemoteEntryNotFoundError,
    RepositoryNotFoundError,
    RevisionNotFoundError,
)

from desktop.errors import AppError, BadToken, ChangedOnHub, Gate, Gated, HubRefused, NotOnHub

_DAY_S = 86_400

_TERMS = "https://huggingface.co/{repo}"


def meaning(  # noqa: PLR0911  a table, one row a refusal
    error: HfHubHTTPError, repo: str, file: str, *, withheld: bool
) -> AppError:
    """What the hub means by `error`, its answer to a request for `file` of `repo`, of which either may be empty.

    `withheld`: there is an access token, but it is not for this host.
    """
    response = error.response
    sent_token = "authorization" in response.request.headers
    match error:
        case GatedRepoError():
            # First, since it is a RepositoryNotFoundError too.
            gate = Gate.TOKEN_WITHHELD if withheld else Gate.NOT_GRANTED if sent_token else Gate.NO_TOKEN
            return Gated(repo, gate, _TERMS.format(repo=repo))
        case RemoteEntryNotFoundError():
            return NotOnHub(repo, file)
        case RevisionNotFoundError():
            return ChangedOnHub(repo, file) if file else NotOnHub(repo)
        case RepositoryNotFoundError():
            return NotOnHub(repo)
    host = response.url.host
    if response.status_code == HTTPStatus.NOT_FOUND and repo:
        # As mirrors say it that do not speak the hub's language to the end.
        return NotOnHub(repo, file)
    if response.status_code == HTTPStatus.UNAUTHORIZED:
        return BadToken(host) if sent_token or not repo else NotOnHub(repo)
    return HubRefused(host, response.status_code, retry_after_s(response.headers))


def retry_after_s(headers: Mapping[str, str]) -> int:
    """The seconds that a server asks to wait, at most a day; 0 if it does not.

    Source: RFC 9110, 10.2.3 (seconds or a date), and the RateLimit header that the hub sends (`"api";r=0;t=55`).
    """
    asked = headers.get("retry-after", "").strip()
    limited = re.fullmatch(r"(\d+)", asked) or re.search(r"\br=0\b.*?\bt=(\d+)", headers.get("ratelimit", ""))
    if limited is not None:
        # Of endless digits the first ones are more than enough.
        return min(int(limited[1][:9]), _DAY_S)
    date = email.utils.parsedate_tz(asked)
    try:
        return min(max(0, round(email.utils.mktime_tz(date) - time.time())), _DAY_S) if date is not None else 0
    except (ValueError, OverflowError):
        return 0  # a month of 99 days, a year that no clock knows
