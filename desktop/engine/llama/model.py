"""A loaded model: its weights, its vocabulary and one context."""

from __future__ import annotations

import ctypes
import time
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from desktop.engine.api import DeviceUse, Loaded, ModelSpec
from desktop.engine.computer import free_memory_bytes
from desktop.engine.llama import devices, diagnose, machine, memory
from desktop.engine.llama.library import amx_is_miscompiled, as_path, llama_cpp, said
from desktop.engine.llama.stopping import StopSwitch
from desktop.errors import BadModelFile, Crash, EngineCrashed, Flaw, ModelDoesNotFit

_ALL_LAYERS = -1
_PIECE_BYTES = 256  # of one token's text; enlarged for the rare longer one
_PROGRESS_S = 0.05
_KV_BYTES = {"f16": 2.0, "q8_0": 34 / 32, "q4_0": 18 / 32}  # a value; quantised ones are blocks of 32 with a scale


class Vocabulary:
    """Text to tokens and back."""

    def __init__(self, model: int) -> None:
        self._vocab = llama_cpp.llama_model_get_vocab(model)
        self.n_tokens: int = llama_cpp.llama_vocab_n_tokens(self._vocab)
        self._buffer = ctypes.create_string_buffer(_PIECE_BYTES)
        # Those that were asked for: most of a text's tokens come again and again.
        self._pieces: dict[tuple[int, bool], bytes] = {}
        self._bos: int = llama_cpp.llama_vocab_bos(self._vocab)
        self._eos: int = llama_cpp.llama_vocab_eos(self._vocab)
        self._add_bos = bool(llama_cpp.llama_vocab_get_add_bos(self._vocab))
        self.bos_text = self._text_of(self._bos)
        self.eos_text = self._text_of(self._eos)

    @property
    def is_empty(self) -> bool:
        """Whether the model works without text (speech, images)."""
        return bool(llama_cpp.llama_vocab_type(self._vocab) == llama_cpp.LLAMA_VOCAB_TYPE_NONE) or self.n_tokens == 0

    def tokenize(self, prompt: str) -> list[int]:
        """The tokens of a prompt, at least one; the names of special tokens in it stand for these tokens.

        It begins with the BOS token where the vocabulary wants it, once: a chat template may have written it already.
        """
        text = prompt.encode("utf-8", "replace")
        tokens = (ctypes.c_int32 * (len(text) + 8))()
        n = llama_cpp.llama_tokenize(self._vocab, text, len(text), tokens, len(tokens), False, True)
        if n < 0:
            tokens = (ctypes.c_int32 * -n)()
            n = llama_cpp.llama_tokenize(self._vocab, text, len(text), tokens, len(tokens), False, True)
        ids = list(tokens[:n])
        if self._add_bos and self._bos >= 0 and ids[:1] != [self._bos]:
            ids.insert(0, self._bos)
        # Nothing to go on from: begin as a new document begins.
        return ids or [max(0, self._bos if self._bos >= 0 else self._eos)]

    def piece(self, token: int, *, special: bool = False) -> bytes:
        """The bytes of a token's text, perhaps a part of a character. Control tokens have none unless `special`."""
        known = self._pieces.get((token, special))
        if known is None:
            known = self._pieces[token, special] = self._read_piece(token, special=special)
        return known

    def _read_piece(self, token: int, *, special: bool) -> bytes:
        n = llama_cpp.llama_token_to_piece(self._vocab, token, self._buffer, len(self._buffer), 0, special)
        if n < 0:
            self._buffer = ctypes.create_string_buffer(-n)
            n = llama_cpp.llama_token_to_piece(self._vocab, token, self._buffer, len(self._buffer), 0, special)
        return ctypes.string_at(self._buffer, n)

    def is_end(self, token: int) -> bool:
        """Whether the token ends an answer."""
        return bool(llama_cpp.llama_vocab_is_eog(self._vocab, token))

    def is_control(self, token: int) -> bool:
        """Whether the token is markup, which is not shown."""
        return bool(llama_cpp.llama_vocab_is_control(self._vocab, token))

    def suppressed(self) -> list[int]:
        """Tokens that the model's file says must not be chosen."""
        n = ctypes.c_int32()
        tokens = llama_cpp.llama_vocab_get_suppress_tokens(self._vocab, ctypes.byref(n))
        return [token for token in tokens[: n.value] if 0 <= token < self.n_tokens] if tokens else []

    def _text_of(self, token: int) -> str:
        return self.piece(token, special=True).decode("utf-8", "replace") if 0 <= token < self.n_tokens else ""


class Model:
    """The model of a `ModelSpec`, in memory until the process ends.

    Raises:
        BadModelFile, ModelDoesNotFit
    """

    def __init__(self, spec: ModelSpec, on_progress: Callable[[float], None]) -> None:
        began = time.monotonic()
        said.clear()
        before = memory.now()
        self.path = spec.path
        self.n_threads = spec.n_threads
        """The user's word; None leaves it to `tune`."""
        self._free_bytes = free_memory_bytes()
        self._on_progress = on_progress
        self._logits_at = 0  # the address that _logits is a view of
        self._logits = np.empty(0, dtype=np.float32)
        self._base_bytes = before.process_bytes
        self.others_bytes = 0
        """What the process has for other things than running the model: only memory that nobody else wants."""
        self._gpus = devices.default_names() if spec.devices is None else list(spec.devices)
        wanted = _ALL_LAYERS if spec.n_gpu_layers is None else spec.n_gpu_layers
        if not self._gpus:
            wanted = 0
        self.model = self._load_weights(spec, wanted, before)
        self.vocabulary = Vocabulary(self.model)
        self._refuse_other_kinds()
        self.n_layers: int = llama_cpp.llama_model_n_layer(self.model)
        self.n_swa: int = llama_cpp.llama_model_n_swa(self.model)
        self.keeps_state = bool(
            llama_cpp.llama_model_is_recurrent(self.model) or llama_cpp.llama_model_is_hybrid(self.model)
        )
        """Recurrent layers: what they have read cannot be taken back token by token."""
        self.shares_cells = not (self.n_swa or self.keeps_state)
        """All sequences share the cells of one cache, so that room for several of them costs nothing. A window or a
        recurrent state is each sequence's own: then there is room for one, and for several once `reopen` makes it."""
        self.n_sequences = machine.N_SEQUENCES if self.shares_cells else 1
        # A quantised cache is made of blocks of 32 values; a head that is no multiple of that cannot have one.
        wanted_kv = spec.kv_type or "f16"
        self._kv_type = "f16" if self._head_dim("key") % 32 or self._head_dim("value") % 32 else wanted_kv
        # The other attention cannot read a quantised V. None is llama.cpp's choice, which it tells nobody.
        self._flash_attention = spec.flash_attention if self._kv_type == "f16" else True
        self._switch: StopSwitch | None = None
        self.context = self._make_context(spec, on_gpu=wanted != 0)
        self.memory = llama_cpp.llama_get_memory(self.context)
        self.n_ctx: int = llama_cpp.llama_n_ctx(self.context)
        template = llama_cpp.llama_model_chat_template(self.model, None)
        self.template = template.decode("utf-8", "replace") if template else None
        self.loaded = self._describe(spec, wanted, began, before)

    @property
    def depends_on(self) -> tuple[object, ...]:
        """What the contents of the KV cache depend on, besides the model's file.

        Not the length of the context: a shorter cache fits a longer context as it is.
        """
        build = llama_cpp.llama_print_system_info().decode("utf-8", "replace")
        # Without flash attention V is kept transposed.
        kinds = self._kv_type, self._flash_attention
        return llama_cpp.llama_version().decode(), build, llama_cpp.LLAMA_STATE_SEQ_VERSION, *kinds

    def taken_bytes(self) -> int:
        """Of the computer's memory, what the process has now for the model and had not before it was loaded."""
        return max(0, memory.process_bytes() - self._base_bytes - self.others_bytes)

    def logits(self) -> NDArray[np.float32]:
        """Those of the last token that was decoded, shape (n_vocab,): llama.cpp's own memory, valid until the next.

        Raises:
            BadModelFile: it computes none: a model for embeddings.
        """
        pointer = llama_cpp.llama_get_logits_ith(self.context, -1)
        if not pointer:
            raise BadModelFile(self.path, Flaw.NOT_A_LANGUAGE_MODEL)
        address = ctypes.addressof(pointer.contents)
        if address != self._logits_at:
            self._logits_at = address
            self._logits = np.ctypeslib.as_array(pointer, (self.vocabulary.n_tokens,))
        return self._logits

    def rows(self, n: int) -> NDArray[np.float32]:
        """Those of all `n` tokens of a batch that had logits of their own, shape (n, n_vocab), in the batch's order.

        llama.cpp's own memory, valid until the next.
        """
        self._logits_at = 0  # that memory may move when it grows
        return np.ctypeslib.as_array(llama_cpp.llama_get_logits(self.context), (n, self.vocabulary.n_tokens))

    def _load_weights(self, spec: ModelSpec, n_gpu_layers: int, before: memory.Memory) -> int:
        """The model's handle."""
        parameters = llama_cpp.llama_model_default_params()
        parameters.n_gpu_layers = n_gpu_layers
        # Kept until the weights are loaded: llama.cpp reads both arrays then.
        gpus = devices.handles(self._gpus)
        parameters.devices = ctypes.cast(gpus, ctypes.c_void_p)
        split = (ctypes.c_float * llama_cpp.llama_max_devices())(*(spec.tensor_split or ()))
        parameters.tensor_split = split
        if amx_is_miscompiled():
            parameters.use_extra_bufts = False
        reported_at = 0.0

        def report(fraction: float, _data: object) -> bool:
            nonlocal reported_at
            if fraction >= 1.0 or time.monotonic() - reported_at >= _PROGRESS_S:
                reported_at = time.monotonic()
                self._on_progress(fraction)
            return True

        report(0.0, None)

        parameters.progress_callback = llama_cpp.llama_progress_callback(report)
        handle: int | None = llama_cpp.llama_model_load_from_file(as_path(self.path), parameters)
        if handle is None:
            free_gpu_bytes = sum(free for name, free in before.gpus if name in self._gpus)
            raise diagnose.failed_load(self.path, self._free_bytes, free_gpu_bytes if n_gpu_layers else None)
        return handle

    def _refuse_other_kinds(self) -> None:
        """Raise for a model that does not continue text."""
        model = self.model
        causal = self.metadata(f"{self.metadata('general.architecture')}.attention.causal")
        if (
            self.vocabulary.is_empty
            or llama_cpp.llama_model_has_encoder(model)
            or not llama_cpp.llama_model_has_decoder(model)
            or llama_cpp.llama_model_is_diffusion(model)
            or causal == "false"
        ):
            raise BadModelFile(self.path, Flaw.NOT_A_LANGUAGE_MODEL, self.metadata("general.architecture"))

    def metadata(self, key: str) -> str:
        """A value of the file's header as text; empty where it is not there."""
        buffer = ctypes.create_string_buffer(256)
        n = llama_cpp.llama_model_meta_val_str(self.model, key.encode(), buffer, len(buffer))
        return buffer.value.decode("utf-8", "replace") if n >= 0 else ""

    def _make_context(self, spec: ModelSpec, *, on_gpu: bool) -> int:
        kv_bytes_per_token = self._kv_bytes_per_token()
        n_ctx_train: int = llama_cpp.llama_model_n_ctx_train(self.model)
        n_ctx = spec.n_ctx or machine.default_n_ctx(n_ctx_train, kv_bytes_per_token, self.left_bytes(on_gpu=on_gpu))
        does_not_fit = ModelDoesNotFit(
            self.path,
            needed_bytes=llama_cpp.llama_model_size(self.model) + n_ctx * kv_bytes_per_token,
            free_bytes=self._free_bytes,
        )
        # Linux promises more memory than there is and kills who uses it. Only where the estimate is no overestimate.
        exact = not (on_gpu or self.n_swa or self.keeps_state)
        if spec.n_ctx and exact and n_ctx * kv_bytes_per_token > free_memory_bytes():
            raise does_not_fit
        parameters = llama_cpp.llama_context_default_params()
        parameters.n_ctx = n_ctx
        parameters.n_batch = parameters.n_ubatch = min(machine.N_BATCH, n_ctx)
        # Room for the logits of a whole batch is 0.5 GB with a large vocabulary; for so many, taken when used, 16 MB.
        parameters.n_outputs_max = parameters.n_outputs_max_per_seq = machine.N_LOGITS
        parameters.n_seq_max = self.n_sequences
        parameters.kv_unified = True
        # Layers with a sliding window keep the window only, a fifth of the cache; `Decoder` minds what that forgets.
        parameters.swa_full = False
        parameters.type_k = parameters.type_v = getattr(llama_cpp, f"GGML_TYPE_{self._kv_type.upper()}")
        if self._flash_attention is not None:
            name = "ENABLED" if self._flash_attention else "DISABLED"
            parameters.flash_attn_type = getattr(llama_cpp, f"LLAMA_FLASH_ATTN_TYPE_{name}")
        parameters.n_threads = parameters.n_threads_batch = spec.n_threads or machine.default_n_threads()
        self.parameters = parameters
        """How the context was made: `tune` makes a small one like it."""
        context: int | None = llama_cpp.llama_init_from_model(self.model, parameters)
        if context is None:
            raise does_not_fit
        return context

    def reopen(self, n_sequences: int) -> None:
        """Make the context anew, empty, with room for so many sequences.

        Raises:
            ModelDoesNotFit: there is no memory for so many. The context is empty and has room for one.
            EngineCrashed: there is none for that either. Without a context nothing can be answered.
        """
        old, parameters = self.context, self.parameters
        parameters.n_threads = llama_cpp.llama_n_threads(old)
        parameters.n_threads_batch = llama_cpp.llama_n_threads_batch(old)
        llama_cpp.llama_free(old)
        self._logits_at = 0
        # Each sequence's own: its window in all layers, which is too much where some of them see everything.
        needed_bytes = (n_sequences - 1) * self.n_swa * self._kv_bytes_per_token()
        free_bytes = free_memory_bytes()
        fits = needed_bytes <= free_bytes and self._open(n_sequences)
        if not fits and not self._open(1):
            # Its memory was taken in this moment.
            raise EngineCrashed(Crash.OUT_OF_MEMORY, "decode")
        if not fits:
            raise ModelDoesNotFit(self.path, needed_bytes=needed_bytes, free_bytes=free_bytes)

    def abort_by(self, switch: StopSwitch) -> None:
        """Have `switch` end what is being computed."""
        self._switch = switch
        # Kept: llama.cpp calls it for as long as the context lives.
        self._abort = switch.callback
        llama_cpp.llama_set_abort_callback(self.context, *self._abort)

    def _open(self, n_sequences: int) -> bool:
        """A context as the one before, for so many sequences; False where there is no memory for it."""
        self.parameters.n_seq_max = n_sequences
        context: int | None = llama_cpp.llama_init_from_model(self.model, self.parameters)
        if context is None:
            return False
        self.context, self.n_sequences = context, n_sequences
        self.memory = llama_cpp.llama_get_memory(context)
        if self._switch is not None:
            self.abort_by(self._switch)
        return True

    def left_bytes(self, *, on_gpu: bool = False) -> int:
        """Of memory, beside the weights. Those that are mapped from the file count as free until they are read."""
        left = free_memory_bytes()
        return left if on_gpu else max(0, min(left, self._free_bytes - int(llama_cpp.llama_model_size(self.model))))

    def _kv_bytes_per_token(self) -> int:
        """Of the KV cache, with all layers taken as attending to everything: too much for a sliding window."""
        n_head_kv: int = llama_cpp.llama_model_n_head_kv(self.model)
        return int(2 * _KV_BYTES[self._kv_type] * self.n_layers * n_head_kv * self._head_dim("key"))

    def _head_dim(self, of: str) -> int:
        """The numbers in a head's "key" or "value"."""
        told = self.metadata(f"{self.metadata('general.architecture')}.attention.{of}_length")
        n_head = max(1, llama_cpp.llama_model_n_head(self.model))
        return int(told) if told.isdecimal() else llama_cpp.llama_model_n_embd(self.model) // n_head

    def _describe(self, spec: ModelSpec, wanted: int, began: float, before: memory.Memory) -> Loaded:
        """What is told of it. `wanted` layers were to go to GPUs; `before` is the memory when the load `began`."""
        n_gpu_layers = self.n_layers + 1 if wanted < 0 else min(wanted, self.n_layers + 1)
        after = memory.now()
        return Loaded(
            n_ctx=self.n_ctx,
            n_ctx_train=llama_cpp.llama_model_n_ctx_train(self.model),
            n_layers=self.n_layers,
            n_gpu_layers=n_gpu_layers,
            has_template=self.template is not None,
            size_bytes=llama_cpp.llama_model_size(self.model),
            load_s=time.monotonic() - began,
            kv_type=self._kv_type,
            devices=self._uses(n_gpu_layers, spec.tensor_split, before, after),
            base_bytes=self._base_bytes,
            memory_bytes=self.taken_bytes(),
        )

    def _uses(
        self, n_gpu_layers: int, split: Sequence[float] | None, before: memory.Memory, after: memory.Memory
    ) -> tuple[DeviceUse, ...]:
        """What was taken of the GPUs."""
        free_before, free_after = dict(before.gpus), dict(after.gpus)
        names = [name for name in self._gpus if name in free_after] if n_gpu_layers else []
        shares = split or [free_before[name] for name in names]
        counts = devices.layers_on(len(names), n_gpu_layers, self.n_layers, shares)
        return tuple(
            DeviceUse(name, n_layers, max(0, free_before[name] - free_after[name]))
            for name, n_layers in zip(names, counts, strict=True)
        )
