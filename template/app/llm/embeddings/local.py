"""`local:wordllama`: small, real vectors without a key, a network or a GPU.

The package `wordllama` is only the carrier of two files: a table with a vector for each token, and a
tokenizer. A text's vector is the mean of its tokens' (https://github.com/dleemiller/WordLlama). Nothing of
the package is imported: it would configure the logging of the whole process.
"""

from collections.abc import Sequence
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from app.core.errors import ConfigurationError

if TYPE_CHECKING:
    from tokenizers import Tokenizer

LOCAL = "local:wordllama"
DIMENSION = 256


@cache
def load_tokenizer() -> "Tokenizer":
    """Return a tokenizer that needs no network. What it counts is near what other models count."""
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(_carrier() / "tokenizers" / "l2_supercat_tokenizer_config.json"))
    tokenizer.no_padding()
    tokenizer.no_truncation()
    return tokenizer


def embed_locally(texts: Sequence[str]) -> tuple[NDArray[np.float32], int]:
    """Return a vector of length 1 for each text (0 for one without tokens), and the number of tokens."""
    table = _table()
    encoded = load_tokenizer().encode_batch(list(texts), add_special_tokens=False)
    vectors = np.zeros((len(encoded), DIMENSION), np.float32)
    for vector, text in zip(vectors, encoded, strict=True):
        if text.ids:
            vector[:] = table[text.ids].mean(axis=0)
    return of_length_1(vectors), sum(len(text.ids) for text in encoded)


def of_length_1(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the vectors with the length 1; one that is 0 stays so."""
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    lengths[lengths == 0] = 1
    unit: NDArray[np.float32] = (vectors / lengths).astype(np.float32)
    return unit


@cache
def _table() -> NDArray[np.float32]:
    from safetensors.numpy import load_file

    weights = load_file(_carrier() / "weights" / "l2_supercat_256.safetensors")
    table: NDArray[np.float32] = weights["embedding.weight"].astype(np.float32)
    return table


def _carrier() -> Path:
    spec = find_spec("wordllama")
    if spec is None or spec.origin is None:
        raise ConfigurationError(
            f"The files of {LOCAL} are not installed.", hint="Run `uv sync`, or set RAG_EMBEDDER."
        )
    return Path(spec.origin).parent
