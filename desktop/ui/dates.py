"""Dates as people say them. Knows no Qt."""

from __future__ import annotations

import re
import time
from datetime import date, timedelta

from desktop.ui.i18n import tr

# Python's own names follow the locale of the process, not the language of the interface.
_MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)


def local_date(seconds: float) -> date:
    """The day on this computer's calendar at `seconds` since the epoch."""
    return date(*time.localtime(seconds)[:3])


def period(day: date, today: date) -> str:
    """The heading under which `day` stands in a list: a few recent spans, then months."""
    age = today - day
    if age <= timedelta(0):
        # A clock that was set back leaves chats in the future: they are today's as well.
        return tr("Today")
    if age == timedelta(days=1):
        return tr("Yesterday")
    if age <= timedelta(days=7):
        return tr("Previous 7 days")
    if age <= timedelta(days=30):
        return tr("Previous 30 days")
    return _written(day, tr("MMMM yyyy"))


def moment(seconds: float, now: float) -> str:
    """When something was said: "14:03" today, "Yesterday 14:03", "3 Nov 14:03", with the year in another year."""
    day, today = local_date(seconds), local_date(now)
    clock = time.strftime("%H:%M", time.localtime(seconds))
    if day == today:
        return clock
    if today - day == timedelta(days=1):
        return tr("Yesterday {time}", time=clock)
    pattern = tr("d MMM") if day.year == today.year else tr("d MMM yyyy")
    return tr("{date} {time}", date=_written(day, pattern), time=clock)


def stamp(seconds: float) -> str:
    """The date and the time in full, for what is read on another day: "2026-11-03 14:03"."""
    return time.strftime("%Y-%m-%d %H:%M", time.localtime(seconds))


def _written(day: date, pattern: str) -> str:
    """`day` as the pattern of a language says: yyyy, MMMM (the month's English name), MMM (its beginning), M and d."""
    name = _MONTHS[day.month - 1]
    parts = {"yyyy": str(day.year), "MMMM": name, "MMM": name[:3], "M": str(day.month), "d": str(day.day)}
    return re.sub(r"yyyy|MMMM|MMM|M|d", lambda found: parts[found[0]], pattern)
