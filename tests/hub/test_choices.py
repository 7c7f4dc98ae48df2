from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from desktop.errors import BadModelFile, Flaw, UnsafeName
from desktop.hub.choices import choices_of, sort_out
from desktop.hub.remote import Choice, RemoteFile

REPO = "someone/Model-GGUF"
COMMIT = "0123456789abcdef0123456789abcdef01234567"


def _files(*paths: str) -> list[RemoteFile]:
    return [RemoteFile(path, 10 + at) for at, path in enumerate(paths)]


def _paths(choice: Choice) -> list[str]:
    return [file.path for file in choice.files]


def test_a_choice_a_quantisation_the_smallest_first() -> None:
    files = [RemoteFile("m-Q8_0.gguf", 80), RemoteFile("m-Q4_K_M.gguf", 40), RemoteFile("README.md", 1)]
    choices = choices_of(REPO, COMMIT, files)
    assert [(choice.quantisation, choice.size_bytes) for choice in choices] == [("Q4_K_M", 40), ("Q8_0", 80)]
    assert {(choice.repo, choice.commit) for choice in choices} == {(REPO, COMMIT)}


def test_shards_are_one_choice_in_their_order() -> None:
    (choice,) = choices_of(REPO, COMMIT, _files("Q8_0/m-00002-of-00002.gguf", "Q8_0/m-00001-of-00002.gguf"))
    assert _paths(choice) == ["Q8_0/m-00001-of-00002.gguf", "Q8_0/m-00002-of-00002.gguf"]
    assert (choice.quantisation, choice.size_bytes) == ("Q8_0", 21)


def test_a_missing_shard_refuses_all() -> None:
    choices, refused = sort_out(REPO, COMMIT, _files("a-00001-of-00003.gguf", "a-00003-of-00003.gguf", "b.gguf"))
    assert [_paths(choice) for choice in choices] == [["b.gguf"]]
    (refusal,) = refused
    assert isinstance(refusal.error, BadModelFile)
    assert (refusal.path, refusal.error.flaw) == ("a-00001-of-00003.gguf", Flaw.MISSING_PART)
    assert refusal.error.detail == "00002-of-00003"


def test_shards_numbered_without_sense_are_refused_at_once() -> None:
    for names in (
        ["a-00000-of-00001.gguf"],
        ["a-00001-of-99999.gguf"],
        ["a-00003-of-00002.gguf"],
        ["a-00000-of-00000.gguf"],
    ):
        choices, refused = sort_out(REPO, COMMIT, _files(*names))
        assert (choices, len(refused)) == ((), 1)


def test_what_was_cut_by_hand_is_refused_once_a_model() -> None:
    choices, refused = sort_out(REPO, COMMIT, _files("m.Q8_0.gguf.part1of2", "m.Q8_0.gguf.part2of2", "m.Q2_K.gguf"))
    assert [choice.quantisation for choice in choices] == ["Q2_K"]
    assert [(refusal.path, type(refusal.error)) for refusal in refused] == [("m.Q8_0.gguf.part1of2", BadModelFile)]


def test_unsafe_and_colliding_names_are_refused() -> None:
    choices, refused = sort_out(REPO, COMMIT, _files("../x.gguf", "NUL.gguf", "M.gguf", "m.gguf", "good.gguf"))
    assert [_paths(choice) for choice in choices] == [["good.gguf"]]
    assert all(isinstance(refusal.error, UnsafeName) for refusal in refused)
    assert {refusal.path for refusal in refused} == {"../x.gguf", "NUL.gguf", "M.gguf", "m.gguf"}


def test_a_vision_projector_goes_with_every_choice_in_one_precision() -> None:
    names = ["m-Q4_K_M.gguf", "Q8_0/m-Q8_0.gguf", "mmproj-BF16.gguf", "mmproj-F16.gguf", "mmproj-F32.gguf"]
    choices = choices_of(REPO, COMMIT, _files(*names))
    assert [[file.path for file in choice.companions] for choice in choices] == [["mmproj-F16.gguf"]] * 2
    assert choices[0].size_bytes == 10 + 13


def test_of_several_models_each_gets_the_projector_named_like_it() -> None:
    names = ["g-4b-Q4_0.gguf", "g-12b-Q4_0.gguf", "mmproj-g-4b-f16.gguf", "mmproj-g-12b-f16.gguf"]
    choices = choices_of(REPO, COMMIT, _files(*names))
    together = {choice.files[0].path: choice.companions[0].path for choice in choices}
    assert together == {"g-4b-Q4_0.gguf": "mmproj-g-4b-f16.gguf", "g-12b-Q4_0.gguf": "mmproj-g-12b-f16.gguf"}


def test_a_projector_in_another_folder_is_another_models() -> None:
    (choice,) = choices_of(REPO, COMMIT, _files("a/m.gguf", "b/mmproj.gguf"))
    assert choice.companions == ()


def test_an_unsafe_projector_is_left_out() -> None:
    (choice,) = choices_of(REPO, COMMIT, _files("m.gguf", "CON/mmproj.gguf", "mmproj-F16.gguf ", "MMPROJ.gguf"))
    assert [file.path for file in choice.companions] == ["MMPROJ.gguf"]


_PART = st.sampled_from(
    ["m", "M", "-Q4_K_M", "-00001-of-00002", "-00002-of-00002", ".gguf", ".part1of2", "/", "mmproj", "..", "nul", " "]
)


@given(st.lists(st.builds("".join, st.lists(_PART, min_size=1, max_size=6)), max_size=15))
def test_no_file_is_offered_twice_and_none_that_is_unsafe(paths: list[str]) -> None:
    choices, refused = sort_out(REPO, COMMIT, _files(*paths))
    offered = [path for choice in choices for path in _paths(choice)]
    assert len({path.casefold() for path in offered}) == len(offered)
    assert set(offered) <= set(paths)
    assert not set(offered) & {refusal.path for refusal in refused}
    assert not any(".." in path.split("/") or path.endswith("of2") for path in offered)
