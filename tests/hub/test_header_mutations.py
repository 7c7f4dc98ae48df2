from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.skipif(sys.platform != "linux", reason="the limits are Linux's")
@pytest.mark.parametrize(("model", "count"), [("starter_model", 350), ("gemma_model", 150)])
def test_mutations_are_refused_or_read_within_a_second_and_200_mb(
    model: str, count: int, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    path: Path = request.getfixturevalue(model)
    command = [sys.executable, "-m", "tests.hub.mutate", str(path), str(tmp_path / "copy.gguf"), str(count)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stderr[-2000:]
    refused, read = map(int, done.stdout.split())
    assert refused + read == count
    assert refused > count / 5
    assert read > count / 10
