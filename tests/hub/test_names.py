from __future__ import annotations

import string
import unicodedata
from pathlib import Path, PurePosixPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from desktop.errors import BadModelFile, Flaw, UnsafeName
from desktop.hub import names
from desktop.hub.names import Shard, colliding, quantisation_of, refuse_pieces, repo_of, safe_path, shard_of

REPO = "unsloth/Qwen3-8B-GGUF"


@pytest.mark.parametrize(
    ("path", "quantisation"),
    [
        ("Qwen3-8B-Q4_K_M.gguf", "Q4_K_M"),
        ("Qwen3-8B-UD-Q4_K_XL.gguf", "UD-Q4_K_XL"),
        ("Qwen3-8B.i1-IQ3_XXS.gguf", "IQ3_XXS"),
        ("SmolLM2-135M-Instruct.Q4_1.gguf", "Q4_1"),
        ("ggml-model-q4_0.gguf", "Q4_0"),
        ("gemma-2-9b-it-Q4_0_4_8.gguf", "Q4_0_4_8"),
        ("Phi-3-mini-4k-instruct-q4.gguf", "Q4"),
        ("Phi-3-mini-4k-instruct-fp16.gguf", "F16"),
        ("gpt-oss-20b-mxfp4.gguf", "MXFP4"),
        ("gpt-oss-20b-MXFP4_MOE.gguf", "MXFP4_MOE"),
        ("model-BF16.gguf", "BF16"),
        ("f16.q6_k.gguf", "Q6_K"),
        ("bitnet-TQ1_0.gguf", "TQ1_0"),
        ("UD-IQ2_XXS/DeepSeek-V3-UD-IQ2_XXS-00001-of-00005.gguf", "UD-IQ2_XXS"),
        ("Q8_0/model-00002-of-00004.gguf", "Q8_0"),
        ("Q8_0/model-Q4_K_S.gguf", "Q4_K_S"),
        ("qwq-32b.gguf", ""),
        ("q4all.gguf", ""),
        ("", ""),
    ],
)
def test_a_name_tells_the_quantisation(path: str, quantisation: str) -> None:
    assert quantisation_of(path) == quantisation


@given(
    st.sampled_from(
        ["Q2_K", "Q3_K_L", "Q4_0", "Q4_K_M", "Q5_K_S", "Q6_K", "Q8_0", "IQ1_S", "IQ4_NL", "IQ4_XS", "BF16"]
    ),
    st.sampled_from(["-", ".", "_"]),
    st.booleans(),
    st.booleans(),
)
def test_wherever_it_stands_it_is_the_same(name: str, before: str, small: bool, sharded: bool) -> None:
    written = name.lower() if small else name
    assert quantisation_of(f"Llama-3.2-1B{before}{written}{'-00001-of-00003' if sharded else ''}.gguf") == name


def test_shards_are_numbered_as_llama_cpp_does() -> None:
    assert shard_of("BF16/m-00002-of-00003.gguf") == Shard("BF16/m", 2, 3)
    assert shard_of("m.gguf") is None
    assert shard_of("m-2-of-3.gguf") is None
    assert shard_of("m-00002-of-00003.safetensors") is None


@pytest.mark.parametrize(
    ("path", "model", "companion", "piece"),
    [
        ("m-Q4_K_M.gguf", True, False, False),
        ("M-Q4_K_M.GGUF", True, False, False),
        ("sub/m-00002-of-00003.gguf", True, False, False),
        ("mmproj-F16.gguf", False, True, False),
        ("gemma-3-4b-it-mmproj.gguf", False, True, False),
        ("imatrix_unsloth.gguf", False, False, False),
        ("m.imatrix.gguf", False, False, False),
        ("m-lora-f16.gguf", False, False, False),
        ("m-lora-merged-Q4_0.gguf", True, False, False),
        ("flora-7b.gguf", True, False, False),
        ("MTP/mtp-gemma-4-E4B-it-Q8_0.gguf", False, False, False),
        ("Qwen3.6-27B-MTP-Q4_K_M.gguf", True, False, False),
        ("ggml-vocab-qwen2.gguf", False, False, False),
        ("m.Q8_0.gguf.part1of2", False, False, True),
        ("m.Q8_0.gguf-split-a", False, False, True),
        ("m.Q8_0.gguf.001", False, False, True),
        ("m.Q8_0.gguf.aa", False, False, True),
        ("m.Q8_0.gguf.sha256", False, False, False),
        ("README.md", False, False, False),
    ],
)
def test_what_a_file_is(path: str, model: bool, companion: bool, piece: bool) -> None:
    assert (names.is_model_file(path), names.is_companion(path), names.is_piece(path)) == (model, companion, piece)


def test_a_file_cut_by_hand_is_refused() -> None:
    refuse_pieces("m.gguf")
    with pytest.raises(BadModelFile) as caught:
        refuse_pieces("sub/m.Q8_0.gguf.part1of2")
    assert (caught.value.flaw, caught.value.detail) == (Flaw.CUT_BY_HAND, "part1of2")


@pytest.mark.parametrize(
    "path", ["m.gguf", "Q4_K_M/m-00001-of-00002.gguf", "千问-8B.gguf", "a b (1).gguf", "con-8b.gguf"]
)
def test_usual_names_are_safe(path: str) -> None:
    assert safe_path(REPO, path) == PurePosixPath(path)


@pytest.mark.parametrize(
    "path",
    [
        "", ".", "..", "../x.gguf", "a/../x.gguf", "a/..", "/etc/passwd", "//server/share/x", "a//b.gguf", "a/",
        "..\\x.gguf", "a\\b.gguf", "C:/x.gguf", "C:x.gguf", "x.gguf:stream", "\\\\?\\C:\\x",
        "CON", "con.gguf", "a/NUL", "COM1.gguf", "lpt9.Q4_K_M.gguf", "aux .gguf", "COM¹.gguf", "CONIN$", "nul/x.gguf",
        "x.gguf.", "x.gguf ", "a /x.gguf", "...", ".hidden", "a/.x.part",
        "a\0b.gguf", "a\nb.gguf", "a\x1b[2Jb.gguf", "a\x7f.gguf", "a\u202egpj.gguf", "a\u2028b", "\ud800.gguf",
        "x?.gguf", "x*.gguf", "<x>.gguf", 'x".gguf', "x|y.gguf",
        "x" * 250 + ".gguf", "字" * 90 + ".gguf", "/".join(["x" * 99] * 5),
    ],
)  # fmt: skip
def test_unsafe_names_are_refused(path: str) -> None:
    with pytest.raises(UnsafeName) as caught:
        safe_path(REPO, path)
    assert (caught.value.repo, caught.value.file) == (REPO, path)


@pytest.mark.parametrize(
    "repo", ["../x", "a/..", "a/b/c", "/etc", "CON/x", "a/nul", "a/.b", "", "a/b.", "a\\b", "a--b/c"]
)
def test_a_repository_becomes_a_folder_and_is_checked_too(repo: str) -> None:
    with pytest.raises(UnsafeName):
        safe_path(repo, "x.gguf")


_HOSTILE = st.text(st.one_of(st.sampled_from("./\\: \0~-CONUL1$"), st.characters()), max_size=40)


@given(_HOSTILE)
def test_whatever_is_let_through_stays_in_its_folder(path: str) -> None:
    try:
        safe = safe_path(REPO, path)
    except UnsafeName:
        return
    folder = Path("/models") / REPO
    assert folder in (folder / safe).parents
    assert (folder / safe).as_posix() == f"{folder.as_posix()}/{path}"
    for part in safe.parts:
        assert part[0] != "."
        assert part[-1] not in ". "
        assert not set(part) & set('<>:"|?*\\/')
        assert all(unicodedata.category(letter)[0] != "C" for letter in part)
        assert len(part.encode()) <= 200


@given(st.lists(st.text(string.ascii_letters + "/é", min_size=1, max_size=6), unique=True, max_size=12))
def test_colliding_paths_are_exactly_those_that_a_disk_without_case_confuses(paths: list[str]) -> None:
    confused = colliding(paths)
    keys = {path: unicodedata.normalize("NFC", path.casefold()) for path in paths}
    for path in paths:
        others = [keys[other] for other in paths if other != path]
        beside = keys[path] in others
        above = any(other.startswith(keys[path] + "/") for other in (*others, keys[path]))
        assert (path in confused) == (beside or above)


def test_names_that_are_one_on_a_mac() -> None:
    assert colliding(["\u00e9.gguf", "e\u0301.gguf", "x.gguf"]) == {"\u00e9.gguf", "e\u0301.gguf"}


@pytest.mark.parametrize(
    ("text", "repo"),
    [
        ("unsloth/Qwen3-8B-GGUF", "unsloth/Qwen3-8B-GGUF"),
        (" unsloth/Qwen3-8B-GGUF/ ", "unsloth/Qwen3-8B-GGUF"),
        ("https://huggingface.co/unsloth/Qwen3-8B-GGUF", "unsloth/Qwen3-8B-GGUF"),
        ("https://huggingface.co/unsloth/Qwen3-8B-GGUF/tree/main?x=1", "unsloth/Qwen3-8B-GGUF"),
        ("gpt2", "gpt2"),
        ("a/b/c", None),
        ("../x", None),
        ("two words", None),
        ("", None),
    ],
)
def test_a_repository_is_understood_as_people_write_it(text: str, repo: str | None) -> None:
    assert repo_of(text) == repo
