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
