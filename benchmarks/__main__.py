"""Print one JSON line a figure: `{"name", "value", "unit", "baseline", "ratio"}`. `--pairs N` sets the repetitions."""

from __future__ import annotations

import argparse

from benchmarks import answering, downloading, fitting, headers, starting, window_downloading


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--pairs", type=int, default=5, help="interleaved pairs of app and baseline (5)")
    pairs = parser.parse_args().pairs
    for figures in (starting, answering, headers, fitting, downloading, window_downloading):
        for figure in figures.measure(pairs):
            print(figure.line(), flush=True)


if __name__ == "__main__":
    main()
