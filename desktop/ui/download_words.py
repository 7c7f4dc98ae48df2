"""Words for how far a download is. Knows no Qt."""

from __future__ import annotations

from desktop.hub.job import Download, Phase
from desktop.ui.i18n import tr
from desktop.ui.quantities import bytes_per_second, duration, size


def title_of(download: Download) -> str:
    """What is being downloaded: "Qwen3-8B, Q4_K_M"."""
    # All of them are GGUF: the suffix says nothing here.
    name = download.choice.repo.rpartition("/")[2].removesuffix("-GGUF")
    quantisation = download.choice.quantisation
    return tr("{name}, {quantisation}", name=name, quantisation=quantisation) if quantisation else name


def progress_line(download: Download) -> str:
    """One line on a download: what of it is here, how fast the rest comes, how long that takes."""
    done, total = size(download.done_bytes), size(download.total_bytes)
    match download.phase:
        case Phase.WAITING:
            return tr("Waiting for the others · {total}", total=total)
        case Phase.RUNNING:
            return _running_line(download, done, total)
        case Phase.VERIFYING:
            return tr("Checking that every byte is right · {total}", total=total)
        case Phase.PAUSED:
            return tr("Paused · {done} of {total}", done=done, total=total)
        case Phase.FAILED:
            return tr("Stopped · {done} of {total}", done=done, total=total)
        case Phase.DONE:
            return tr("On this computer · {total}", total=total)


def _running_line(download: Download, done: str, total: str) -> str:
    if download.bytes_per_s <= 0:
        return tr("Connecting · {done} of {total}", done=done, total=total)
    speed = bytes_per_second(download.bytes_per_s)
    if download.left_s is None:
        return tr("{done} of {total} · {speed}", done=done, total=total, speed=speed)
    left = duration(download.left_s)
    return tr("{done} of {total} · {speed} · {left} left", done=done, total=total, speed=speed, left=left)
