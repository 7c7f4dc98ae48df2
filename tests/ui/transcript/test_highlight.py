"""The colours of code: in many languages, the same however a text comes, and bounded."""

from __future__ import annotations

import random
from typing import Any

import pytest
from pytestqt.qtbot import QtBot

from desktop.ui import colours
from desktop.ui.transcript.code import highlight, languages, lexing
from desktop.ui.transcript.code.highlight import Highlighter, highlighter
from desktop.ui.transcript.code.lexing import Ink

SNIPPETS = {
    "ada": 'procedure Main is\nbegin\n   Put_Line ("hi"); -- say\nend Main;',
    "applescript": 'tell application "Finder"\n  set x to 5\nend tell',
    "asm": 'main:\n  movl $5, %eax # five\n  .string "hi"',
    "awk": 'BEGIN { print "hi", 1 } # say',
    "bash": 'if [ -f "$1" ]; then\n  echo "hi" # say\nfi',
    "bat": "@echo off\nREM hi\nif exist x.txt echo yes",
    "c": "#include <stdio.h>\nint main(void) { return 0; } /* end */",
    "clj": '(defn f [x] (+ x 1)) ; add\n(println "hi")',
    "cmake": 'project(demo)\nif(WIN32)\n  message("hi") # say\nendif()',
    "console": '$ echo "hi"\nhi',
    "c++": "template <class T> class A { int x = 1; }; // end",
    "cs": 'class A { string s = "hi"; } // end',
    "css": 'a:hover { color: #fff; content: "x"; } /* end */',
    "cu": "__global__ void f(int *a) { a[0] = 1; } // end",
    "d": 'void main() { writeln("hi"); } // end',
    "dart": "void main() { print('hi'); } // end",
    "diff": "--- a\n+++ b\n@@ -1 +1 @@\n-old\n+new",
    "dockerfile": 'FROM python:3.11 # base\nRUN echo "hi"',
    "elixir": 'defmodule A do\n  def f(x), do: "#{x}" # say\nend',
    "erl": '-module(a).\nf(X) -> "hi". % say',
    "fish": "function f\n  echo 'hi' # say\nend",
    "fortran": "program a\n  integer :: x = 1 ! one\nend program",
    "f#": 'let f x = x + 1 // add\nprintfn "hi"',
    "gd": 'func _ready():\n\tprint("hi") # say',
    "glsl": "void main() { float x = 1.0; } // end",
    "golang": 'package main\nfunc main() { println("hi") } // end',
    "gql": 'query Q($id: ID!) { user(id: "1") { name } } # end',
    "groovy": 'def f = { println "hi" } // end',
    "haskell": 'f :: Int -> Int\nf x = x + 1 -- add\nmain = putStrLn "hi"',
    "hcl": 'resource "a" "b" {\n  count = 1 # one\n}',
    "html": '<!-- hi -->\n<a href="x">b</a>',
    "http": "GET /x HTTP/1.1\nHost: a.example\n",
    "ini": "; hi\n[section]\nkey = 1",
    "java": 'class A { String s = "hi"; } // end',
    "js": 'const f = (x) => `a${x}`; // end\nlet s = "x";',
    "json": '{"a": [1, true, "b"]}',
    "jsonc": '// hi\n{"a": 1}',
    "jsx": 'const A = () => <div className="b">{1}</div>; // end',
    "jl": 'function f(x)\n  x + 1 # add\nend\nprintln("hi")',
    "kt": 'fun main() { println("hi") } // end',
    "tex": "\\section{Hi} % say\n$x^2$",
    "less": "@c: #fff; // hi\na { color: @c; }",
    "lua": 'local function f() return "hi" end -- say',
    "makefile": 'all: x # hi\n\techo "hi"\nX = 1',
    "md": "# Hi\n\n**bold** and `code`",
    "matlab": "function y = f(x)\n  y = 'hi'; % say\nend",
    "nginx": "server {\n  listen 80; # port\n}",
    "nix": '{ a = 1; b = "hi"; } # end',
    "objc": '@interface A : NSObject\n- (int)f; // hi\n@end\nNSString *s = @"hi";',
    "ocaml": 'let f x = x + 1 (* add *)\nlet s = "hi"',
    "pascal": "program A; begin writeln('hi'); { say } end.",
    "perl": 'my $x = "hi"; # say\nsub f { return 1; }',
    "php": 'function f($x) { return "hi"; } // end',
    "proto": 'message A { string b = 1; } // end\nimport "x";',
    "ps1": 'function F { Write-Host "hi" } # say',
    "py": 'def f(x):\n    return "hi"  # say',
    "r": 'f <- function(x) { x + 1 } # add\nprint("hi")',
    "rb": 'def f(x)\n  "hi" # say\nend',
    "rs": 'fn main() { println!("hi"); } // end',
    "scala": 'object A { def f = "hi" } // end',
    "scss": "$c: #fff; // hi\na { color: $c; }",
    "sol": 'contract A { uint x = 1; string s = "hi"; } // end',
    "sql": "SELECT 'a', 1 FROM t -- end",
    "swift": 'func f() -> Int { return 1 } // end\nlet s = "hi"',
    "tcl": 'proc f {x} { puts "hi" } ;# say',
    "tf": 'variable "a" {\n  default = "b" # hi\n}',
    "toml": '[a]\nb = "c" # hi\nd = 1',
    "ts": "interface A { b: string } // hi\nconst x: number = 1;",
    "tsx": 'const A = (p: P) => <b x="y">{1}</b>; // end',
    "vb": 'Dim s As String = "hi" \' say',
    "vim": 'function! F()\n  echo "hi"\nendfunction',
    "vue": '<template><a :b="c">d</a></template>\n<script>\nconst x = 1;\n</script>',
    "wat": "(module (func $f (result i32) i32.const 1)) ;; end",
    "xml": '<?xml version="1.0"?>\n<a b="c">d</a>',
    "yml": 'a: "b" # hi\nc:\n  - 1',
    "zig": "const x: u8 = 1; // hi\nfn f() void {}",
}
SPANNING = 'x = """\n' + "still the text\n" * 500 + '"""\ny = 1\n'
COMMENT = "int a;\n/* one\n" + " * more int words\n" * 60 + " */ int b; // end\nint c;\n"


def made(language: str) -> Highlighter:
    found = highlighter(language)
    assert found is not None
    return found


def test_forty_languages_have_colours() -> None:
    assert len(SNIPPETS) > 70


@pytest.mark.parametrize("language", SNIPPETS)
def test_a_language_has_its_colours(language: str) -> None:
    text = SNIPPETS[language]
    ranges = made(language).feed(text)
    assert len({ink for _, _, ink in ranges}) >= 2
    assert all(0 <= start < end <= len(text) and "\n" not in text[start:end] for start, end, _ in ranges)


def test_what_is_what() -> None:
    text = SNIPPETS["py"]
    found = {text[start:end]: ink for start, end, ink in made("py").feed(text)}
    assert found == {
        "def": Ink.KEYWORD,
        "f": Ink.NAME,
        "return": Ink.KEYWORD,
        '"hi"': Ink.STRING,
        "# say": Ink.COMMENT,
    }


@pytest.mark.parametrize("language", ["", "text", "mermaid", "nobody knows", "é" * 500])
def test_what_nobody_knows_has_no_colours(language: str) -> None:
    assert highlighter(language) is None
    assert highlight.is_prepared(language)


@pytest.mark.parametrize(
    ("written", "name", "suffix"),
    [
        ("py", "Python", "py"),
        ("C++", "C++", "cpp"),
        ("{.js}", "JavaScript", "js"),
        ("python:main.py", "Python", "py"),
        ("Klingon", "Klingon", "txt"),
        ("", "", "txt"),
    ],
)
def test_what_a_language_is_called(written: str, name: str, suffix: str) -> None:
    found = languages.language(written)
    assert (found.name, found.suffix) == (name, suffix)


def test_every_name_leads_to_a_lexer_or_to_none() -> None:
    known = {name: languages.language(name).lexer for name in languages.names()}
    assert [name for name, lexer in known.items() if (highlighter(name) is None) is not (lexer == "")] == []


@pytest.mark.parametrize("language", ["py", "c", "js", "html", "yml", "rb", "json", "php", "console"])
@pytest.mark.parametrize("seed", range(3))
def test_however_a_text_comes_it_gets_the_same_colours(language: str, seed: int) -> None:
    chosen = random.Random(seed)
    parts = [SNIPPETS[language], COMMENT, 'x = """\na\n\n# b\n"""', "/* never closed", "{\n  [\n", "\n"]
    text = "\n".join(chosen.choices(parts, k=12))
    at_once = made(language)
    at_once.feed(text)
    streamed = made(language)
    end = 0
    while end < len(text):
        end += chosen.randint(1, 40)
        streamed.feed(text[:end])
    assert streamed.lines == at_once.lines


def test_slices_come_to_the_same_as_all_at_once() -> None:
    text = (SNIPPETS["py"] + "\n" + COMMENT) * 10
    at_once, sliced = made("py"), made("py")
    at_once.feed(text)
    sliced.feed(text, 1)
    steps = 0
    while not sliced.is_done:
        sliced.feed(text, 1)
        steps += 1
    assert steps > 10
    assert sliced.lines == at_once.lines


def test_a_text_that_spans_hundreds_of_lines_keeps_its_colour() -> None:
    found = made("py")
    found.feed(SPANNING)
    assert {ink for line in found.lines[1:500] for _, _, ink in line} == {Ink.STRING}
    assert found.lines[502] == [(4, 5, Ink.NUMBER)]


def test_a_comment_that_spans_lines_is_one_while_it_is_written() -> None:
    found = made("c")
    for end in range(0, len(COMMENT), 7):
        found.feed(COMMENT[:end])
        written = COMMENT[:end].split("\n")
        for number in range(1, min(61, len(written))):
            assert {ink for _, _, ink in found.lines[number]} <= {Ink.COMMENT}


def test_only_what_is_new_is_given_again() -> None:
    found = made("py")
    text = "a = 1\n" * 100
    found.feed(text)
    ranges = found.feed(text + "b = 2")
    assert [start for start, _, _ in ranges if start < len(text) - 12] == []


def test_another_text_starts_from_the_beginning() -> None:
    found = made("py")
    found.feed('"""never closed\n')
    found.feed("x = 1")
    assert found.lines == [[(4, 5, Ink.NUMBER)]]


def test_the_end_of_a_very_long_line_has_no_colours() -> None:
    found = made("js")
    found.feed('"a",' * 5_000 + "\nlet x = 1;")
    assert max(end for _, end, _ in found.lines[0]) <= 1_000
    assert found.lines[1][0] == (0, 3, Ink.KEYWORD)


def test_a_language_is_prepared_beside_the_main_thread(qtbot: QtBot) -> None:
    qtbot.waitUntil(lambda: highlight.is_prepared("cobol"))
    assert made("cobol").feed("       MOVE 1 TO X.")


@pytest.mark.parametrize("tokens", [colours.LIGHT, colours.DARK])
def test_inks_can_be_read_on_their_grounds(tokens: colours.Tokens) -> None:
    for ink in Ink:
        assert contrast(tokens.ink(ink), tokens.code) >= 4.5


def contrast(one: str, other: str) -> float:
    first, second = sorted((luminance(one), luminance(other)))
    return (second + 0.05) / (first + 0.05)


def luminance(colour: str) -> float:
    channels = [int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5)]
    red, green, blue = (c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def test_reading_ends_when_its_time_is_over(monkeypatch: pytest.MonkeyPatch) -> None:
    """Some lexers' time grows with the square of the text: it cannot be waited for until they are done."""
    colours = highlighter("applescript")
    assert colours is not None
    steps = []
    step = lexing._ByState._step

    def counting(*given: Any) -> int:
        steps.append(given)
        return step(*given)

    monkeypatch.setattr(lexing._ByState, "_step", counting)
    monkeypatch.setattr(highlight, "_MAX_STRETCH_S", 0.0)
    assert colours.feed("\n".join(['\\"' * 400] * 20)) == []
    assert colours.is_done
    assert len(steps) < 100
