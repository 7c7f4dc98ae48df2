"""Ask llama.cpp's own server what it makes of each template in tests/data/templates, and write it to references.json.

    python tests/engine/make_template_references.py LLAMA_SERVER MODEL.gguf

LLAMA_SERVER is a llama-server built from the llama.cpp that the llama-cpp-python source package carries, MODEL.gguf any
small chat model: only its bos and eos are used, and they are written down. The README there tells how the present file
was made.
"""

from __future__ import annotations

import argparse
import json
import socket
import subprocess
import time
import urllib.error
import urllib.request
from datetime import datetime
from pathlib import Path
from typing import Any

TEMPLATES = Path(__file__).parents[1] / "data" / "templates"

CONVERSATIONS: dict[str, list[dict[str, str]]] = {
    "one turn": [{"role": "user", "content": 'Is 2 < 3 & "true"?\n\nAnswer in one word, 谢谢 🙂'}],
    "four turns": [
        {"role": "system", "content": "You are a pirate. Don't say <|im_end|>."},
        {"role": "user", "content": "Print 2 < 3 in Python."},
        {"role": "assistant", "content": "Aye:\n\n```python\nprint(2 < 3)\n```\n"},
        {"role": "user", "content": "And in  C?"},
    ],
}


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("server", type=Path)
    parser.add_argument("model", type=Path)
    arguments = parser.parse_args()
    version = subprocess.run([arguments.server, "--version"], capture_output=True, text=True, check=True)
    templates = sorted(TEMPLATES.glob("*.jinja"))
    references = {
        "server": (version.stdout + version.stderr).strip().splitlines()[0],
        "model": arguments.model.name,
        "date": datetime.now().astimezone().date().isoformat(),
        "conversations": CONVERSATIONS,
        "templates": {each.name: ask(arguments.server, arguments.model, each) for each in templates},
    }
    text = json.dumps(references, ensure_ascii=False, indent=1)
    (TEMPLATES / "references.json").write_text(text + "\n", encoding="utf-8")


def ask(server: Path, model: Path, template: Path) -> dict[str, Any]:
    """The bos and eos that the server gives this template, and its prompt or error for each conversation."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [str(server), "-m", str(model), "--jinja", "--chat-template-file", str(template)]
    command += ["--port", str(port), "--no-warmup", "-c", "512"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        while not answers(f"http://127.0.0.1:{port}/health"):
            if process.poll() is not None:
                return {"error": "the server does not start with this template"}
            time.sleep(0.1)
        address = f"http://127.0.0.1:{port}"
        with urllib.request.urlopen(f"{address}/props") as reply:  # noqa: S310 -- our own server
            props = json.load(reply)
        prompts = {name: apply_template(address, messages) for name, messages in CONVERSATIONS.items()}
        return {"bos": props["bos_token"], "eos": props["eos_token"], "prompts": prompts}
    finally:
        process.kill()
        process.wait()


def answers(url: str) -> bool:
    """Whether `url` answers with a success."""
    try:
        with urllib.request.urlopen(url):  # noqa: S310 -- our own server
            return True
    except OSError:
        return False


def apply_template(address: str, messages: list[dict[str, str]]) -> dict[str, str]:
    """What the server answers: {"prompt": …} or {"error": …}."""
    body = json.dumps({"messages": messages}).encode()
    headers = {"Content-Type": "application/json"}
    request = urllib.request.Request(f"{address}/apply-template", body, headers)  # noqa: S310
    try:
        with urllib.request.urlopen(request) as reply:  # noqa: S310
            return {"prompt": json.load(reply)["prompt"]}
    except urllib.error.HTTPError as error:
        return {"error": json.load(error)["error"]["message"]}


if __name__ == "__main__":
    main()
