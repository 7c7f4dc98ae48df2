"""A download on the command line: how far it is, and what came of it."""

from __future__ import annotations

import threading
import time
from dataclasses import asdict

from desktop.cli.command import WRONG_FILE, Command
from desktop.errors import BadModelFile
from desktop.hub.downloads import Downloads
from desktop.hub.job import GOING, Download, Phase
from desktop.hub.library import Library
from desktop.hub.network import Network
from desktop.hub.remote import Choice
from desktop.ui.download_words import progress_line, title_of
from desktop.ui.i18n import tr
from desktop.ui.quantities import size

_TOLD_EVERY_S = 0.1
_BAR_CELLS = 10


def fetch(command: Command, network: Network, choice: Choice) -> int:
    """Download `choice` and say what it is called in the library.

    Raises:
        HubError, NoSpace, DownloadInUse, CannotWrite: what is here of it is kept, and the next call goes on with it.
        KeyboardInterrupt: the same.
    """
    terminal = command.terminal
    changed = threading.Event()
    library = Library(command.paths.library, command.paths.models)
    downloads = Downloads(
        command.paths.models, network, at_once=1, on_change=changed.set, remember=library.record_origin
    )
    try:
        download_id = downloads.add(_begun(downloads, choice))
        ended = _wait(command, downloads, download_id, changed)
    except KeyboardInterrupt:
        terminal.tell(tr("Interrupted. What is here is kept: run the same command again to go on."))
        raise
    finally:
        downloads.close()
    if ended.error is not None:
        raise ended.error
    if ended.phase is not Phase.DONE:
        # A bug: Python has shown where its thread ended.
        raise RuntimeError(f"the download ended as {ended.phase}")
    model = library.record_origin(ended.choice)
    if isinstance(model.problem, BadModelFile):
        # As the hub promised, byte for byte, and yet nothing that answers.
        terminal.error(model.problem)
        return WRONG_FILE
    if terminal.as_json:
        terminal.data({"type": "done", "model": model.name, "path": str(ended.path)})
    else:
        terminal.line(model.name)
        terminal.tell(
            tr("{title} is in the library ({size}). Ask it with: {command}",
               title=title_of(ended), size=size(ended.total_bytes), command=f"fireside ask --model {model.name} …")
        )  # fmt: skip
    return 0


def _begun(downloads: Downloads, choice: Choice) -> Choice:
    """The same files at an older commit, if their download has begun: what is here of them goes on."""
    for download in downloads.list():
        begun = download.choice
        if (begun.repo, begun.files, begun.companions) == (choice.repo, choice.files, choice.companions):
            return begun
    return choice


def _wait(command: Command, downloads: Downloads, download_id: str, changed: threading.Event) -> Download:
    """Show how far the download is, until it ends."""
    told_at = 0.0
    while True:
        # Not forever: on Windows Ctrl+C would not get through.
        changed.wait(_TOLD_EVERY_S)
        changed.clear()
        download = next(each for each in downloads.list() if each.id == download_id)
        now = time.monotonic()
        if now - told_at >= _TOLD_EVERY_S or download.phase not in GOING:
            told_at = now
            _tell(command, download)
        if download.phase not in GOING:
            return download


def _tell(command: Command, download: Download) -> None:
    if command.terminal.as_json:
        facts = asdict(download)
        told = ("phase", "done_bytes", "total_bytes", "bytes_per_s", "left_s")
        command.terminal.data({"type": "progress", **{name: facts[name] for name in told}})
        return
    share = download.done_bytes / max(1, download.total_bytes)
    full = int(share * _BAR_CELLS)
    bar = "█" * full + "░" * (_BAR_CELLS - full)
    command.terminal.progress(f"{bar} {int(share * 100):3} %  {progress_line(download)}  {title_of(download)}")
