"""A hub in a process of its own that serves one file: `python -m benchmarks.hub FILE`, until its input ends.

Prints its endpoint, the address of the file, and what there is to download, as JSON.
"""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from pathlib import Path

from tests.hub.hub_server import HubServer

REPO, NAME = "maker/model-GGUF", "model.gguf"


def main() -> None:
    with HubServer() as hub:
        repo = hub.add(REPO, {NAME: Path(sys.argv[1])})
        told = {
            "endpoint": hub.endpoint,
            "url": f"{hub.endpoint}/{REPO}/resolve/{repo.commit}/{NAME}",
            "choice": asdict(hub.choice(REPO)),
        }
        print(json.dumps(told), flush=True)
        sys.stdin.read()


if __name__ == "__main__":
    main()
