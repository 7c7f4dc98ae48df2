"""The same answer by the shortest loop that llama.cpp allows, in one process, greedy, without text: PROMPT_FILE."""

from __future__ import annotations

import ctypes
import json
import sys
import time
from pathlib import Path

import numpy as np

QUESTION = "Tell me a long story about a stove, a cat and a very cold winter in the mountains. " * 6
N_CTX = 2048
N_TOKENS = 200


def main(prompt: Path) -> None:
    import llama_cpp.llama_cpp as ll
    import psutil

    from desktop.hub.listing import starter_path

    ll.llama_backend_init()
    quiet = ll.llama_log_callback(lambda *_: None)
    ll.llama_log_set(quiet, None)
    model = ll.llama_model_load_from_file(str(starter_path()).encode(), ll.llama_model_default_params())
    settings = ll.llama_context_default_params()
    settings.n_ctx = N_CTX
    settings.n_threads = settings.n_threads_batch = psutil.cpu_count(logical=False) or 1
    context = ll.llama_init_from_model(model, settings)
    vocabulary = ll.llama_model_get_vocab(model)
    n_vocab = ll.llama_vocab_n_tokens(vocabulary)
    text = prompt.read_bytes()

    started = time.monotonic()
    tokens = (ll.llama_token * N_CTX)()
    n_tokens = ll.llama_tokenize(vocabulary, text, len(text), tokens, N_CTX, True, True)
    step = (ll.llama_token * 1)()
    for begin in range(0, n_tokens, settings.n_batch):
        values = tokens[begin : min(begin + settings.n_batch, n_tokens)]
        # The batch borrows the array: it must outlive the call.
        piece = (ll.llama_token * len(values))(*values)
        ll.llama_decode(context, ll.llama_batch_get_one(piece, len(piece)))
    first = 0.0
    for i in range(N_TOKENS):
        pointer = ctypes.cast(ll.llama_get_logits_ith(context, -1), ctypes.POINTER(ctypes.c_float))
        step[0] = int(np.argmax(np.ctypeslib.as_array(pointer, (n_vocab,))))
        first = first or time.monotonic()
        if i < N_TOKENS - 1:
            ll.llama_decode(context, ll.llama_batch_get_one(step, 1))
    end = time.monotonic()
    print(json.dumps({"decode": (N_TOKENS - 1) / (end - first), "time_to_first_token": first - started}))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
