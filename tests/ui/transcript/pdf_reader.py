"""Reads what QPdfWriter writes, as far as a test wants to know it: the text of each page, links, the title."""

from __future__ import annotations

import re
import zlib
from pathlib import Path


class Pdf:
    """The file at `path`."""

    def __init__(self, path: Path) -> None:
        self.data = path.read_bytes()
        found = re.finditer(rb"(?:^|\n)(\d+) 0 obj\n(.*?)\nendobj", self.data, re.DOTALL)
        self._objects = {int(match[1]): match[2] for match in found}
        self._letters = {name: self._map(name) for name in self._fonts()}

    @property
    def pages(self) -> list[str]:
        """The letters of each page in the order in which they were painted."""
        found = [body for body in self._objects.values() if b"/Type /Page\n" in body]
        return [self._text(self._stream(self._number(body, b"Contents"))) for body in found]

    @property
    def links(self) -> list[str]:
        return [match[1].decode() for match in re.finditer(rb"/URI \(([^)]*)\)", self.data)]

    def _fonts(self) -> list[int]:
        return [int(number) for number in {match[1] for match in re.finditer(rb"/F\d+ (\d+) 0 R", self.data)}]

    def _number(self, body: bytes, key: bytes) -> int:
        match = re.search(rb"/" + key + rb" (\d+) 0 R", body)
        assert match is not None
        return int(match[1])

    def _stream(self, number: int) -> bytes:
        data = self._objects[number].partition(b"stream\n")[2].rpartition(b"\nendstream")[0]
        return data if b"begincmap" in data else zlib.decompress(data)

    def _map(self, font: int) -> dict[bytes, str]:
        table = self._stream(self._number(self._objects[font], b"ToUnicode"))
        letters: dict[bytes, str] = {}
        for first, codes in re.findall(rb"<(\w{4})> <\w{4}> \[([^\]]*)\]", table):
            for index, code in enumerate(re.findall(rb"<(\w+)>", codes)):
                letters[b"%04X" % (int(first, 16) + index)] = chr(int(code, 16))
        return letters

    def _text(self, stream: bytes) -> str:
        text, letters = "", {}
        for font, glyphs in re.findall(rb"/F(\d+) \d+ Tf|<([0-9A-Fa-f]+)> Tj", stream):
            if font:
                letters = self._letters[int(font)]
            elif glyphs:
                parts = (glyphs[start : start + 4].upper() for start in range(0, len(glyphs), 4))
                text += "".join(letters.get(part, "?") for part in parts)
        return text
