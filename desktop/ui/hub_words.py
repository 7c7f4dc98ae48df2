"""Words for what went wrong on the way to the hub, or while a file came from it. Knows no Qt."""

from __future__ import annotations

from desktop.errors import (
    AppError,
    BadToken,
    ChangedOnHub,
    DownloadInUse,
    Gate,
    Gated,
    HubRefused,
    HubUnreachable,
    NoKeyring,
    NoSpace,
    NotOnHub,
    OfflineMode,
    Trouble,
    UnsafeName,
    WrongContent,
)
from desktop.ui.explanation import Explanation, clipped
from desktop.ui.i18n import tr
from desktop.ui.quantities import duration, size

_TOO_MANY_REQUESTS = 429
_SERVER_ERROR = 500


def hub_words(error: AppError) -> Explanation | None:  # noqa: PLR0911  a table, one row a kind
    """The sentences for an error of the hub or of a download; None for errors of other kinds."""
    match error:
        case OfflineMode():
            return Explanation(
                tr("Fireside is offline."),
                tr("Offline mode is on, so nothing was asked of the network."),
                tr("Turn it off in the settings to look for models or to download them."),
            )
        case HubUnreachable(host, trouble):
            return Explanation(tr("{host} cannot be reached.", host=host), *_trouble_words(trouble))
        case HubRefused():
            return _refusal_words(error)
        case NotOnHub() | Gated() | BadToken():
            return _access_words(error)
        case WrongContent(file, host):
            return Explanation(
                tr("{file} did not arrive as the hub had announced it.", file=clipped(file)),
                tr("{host} delivered other bytes, twice. Nothing of it was kept.", host=host),
                tr("Try again later, or choose another mirror in the settings."),
            )
        case ChangedOnHub(repo, file):
            return Explanation(
                tr("{file} was replaced on the hub while it was being downloaded.", file=clipped(file)),
                tr("What is here of it does not belong to the file that {repo} has now.", repo=repo),
                tr("Start the download anew."),
            )
        case UnsafeName(repo, file):
            return Explanation(
                tr("{file} is not downloaded.", file=clipped(file)),
                tr("A file of that name could not be kept safely on this computer."),
                tr("Choose another model than {repo}.", repo=repo),
            )
        case NoSpace() | DownloadInUse() | NoKeyring():
            return _local_words(error)
    return None


def _trouble_words(trouble: Trouble) -> tuple[str, str]:  # noqa: PLR0911  a table, one row a trouble
    """Why a host gave no usable answer, and what to do."""
    later = tr("Check the connection, then try again.")
    match trouble:
        case Trouble.NO_SUCH_HOST:
            return tr("No host of that name is known: you may not be connected, or the address is wrong."), later
        case Trouble.REFUSED:
            return tr("It accepts no connection."), tr("Try again later, or choose another mirror in the settings.")
        case Trouble.TIMED_OUT:
            return tr("It did not answer in time."), later
        case Trouble.BROKEN:
            return tr("The connection broke off again and again."), later
        case Trouble.NOT_SECURE:
            return (
                tr("It could not prove who it is: its certificate is not valid for this computer."),
                tr("Check the computer's date, and whether a proxy or a virus scanner reads your connections."),
            )
        case Trouble.PROXY:
            return tr("The proxy does not let the connection through."), tr("Check the proxy in the settings.")
        case Trouble.NOT_A_HUB:
            return (
                tr("Something else answered in its place, such as the login page of a network."),
                tr("Open a web page to log in to the network, or check the hub's address in the settings."),
            )


def _refusal_words(error: HubRefused) -> Explanation:
    if error.status == _TOO_MANY_REQUESTS:
        wait = tr("Try again in {time}.", time=duration(error.retry_after_s)) if error.retry_after_s else ""
        return Explanation(
            tr("{host} wants fewer requests from your address.", host=error.host), "", wait or tr("Try again later.")
        )
    if error.status >= _SERVER_ERROR:
        return Explanation(
            tr("{host} does not work at the moment.", host=error.host),
            tr("It answered several times with an error of its own ({status}).", status=error.status),
            tr("Try again later, or choose another mirror in the settings."),
        )
    return Explanation(
        tr("{host} refuses the request.", host=error.host),
        tr("It answered with {status}.", status=error.status),
        tr("Try again later, or choose another mirror in the settings."),
    )


def _access_words(error: NotOnHub | Gated | BadToken) -> Explanation:
    match error:
        case NotOnHub(repo, ""):
            return Explanation(
                tr("There is no {repo} on the hub.", repo=clipped(repo)),
                tr("It was removed or renamed, or it is private."),
                tr("Check the name, or look for the model with the search."),
            )
        case NotOnHub(repo, file):
            return Explanation(
                tr("{repo} has no file {file}.", repo=clipped(repo), file=clipped(file)),
                "",
                tr("Choose one of the files that it has now."),
            )
        case Gated(repo, Gate.NO_TOKEN, url):
            return Explanation(
                tr("The authors of {repo} ask you to accept their terms first.", repo=repo),
                tr("The hub recognises you by an access token, and none is set."),
                tr("Accept the terms on {url}, then enter your token in the settings.", url=url),
            )
        case Gated(repo, Gate.TOKEN_WITHHELD, url):
            return Explanation(
                tr("The authors of {repo} ask you to accept their terms first.", repo=repo),
                tr("A mirror is set, and your access token goes to huggingface.co alone."),
                tr("Accept the terms on {url}, and empty the address of the hub in the settings.", url=url),
            )
        case Gated(repo, Gate.NOT_GRANTED, url):
            return Explanation(
                tr("The authors of {repo} have not given you access.", repo=repo),
                tr("The terms are not accepted yet, the request is not answered yet, or the token may not read it."),
                tr("Accept the terms on {url}, then try again.", url=url),
            )
        case BadToken(host):
            return Explanation(
                tr("{host} does not know your access token.", host=host),
                tr("It was mistyped, has expired, or was revoked."),
                tr("Enter a new one in the settings, or remove it: most models need none."),
            )
    raise TypeError(f"no sentence for {error!r}")


def _local_words(error: NoSpace | DownloadInUse | NoKeyring) -> Explanation:
    match error:
        case NoSpace(path, too_large=True):
            return Explanation(
                tr("The disk takes no file that large."),
                tr("{path}: some file systems, such as FAT32, hold files of up to 4 GB.", path=path),
                tr("Choose a smaller quantisation, or start Fireside with a data directory on another disk."),
            )
        case NoSpace(path, needed_bytes, free_bytes):
            return Explanation(
                tr("There is not enough room on the disk."),
                tr(
                    "{path}: {needed} are needed, {free} are free.",
                    path=path,
                    needed=size(needed_bytes),
                    free=size(free_bytes),
                ),
                tr("Free some space, then go on: what is here already is kept."),
            )
        case DownloadInUse(path):
            return Explanation(
                tr("This file is being downloaded already."),
                tr("Another Fireside is writing {path}.", path=path),
                tr("Wait for it, or stop it there."),
            )
        case NoKeyring():
            return Explanation(
                tr("The access token cannot be stored."),
                tr("This system has no keyring that keeps secrets."),
                tr("It is used until Fireside is closed. On the command line, HF_TOKEN works too."),
            )
