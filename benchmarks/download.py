"""Downloads with Fireside: `python -m benchmarks.download fetch|cancel ENDPOINT CHOICE`. Prints figures as JSON."""

from __future__ import annotations

import json
import os
import resource
import shutil
import socket
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from statistics import quantiles

import psutil

from desktop.hub.downloads import Downloads
from desktop.hub.job import Phase
from desktop.hub.network import Connection, Network, Patience
from desktop.hub.remote import Choice, choice_from
from tests.hub.hub_server import HubServer
from tests.hub.origin import drop, silence, status

_TRIALS = 12


def main() -> None:
    what, endpoint, told = sys.argv[1:]
    choice = choice_from(json.loads(told))
    with tempfile.TemporaryDirectory() as folder:
        figures = _fetch(Path(folder), endpoint, choice) if what == "fetch" else _cancel(Path(folder), endpoint, choice)
    print(json.dumps(figures))


def _fetch(folder: Path, endpoint: str, choice: Choice) -> dict[str, float]:
    network = Network(Connection(endpoint))
    done = threading.Event()
    downloads = Downloads(folder, network, on_done=lambda _: done.set())
    idle_bytes = psutil.Process().memory_info().rss
    started = time.perf_counter()
    downloads.add(choice)
    assert done.wait(300)
    seconds = time.perf_counter() - started
    downloads.close()
    network.close()
    peak_bytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    return {
        "download_throughput": choice.size_bytes / 1e6 / seconds,
        "download_memory": (peak_bytes - idle_bytes) / 1e6,
    }


def _cancel(folder: Path, endpoint: str, choice: Choice) -> dict[str, float]:
    """How long it takes until a cancelled download is over and deleted, at any time in each of its phases."""
    figures: dict[str, list[float]] = {}
    with HubServer() as hub, _full() as full:
        body = os.urandom(1 << 20)
        hub.add("maker/small", {"model.gguf": body})
        small = hub.choice("maker/small")
        moments: dict[str, tuple[str, Choice, Callable[[], None]]] = {
            "connecting": (full, small, lambda: None),
            "asking": (hub.endpoint, small, lambda: hub.hub.faults.append(silence)),
            "standing still": (hub.endpoint, small, lambda: hub.cdn.faults.append(drop(1 << 19, "stall"))),
            "waiting": (hub.endpoint, small, lambda: hub.hub.faults.append(status(503))),
            "receiving": (endpoint, choice, lambda: None),
        }
        for name, (address, wanted, prepare) in moments.items():
            for trial in range(_TRIALS):
                prepare()
                took = _cancelled_after(folder, address, wanted, 0.05 + trial * 0.02)
                figures.setdefault(name, []).append(took)
        figures["verifying"] = [_cancelled_verifying(folder, endpoint, choice) for _ in range(4)]
    for name, seconds in figures.items():
        print(f"{name}: slowest {max(seconds) * 1000:.1f} ms", file=sys.stderr)
    everything = [1000 * each for seconds in figures.values() for each in seconds]
    return {"cancel_download": quantiles(everything, n=20)[-1]}


def _cancelled_after(folder: Path, endpoint: str, choice: Choice, seconds: float) -> float:
    network = Network(Connection(endpoint), Patience(waits_s=(60,)))
    downloads = Downloads(folder, network)
    download_id = downloads.add(choice)
    time.sleep(seconds)
    seconds = _time_to_cancel(downloads, network, download_id)
    assert list(folder.iterdir()) == [], "cancelled too late"
    return seconds


def _cancelled_verifying(folder: Path, endpoint: str, choice: Choice) -> float:
    """Cancel while a file that is there in full is read again."""
    target = folder / choice.repo / choice.files[0].path
    target.parent.mkdir(parents=True)
    with target.open("wb") as file:
        file.truncate(choice.size_bytes)
    network = Network(Connection(endpoint))
    downloads = Downloads(folder, network)
    download_id = downloads.add(choice)
    time.sleep(0.1)
    assert downloads.list()[0].phase is Phase.VERIFYING
    seconds = _time_to_cancel(downloads, network, download_id)
    shutil.rmtree(folder / choice.repo.split("/")[0])
    assert list(folder.iterdir()) == []
    return seconds


def _time_to_cancel(downloads: Downloads, network: Network, download_id: str) -> float:
    started = time.perf_counter()
    downloads.cancel(download_id)
    downloads.close()
    seconds = time.perf_counter() - started
    network.close()
    return seconds


@contextmanager
def _full() -> Iterator[str]:
    """The address of a host that lets nobody in and turns nobody away."""
    with socket.socket() as listening, ExitStack() as waiting:
        listening.bind(("127.0.0.1", 0))
        listening.listen(0)
        for _ in range(8):
            connection = waiting.enter_context(socket.socket())
            connection.setblocking(False)
            connection.connect_ex(listening.getsockname())
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"


if __name__ == "__main__":
    main()
