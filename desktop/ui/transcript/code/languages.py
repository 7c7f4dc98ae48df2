"""What languages of code are called: as models write it behind a fence, as people do, and how their files end."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Language:
    """`lexer` is what Pygments calls it, "" where it has no colours."""

    name: str
    suffix: str = "txt"
    lexer: str = ""


_TABLE = """
Ada | adb | ada | ads
AppleScript | applescript | applescript
Assembly | s | gas | asm s assembly assembler
Assembly (NASM) | asm | nasm | x86asm
AWK | awk | awk | gawk
Bash | sh | bash | sh shell zsh ksh
Batch | bat | batch | bat cmd dosbatch
BibTeX | bib | bibtex | bib
C | c | c | h
C# | cs | csharp | cs c#
C++ | cpp | cpp | c++ cc cxx hpp hxx
Clojure | clj | clojure | clj cljs edn
CMake | cmake | cmake
COBOL | cob | cobol
CoffeeScript | coffee | coffeescript | coffee
Common Lisp | lisp | common-lisp | lisp elisp emacs-lisp cl
Console | txt | console | shell-session shellsession terminal sh-session
Crystal | cr | crystal | cr
CSS | css | css
CSV | csv | | tsv
CUDA | cu | cuda | cu
Cypher | cypher | cypher
Cython | pyx | cython | pyx
D | d | d | dlang
Dart | dart | dart
Diff | diff | diff | patch udiff
Django template | html | django | jinja jinja2 jinja-html twig nunjucks
Dockerfile | dockerfile | docker | dockerfile containerfile
Elixir | ex | elixir | ex exs
Elm | elm | elm
ERB | erb | erb | rhtml
Erlang | erl | erlang | erl
F# | fs | fsharp | fs f#
Fish | fish | fish
Fortran | f90 | fortran | f90 f95 f
GDScript | gd | gdscript | gd godot
Git ignore | gitignore | | gitignore
GLSL | glsl | glsl | vert frag
Go | go | go | golang
GraphQL | graphql | graphql | gql
Graphviz | dot | graphviz | dot
Groovy | groovy | groovy | gradle
Haskell | hs | haskell | hs
HCL | hcl | hcl
HLSL | hlsl | hlsl
HTML | html | html | htm xhtml
HTTP | http | http
INI | ini | ini | cfg conf config dosini dotenv env
Java | java | java
JavaScript | js | javascript | js mjs cjs node
JSON | json | json | jsonl ndjson geojson
JSON with comments | jsonc | json5 | jsonc json5
JSX | jsx | jsx | react
Julia | jl | julia | jl
Kotlin | kt | kotlin | kt kts
LaTeX | tex | latex | tex
Less | less | less
Log | log | | log logs
Lua | lua | lua | luau
Makefile | mk | make | makefile mk mak
Markdown | md | markdown | md mdx
MATLAB | m | matlab | octave
Mermaid | mmd | | mermaid mmd
Mojo | mojo | mojo
nginx | conf | nginx
Nim | nim | nim | nimrod
Nix | nix | nix
Objective-C | m | objective-c | objc objectivec obj-c
OCaml | ml | ocaml | ml
Pascal | pas | pascal | delphi objectpascal
Perl | pl | perl | pl pm
PHP | php | php | php3 php4 php5 php7 php8
PowerShell | ps1 | powershell | ps1 ps pwsh posh psm1
Prolog | pl | prolog
Properties | properties | properties | jproperties
Protocol Buffers | proto | protobuf | proto
Python | py | python | py python3 py3 pyi python2 ipython sage
Python console | txt | pycon | pycon
Python traceback | txt | pytb | pytb traceback
R | r | r | rlang rscript
Racket | rkt | racket | rkt
reStructuredText | rst | rst | rest
Ruby | rb | ruby | rb
Rust | rs | rust | rs
Sass | sass | sass
Scala | scala | scala | sc
Scheme | scm | scheme | scm
SCSS | scss | scss
Solidity | sol | solidity | sol
SQL | sql | sql | mysql sqlite sqlite3 tsql mssql plsql mariadb
PostgreSQL | sql | sql | postgres postgresql pgsql psql plpgsql
Svelte | svelte | html | svelte astro
SVG | svg | xml | svg
Swift | swift | swift
Tcl | tcl | tcl
Terraform | tf | terraform | tf tfvars
Text | txt | | text txt plain plaintext none output raw ascii
TOML | toml | toml
TSX | tsx | tsx
TypeScript | ts | typescript | ts mts cts
Verilog | v | verilog | sv systemverilog
VB.NET | vb | vb.net | vb vbnet visualbasic vba
VHDL | vhdl | vhdl | vhd
Vim script | vim | vim | viml vimscript
Vue | vue | vue | vuejs
WebAssembly | wat | wast | wat wasm
WGSL | wgsl | wgsl
XML | xml | xml | xsd xsl xslt rss plist xaml
YAML | yaml | yaml | yml
Zig | zig | zig
"""
"""The name, the suffix, the lexer, and further names."""


def _read(table: str) -> dict[str, Language]:
    found: dict[str, Language] = {}
    for line in table.strip().split("\n"):
        name, suffix, lexer, aliases = (part.strip() for part in f"{line} | ".split("|")[:4])
        language = Language(name, suffix, lexer)
        for alias in {name.lower(), lexer, *aliases.split()} - {""}:
            found.setdefault(alias, language)
    return found


_LANGUAGES = _read(_TABLE)


def language(written: str) -> Language:
    """The language that is `written` behind a fence. What nobody knows is called as it was written."""
    return _LANGUAGES.get(_key(written)) or Language(written)


def is_diagram(written: str) -> bool:
    """Whether what is `written` behind a fence says that the code is a diagram."""
    return language(written) is _LANGUAGES["mermaid"]


def names() -> list[str]:
    """All names that are known."""
    return sorted(_LANGUAGES)


def _key(written: str) -> str:
    # Some write `{.python .numberLines}` or `python:main.py`.
    return written.lower().strip("{}. ").split(":")[0].split(",")[0]
