"""What is passed on of a process's last words."""

import tempfile

from triptych.benches.arms.forkserver import last_words


def test_the_chatter_of_compilers_is_no_last_word() -> None:
    """Of six lines the three that somebody else wrote; of chatter alone nothing."""
    chatter = (
        b"WARNING: All log messages before absl::InitializeLog() is called\nI0000 00:00:1.2 7 stub.cc:31] No GPU.\n"
    )
    with tempfile.TemporaryFile() as words:
        words.write(chatter)
        assert last_words(words) == ""
        words.write(b"one\nW1124 00:00 x\ntwo\nI0000 is not what this line is about, says its author\nthree\n")
        assert last_words(words).startswith("; its last words: one | two | ")
