"""Words for a repository on the hub: what is known of it, each in a few words. Knows no Qt."""

from __future__ import annotations

from desktop.hub.remote import Found
from desktop.ui.i18n import tr, tr_count
from desktop.ui.licence_words import licence_name
from desktop.ui.quantities import parameters

_DAY_S = 86_400
_MONTH_DAYS, _YEAR_DAYS = 30.4, 365.25
_THOUSAND, _MILLION = 1_000, 1_000_000


def facts_of(found: Found, now_s: float) -> list[str]:
    """Parameters, licence, downloads, likes and age, as far as they are known."""
    facts = []
    if found.parameters:
        facts.append(parameters(found.parameters))
    if found.licence:
        facts.append(licence_name(found.licence))
    facts.append(tr("{count} downloads", count=counted(found.downloads)))
    facts.append(tr("{count} likes", count=counted(found.likes)))
    if found.updated_at:
        facts.append(_age(now_s - found.updated_at))
    return facts


def counted(count: int) -> str:
    """A count at a glance: "987", "12.3k", "4.5M"."""
    if count < _THOUSAND:
        return str(count)
    if count < _MILLION:
        return f"{count / _THOUSAND:.1f}k"
    return f"{count / _MILLION:.1f}M"


def _age(seconds: float) -> str:
    days = max(0, int(seconds / _DAY_S))
    if days == 0:
        return tr("updated today")
    if days < _MONTH_DAYS:
        return tr_count("updated yesterday", "updated {count} days ago", days)
    if days < _YEAR_DAYS:
        return tr_count("updated a month ago", "updated {count} months ago", int(days / _MONTH_DAYS))
    return tr_count("updated a year ago", "updated {count} years ago", int(days / _YEAR_DAYS))
