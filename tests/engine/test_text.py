from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from desktop.engine.llama.text import TextStream


def stream(pieces: Sequence[bytes], stop: Sequence[str] = ()) -> tuple[list[str], bool]:
    texts = TextStream(stop)
    out = [texts.feed(piece) for piece in pieces]
    return [*out, texts.flush()], texts.stopped


def cut(data: bytes, places: Sequence[int]) -> list[bytes]:
    edges = [0, *sorted(place % (len(data) + 1) for place in places), len(data)]
    return [data[a:b] for a, b in pairwise(edges)]


@given(st.text(), st.lists(st.integers(0, 1000)))
def test_text_arrives_whole_however_it_is_cut(text: str, places: list[int]) -> None:
    pieces, _ = stream(cut(text.encode("utf-8"), places))
    assert "".join(pieces) == text


@given(
    st.text("ab", max_size=40),
    st.lists(st.text("ab", min_size=1, max_size=4), min_size=1),
    st.lists(st.integers(0, 99)),
)
def test_the_first_stop_word_ends_the_text(text: str, words: list[str], places: list[int]) -> None:
    pieces, stopped = stream(cut(text.encode(), places), words)
    ends = [text.find(word) for word in words if word in text]
    assert stopped == bool(ends)
    # Cut into pieces, the word that is complete first wins; as a whole, the one that begins first.
    if len([piece for piece in cut(text.encode(), places) if piece]) <= 1:
        assert "".join(pieces) == (text[: min(ends)] if ends else text)
    assert text.startswith("".join(pieces))
    assert not any(word in "".join(pieces) for word in words)


def test_a_character_over_three_tokens() -> None:
    pieces, _ = stream([b"a\xe4", b"\xbd", b"\xa0b"])
    assert pieces == ["a", "", "你b", ""]


def test_bytes_that_are_no_text_are_left_out() -> None:
    pieces, _ = stream([b"a\xff\xfeb", b"\xe4\xbd", b"c", b"\xf0\x9f"])
    assert "".join(pieces) == "abc"


def test_what_may_become_a_stop_word_is_held_back() -> None:
    assert stream([b"a</", b"s", b"mall>"], ["</s>"]) == (["a", "", "</small>", ""], False)
    assert stream([b"a</", b"s", b">b"], ["</s>"]) == (["a", "", "", ""], True)
    assert stream([b"a</"], ["</s>", ""]) == (["a", "</"], False)
