"""Dates as people say them."""

from __future__ import annotations

import time
from datetime import date, timedelta

from PySide6.QtCore import QDate, QLocale

from desktop.ui.i18n import language, tr


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
    return QLocale(language()).toString(QDate(day.year, day.month, day.day), tr("MMMM yyyy"))


def moment(seconds: float, now: float) -> str:
    """When something was said: "14:03" today, "Yesterday 14:03", "3 Nov 14:03", with the year in another year."""
    day, today = local_date(seconds), local_date(now)
    clock = time.strftime("%H:%M", time.localtime(seconds))
    if day == today:
        return clock
    if today - day == timedelta(days=1):
        return tr("Yesterday {time}", time=clock)
    pattern = tr("d MMM") if day.year == today.year else tr("d MMM yyyy")
    return tr(
        "{date} {time}", date=QLocale(language()).toString(QDate(day.year, day.month, day.day), pattern), time=clock
    )
