"""Sizes, speeds and times as people say them. Knows no Qt."""

from __future__ import annotations

from desktop.ui.i18n import tr

_GIGA, _MEGA = 1e9, 1e6
_MINUTE_S, _HOUR_S = 60, 3600


def gigabytes(size_bytes: int) -> str:
    """Such as "5.1 GB"."""
    return tr("{number} GB", number=f"{size_bytes / _GIGA:,.1f}")


def size(size_bytes: int) -> str:
    """A file's size: "98 MB", "4.1 GB"."""
    if size_bytes >= _GIGA:
        return gigabytes(size_bytes)
    return tr("{number} MB", number=f"{max(1, round(size_bytes / _MEGA)) if size_bytes else 0}")


def parameters(count: int) -> str:
    """How large a model is: "135M", "8.2B"."""
    return f"{count / _MEGA:.0f}M" if count < _GIGA else f"{count / _GIGA:.1f}B"


def bytes_per_second(rate: float) -> str:
    """How fast a download is: "12.3 MB/s"."""
    if rate >= _MEGA:
        return tr("{number} MB/s", number=f"{rate / _MEGA:,.1f}")
    return tr("{number} kB/s", number=f"{rate / 1e3:,.0f}")


def duration(seconds: float) -> str:
    """How long something takes, in the two largest units at most: "40 s", "3 min 20 s", "2 h 5 min"."""
    whole = max(1, round(seconds))
    if whole < _MINUTE_S:
        return tr("{seconds} s", seconds=whole)
    if whole < _HOUR_S:
        return tr("{minutes} min {seconds} s", minutes=whole // _MINUTE_S, seconds=whole % _MINUTE_S)
    return tr("{hours} h {minutes} min", hours=whole // _HOUR_S, minutes=whole % _HOUR_S // _MINUTE_S)
