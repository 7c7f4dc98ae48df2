"""A licence has one name, wherever it is named."""

from __future__ import annotations

import pytest

from desktop.hub.catalogue import entries
from desktop.ui.licence_words import licence_name


@pytest.mark.parametrize(
    ("identifier", "name"), [("apache-2.0", "Apache 2.0"), ("Apache-2.0", "Apache 2.0"), ("own-licence", "own-licence")]
)
def test_well_known_licences_are_named_and_others_stay_as_they_are(identifier: str, name: str) -> None:
    assert licence_name(identifier) == name


def test_the_catalogue_says_the_same_names() -> None:
    for licence in {entry.licence for entry in entries()}:
        assert licence_name(licence.id) == licence.name
