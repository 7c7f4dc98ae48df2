"""A process that renders the chat templates it is given: one JSON object a line in, one out.

    {"source": …, "time_limit_s": …, "memory_limit_bytes": …}  ->  {"prompt": …} or {"fault": …, "detail": …}

and with either `grown_bytes`: how much the process's peak of resident memory rose.
"""

from __future__ import annotations

import json
import resource
import sys
from typing import Any

from desktop.chat.message import Role, Turn
from desktop.engine.llama.template import ChatTemplate
from desktop.errors import TemplateFailed


def main() -> None:
    for line in sys.stdin:
        before = peak_bytes()
        answer = render(**json.loads(line))
        answer["grown_bytes"] = peak_bytes() - before
        print(json.dumps(answer), flush=True)  # noqa: T201 -- the pipe


def render(source: str, **limits: Any) -> dict[str, Any]:
    try:
        return {"prompt": ChatTemplate(source, "", "", **limits).render([Turn(Role.USER, "Hello")])}
    except TemplateFailed as failure:
        return {"fault": failure.fault.value, "detail": failure.detail}


def peak_bytes() -> int:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


if __name__ == "__main__":
    main()
