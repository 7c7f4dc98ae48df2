"""A bare llama.cpp loop: `bare_loop.py MODEL PROMPT N` prints the ids of N greedy tokens as JSON."""

from __future__ import annotations

import ctypes
import json
import os
import sys

import llama_cpp.llama_cpp as llama
import numpy as np


def main() -> None:
    path, prompt, wanted = sys.argv[1].encode(), sys.argv[2].encode(), int(sys.argv[3])
    llama.llama_backend_init()
    model = llama.llama_model_load_from_file(path, llama.llama_model_default_params())
    parameters = llama.llama_context_default_params()
    parameters.n_ctx = parameters.n_batch = parameters.n_ubatch = 512
    context = llama.llama_init_from_model(model, parameters)
    vocabulary = llama.llama_model_get_vocab(model)
    tokens = (ctypes.c_int32 * 512)()
    n = llama.llama_tokenize(vocabulary, prompt, len(prompt), tokens, len(tokens), True, True)
    ids: list[int] = []
    while len(ids) < wanted:
        llama.llama_decode(context, llama.llama_batch_get_one(tokens, n))
        logits = np.ctypeslib.as_array(
            llama.llama_get_logits_ith(context, -1), (llama.llama_vocab_n_tokens(vocabulary),)
        )
        tokens[0], n = int(logits.argmax()), 1
        ids.append(tokens[0])
    os.write(1, json.dumps(ids).encode())


main()
