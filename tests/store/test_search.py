from __future__ import annotations

from dataclasses import replace
from unicodedata import normalize

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from desktop.chat.message import Role, State
from desktop.store.chats import Store
from desktop.store.words import _WORD, phrases, snippet


def _found(store: Store, text: str, query: str) -> bool:
    chat = store.create_chat()
    message = store.add_message(chat.id, None, Role.USER, text)
    return message.id in [hit.message_id for hit in store.search(query)]


@pytest.mark.parametrize(
    ("text", "query"),
    [
        ("今天北京的天气怎么样？", "天气"),
        ("今天北京的天气怎么样？", "气"),
        ("今天北京的天气怎么样？", "怎么 北京"),
        ("学习 Python 编程", "学习Python编程"),
        ("学习Python编程", "python"),
        ("学习Python编程", "pyth"),
        ("学习Python编程", "习Py"),
        ("臺灣𠮷野家", "𠮷"),
        ("機械学習は楽しい", "学習は"),
        ("カタカナ", "タカ"),
        ("ﾊﾝｶｸ", "ハンカク"),
        ("대학교에서", "학교"),
        ("สวัสดีครับ", "ครับ"),
        ("Migrating the database", "mig data"),
        ("Der Müller aß in der Straße", "MULLER strasse"),
        ("Der Muller", "Müller"),
        ("cafe\u0301", "café"),
        ("ＦＵＬＬ ｗｉｄｔｈ", "full"),
        ("ΑΘΗΝΑ", "Αθήνα"),
        ("I prefer C++ to C#", "c++"),
        ("I prefer C++ to C#", "c#"),
        ("`snake_case(x)->y`", "snake_case(x)"),
        ("so be it 🎉", "🎉"),
        ("that is an exact phrase", '"exact phrase"'),
        ("that is an exact phrase", '"exact phr'),
        ("key:value -dash NOT this*", "key:value -dash NOT this*"),
    ],
)
def test_is_found(store: Store, text: str, query: str) -> None:
    assert _found(store, text, query)


@pytest.mark.parametrize(
    ("text", "query"),
    [
        ("今天北京的天气怎么样？", "气天"),
        ("天的气", "天气"),
        ("が", "か"),
        ("database", "base"),
        ("one of the words", "one none"),
        ("an exact and long phrase", '"exact phrase"'),
        ("anything", ""),
        ("anything", "\"\" '' * : ^ - ( ) “”"),
    ],
)
def test_is_not_found(store: Store, text: str, query: str) -> None:
    assert not _found(store, text, query)


@settings(max_examples=150)
@given(st.text(st.characters() | st.sampled_from('"*:^-+(){}\\AND OR NOT NEAR'), max_size=40))
@example("a " * 5000)
@example("字" * 5000)
@example('"')
@example("NEAR(a b, 2) OR {words}: x AND NOT *")
def test_no_query_is_an_error(store: Store, query: str) -> None:
    for hit in store.search(query):
        assert hit.marks


@settings(max_examples=150)
@given(st.text(max_size=60), st.data())
def test_every_text_is_found_by_each_of_its_words(store: Store, text: str, data: st.DataObject) -> None:
    found = _WORD.findall(normalize("NFC", text))
    if found:
        assert _found(store, text, data.draw(st.sampled_from(found)))


def test_titles_come_first_then_the_newest_messages(store: Store) -> None:
    old, new, plain = store.create_chat("Rain"), store.create_chat("More rain"), store.create_chat("Sun")
    first = store.add_message(plain.id, None, Role.USER, "rain?")
    second = store.add_message(plain.id, None, Role.USER, "no rain")
    hits = store.search("rain")
    assert [(hit.chat_id, hit.message_id) for hit in hits] == [
        (new.id, None),
        (old.id, None),
        (plain.id, second.id),
        (plain.id, first.id),
    ]
    assert (hits[0].title, hits[0].snippet, hits[0].marks) == ("More rain", "More rain", ((5, 9),))
    assert (hits[2].title, hits[2].snippet, hits[2].marks) == ("Sun", "no rain", ((3, 7),))
    assert (hits[0].created_at, hits[2].created_at) == (new.created_at, second.created_at)
    assert store.search("rain", limit=3) == hits[:3]
    assert store.search("rain", limit=1) == hits[:1]


def test_only_what_is_there_now_is_found(store: Store) -> None:
    chat = store.create_chat("before")
    store.rename(chat.id, "after")
    assert store.search("before") == []
    assert [hit.chat_id for hit in store.search("after")] == [chat.id]
    message = store.add_message(chat.id, None, Role.ASSISTANT, "", State.STREAMING)
    store.update_text(message.id, "partial")
    store.finish(replace(message, state=State.COMPLETE, text="complete", reasoning="thoughts"))
    assert store.search("partial") == store.search("thoughts") == []
    assert [hit.message_id for hit in store.search("complete")] == [message.id]


def test_a_snippet_shows_the_match_in_its_surroundings() -> None:
    text = "word " * 100 + "here is\nthe Needle, " + "and more " * 100
    line, marks = snippet(text, phrases("needle"))
    assert line.startswith("…word word")
    assert "here is the Needle, and more" in line
    assert line.endswith("…")
    assert [line[start:end] for start, end in marks] == ["Needle"]


def test_a_snippet_marks_every_match_once() -> None:
    line, marks = snippet("学习 Python：学习，再学习 pythonic", phrases("学习 python 学"))
    assert [line[start:end] for start, end in marks] == ["学习", "Python", "学习", "学习", "pythonic"]


def test_a_snippet_of_decomposed_text_is_composed() -> None:
    assert snippet("un cafe\u0301 noir", phrases("cafe noir")) == ("un café noir", ((3, 7), (8, 12)))


def test_a_snippet_of_text_without_spaces_is_cut_anywhere() -> None:
    line, marks = snippet("前" * 500 + "针" + "后" * 500, phrases("针"))
    assert [line[start:end] for start, end in marks] == ["针"]
    assert len(line) < 200
