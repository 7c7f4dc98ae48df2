"""What licences are called. Knows no Qt."""

from __future__ import annotations

_NAMES = {
    "apache-2.0": "Apache 2.0",
    "mit": "MIT",
    "bsd-3-clause": "BSD 3-Clause",
    "gpl-3.0": "GPL 3.0",
    "agpl-3.0": "AGPL 3.0",
    "cc-by-4.0": "CC BY 4.0",
    "cc-by-sa-4.0": "CC BY-SA 4.0",
    "cc-by-nc-4.0": "CC BY-NC 4.0",
    "cc-by-nc-sa-4.0": "CC BY-NC-SA 4.0",
    "gemma": "Gemma",
    "llama2": "Llama 2",
    "llama3": "Llama 3",
    "llama3.1": "Llama 3.1",
    "llama3.2": "Llama 3.2",
    "llama3.3": "Llama 3.3",
    "lfm1.0": "LFM Open License 1.0",
}


def licence_name(identifier: str) -> str:
    """The licence that the hub or a model's header calls `identifier`, such as "Apache 2.0" for "apache-2.0".

    An identifier that is not well known is its own name.
    """
    return _NAMES.get(identifier.lower(), identifier)
