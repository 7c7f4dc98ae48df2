"""The tree in the database against the same tree as a plain dict."""

from __future__ import annotations

import tempfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from desktop.chat.message import Role
from desktop.store.chats import Store

Parents = dict[int, int | None]

# Each number places one message: below the message that it counts back to, or at the root.
shapes = st.lists(st.tuples(st.integers(0, 1), st.integers(0, 30)), max_size=40)


@settings(max_examples=60)
@given(shapes, st.data())
def test_a_tree_is_what_it_is(shape: list[tuple[int, int]], data: st.DataObject) -> None:
    with tempfile.TemporaryDirectory() as directory:
        store = Store.open(Path(directory) / "chats.db", Path(directory) / "backups")
        try:
            _check(store, shape, data)
        finally:
            store.close()


def _check(store: Store, shape: list[tuple[int, int]], data: st.DataObject) -> None:
    chats = store.create_chat("a").id, store.create_chat("b").id
    trees: tuple[Parents, Parents] = ({}, {})
    for which, back in shape:
        tree = trees[which]
        parent = list(tree)[-back] if 0 < back <= len(tree) else None
        message = store.add_message(chats[which], parent, Role.USER, f"{back}")
        tree[message.id] = parent
        assert store.chat(chats[which]).leaf_id == message.id
    for chat, tree in zip(chats, trees, strict=True):
        assert [message.id for message in store.path(chat)] == (_path(tree, list(tree)[-1]) if tree else [])
        for message_id in tree:
            path = store.path(chat, message_id)
            assert [message.id for message in path] == _path(tree, message_id)
            assert store.branches(path) == [_siblings(tree, each.id) for each in path]
            assert store.siblings(message_id) == _siblings(tree, message_id)
            assert store.newest_leaf(message_id) == max(each for each in tree if message_id in _path(tree, each))
    assert store.path(chats[0], data.draw(st.sampled_from([0, *trees[1]]))) == []
    leaf = data.draw(st.sampled_from([None, *trees[0]]))
    store.set_leaf(chats[0], leaf)
    assert [message.id for message in store.path(chats[0])] == ([] if leaf is None else _path(trees[0], leaf))


def _path(tree: Parents, message_id: int) -> list[int]:
    parent = tree[message_id]
    return [*([] if parent is None else _path(tree, parent)), message_id]


def _siblings(tree: Parents, message_id: int) -> list[int]:
    return [each for each in tree if tree[each] == tree[message_id]]


def test_a_long_path_comes_whole_and_in_order(store: Store) -> None:
    chat = store.create_chat()
    parent = None
    with store._database.transaction():
        for number in range(2000):
            parent = store._add(chat.id, parent, Role.USER, str(number))
    assert [message.text for message in store.path(chat.id)] == [str(number) for number in range(2000)]
    assert store.newest_leaf(store.path(chat.id)[0].id) == parent
