"""The engine process: the only code that imports llama_cpp."""
