"""Print one JSON line a figure: `{"name", "value", "unit", "baseline", "ratio"}`."""

from __future__ import annotations

import argparse

from benchmarks import (
    alternatives,
    answering,
    busy,
    downloading,
    fitting,
    guessing,
    headers,
    hostile,
    memory,
    reading,
    reading_prompts,
    reusing,
    several,
    starting,
    stopping,
    streaming,
    window_downloading,
)

_ALL = {
    "starting": starting,
    "answering": answering,
    "alternatives": alternatives,
    "reading_prompts": reading_prompts,
    "reusing": reusing,
    "several": several,
    "guessing": guessing,
    "busy": busy,
    "stopping": stopping,
    "memory": memory,
    "headers": headers,
    "fitting": fitting,
    "downloading": downloading,
    "window_downloading": window_downloading,
    "reading": reading,
    "streaming": streaming,
    "hostile": hostile,
}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--pairs", type=int, default=5, help="interleaved pairs of app and baseline (5)")
    parser.add_argument("groups", nargs="*", metavar="GROUP", help=f"of {', '.join(_ALL)}; by default all")
    args = parser.parse_args()
    unknown = set(args.groups) - _ALL.keys()
    if unknown:
        parser.error(f"no such group: {', '.join(sorted(unknown))}")
    for name in args.groups or _ALL:
        for figure in _ALL[name].measure(args.pairs):
            print(figure.line(), flush=True)


if __name__ == "__main__":
    main()
