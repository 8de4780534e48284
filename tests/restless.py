"""Trainers that start what goes on computing by itself, in every way that tries to escape."""

# pyright: basic

import os
import signal
import subprocess
import sys
import threading

from triptych.impls.treemap.trainer import Trainer as Treemap

SPIN = [sys.executable, "-c", "while True: pass"]


def spin():
    while True:
        pass


class Thread(Treemap):
    """Has a thread that never rests."""

    def __init__(self, task):
        super().__init__(task)
        threading.Thread(target=spin, daemon=True).start()


class Child(Treemap):
    """Has a child in a session of its own."""

    def __init__(self, task):
        super().__init__(task)
        subprocess.Popen(SPIN, start_new_session=True)


class Daemon(Treemap):
    """Has a grandchild whose parent is gone."""

    def __init__(self, task):
        super().__init__(task)
        subprocess.run(
            [sys.executable, "-c", f"import subprocess; subprocess.Popen({SPIN}, start_new_session=True)"], check=True
        )


class Sleepers(Treemap):
    """Has ten copies of itself, half of them in sessions of their own, that hold all that it had open."""

    def __init__(self, task):
        super().__init__(task)
        for number in range(10):
            if os.fork() == 0:
                if number % 2:
                    os.setsid()
                os.execvp(SPIN[0], [SPIN[0], "-c", "import time; time.sleep(600)"])


class Forker(Treemap):
    """Has a copy of itself that sleeps, with its socket open."""

    def __init__(self, task):
        super().__init__(task)
        if os.fork() == 0:
            while True:
                signal.pause()
