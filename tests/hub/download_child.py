"""A process of its own that downloads: `python -m tests.hub.download_child FOLDER ENDPOINT CHOICE`.

Prints how many bytes are here, and at the end the phase and the error.
"""

from __future__ import annotations

import json
import sys
import threading
from pathlib import Path

from desktop.hub.downloads import Downloads
from desktop.hub.job import GOING
from desktop.hub.network import Connection, Network, Patience
from desktop.hub.remote import choice_from


def main() -> None:
    folder, endpoint, choice = sys.argv[1:]
    changed = threading.Semaphore(0)
    network = Network(Connection(endpoint), Patience(waits_s=(0, 0)))
    downloads = Downloads(Path(folder), network, on_change=changed.release)
    downloads.add(choice_from(json.loads(choice)))
    while (download := downloads.list()[0]).phase in GOING:
        sys.stdout.write(f"{download.done_bytes}\n")
        sys.stdout.flush()
        changed.acquire()
    sys.stdout.write(f"{download.phase} {type(download.error).__name__} {download.done_bytes}\n")
    downloads.close()
    network.close()


if __name__ == "__main__":
    main()
