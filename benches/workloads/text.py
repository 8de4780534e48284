"""A text that is on every machine with scikit-learn: its own descriptions of data sets, character by character.

The 14 files are read in the order of their names. The last tenth of every file is held out. A row is 32 characters
and, as its targets, the 32 that follow them one place on; training rows begin at every eighth character and are
shuffled with a fixed seed, held-out rows follow each other without overlap.
"""

import hashlib
from functools import lru_cache
from importlib import resources

import numpy as np
from jaxtyping import Int32

from triptych.benches.record.files import RecordError
from triptych.benches.workloads.published import Data, Params, Workload
from triptych.impls.laws import reference
from triptych.impls.networks import Transformer
from triptych.impls.task import AdamW, Task

SHA256 = "efcc63d1a838d2134e9078ff3e2d7c6b66098f891425d381cef4879fe3ca390f"
"""Of all files one after the other: 43,055 bytes, as scikit-learn 1.9.1 ships them."""

CONTEXT, STRIDE = 32, 8
WRITTEN, TEMPERATURE = 240, 0.7  # characters of a sample, and how boldly they are drawn


@lru_cache
def files() -> tuple[str, ...]:
    """The descriptions, in the order of their names.

    Raises:
        RecordError: If they are not the known ones, so that no loss would be comparable.
    """
    folder = resources.files("sklearn.datasets.descr")
    found = sorted((one for one in folder.iterdir() if one.name.endswith(".rst")), key=lambda one: one.name)
    contents = [one.read_bytes() for one in found]
    got = hashlib.sha256(b"".join(contents)).hexdigest()
    if got != SHA256:
        words = f"the installed scikit-learn's descriptions of data sets have SHA-256 {got[:12]}…"
        raise RecordError(f"{words}; expected {SHA256[:12]}… as in scikit-learn 1.9.1; install that release")
    return tuple(content.decode() for content in contents)


@lru_cache
def characters() -> str:
    """All that occur, in order: the number of one is its token."""
    return "".join(sorted(set("".join(files()))))


def split() -> tuple[Int32[np.ndarray, " train"], Int32[np.ndarray, " held_out"]]:
    """The tokens to train on, and those of the last tenths."""
    token = {character: number for number, character in enumerate(characters())}
    parts = [(text[: len(text) * 9 // 10], text[len(text) * 9 // 10 :]) for text in files()]
    train, held_out = (np.array([token[one] for one in "".join(part)], np.int32) for part in zip(*parts, strict=True))
    return train, held_out


@lru_cache
def load() -> Data:
    """The rows of 32 characters; x and y are (rows, 32), int32."""
    train, held_out = split()
    starts = np.random.default_rng(0).permutation(np.arange(0, len(train) - CONTEXT, STRIDE))
    in_order = np.arange(0, len(held_out) - CONTEXT, CONTEXT)
    return Data(*_rows(train, starts), *_rows(held_out, in_order))


def _rows(tokens: np.ndarray, starts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    windows = np.lib.stride_tricks.sliding_window_view(tokens, CONTEXT + 1)[starts]
    return np.ascontiguousarray(windows[:, :-1]), np.ascontiguousarray(windows[:, 1:])


def write(task: Task, params: Params) -> str:
    """What a network writes after a line's end, drawn with a fixed seed; ⏎ stands for a line's end."""
    known, random = characters(), np.random.default_rng(0)
    tokens = [known.index("\n")]
    for _ in range(WRITTEN):
        seen = np.array([tokens[-CONTEXT:]], np.int32)
        logits = reference.predict(task, params, seen)[0, -1] / TEMPERATURE
        chances = np.exp(logits - logits.max())
        tokens.append(int(random.choice(len(known), p=chances / chances.sum())))
    return "".join(known[token] for token in tokens[1:]).replace("\n", "⏎")


NETWORK = Transformer(vocabulary=92, context=CONTEXT, width=32, heads=4, layers=2)
OPTIMIZER = AdamW(3e-3, weight_decay=0.1, clip_norm=1.0, warmup_steps=100, decay_steps=2000)

TEXT = Workload(
    name="text",
    source="the descriptions of data sets that scikit-learn ships, 43,055 bytes of English; the last tenths held out",
    task=Task(NETWORK, "identity", "next_token_cross_entropy", OPTIMIZER),
    batch_size=16,
    steps=2000,
    target_loss=2.2,
    load=load,
    scored_rows=64,
    bits_per="character",
    write=write,
)
