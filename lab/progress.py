"""How long work shows itself: a live line on a terminal, plain lines elsewhere."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from rich.console import Console
from rich.progress import Progress as LiveLine
from rich.progress import SpinnerColumn, TextColumn, TimeElapsedColumn


@dataclass
class Progress:
    """Shows one stage of work after another: what, which of how many, and how long."""

    console: Console = field(default_factory=lambda: Console(highlight=False, soft_wrap=True))

    @contextmanager
    def stage(self, what: str, number: int = 1, of: int = 1) -> Iterator[None]:
        """Shows that something is going on while the block runs, and how long it took when it succeeds."""
        label = f"[{number}/{of}] {what}" if of > 1 else what
        begin = time.monotonic()
        if self.console.is_terminal:
            with LiveLine(
                SpinnerColumn(),
                TextColumn("{task.description}", markup=False),
                TimeElapsedColumn(),
                console=self.console,
                transient=True,
            ) as line:
                line.add_task(label)
                yield
        else:
            self.say(f"{label} …")
            yield
        self.say(f"{label}: {time.monotonic() - begin:.1f} s")

    def say(self, text: str) -> None:
        """Prints a plain line."""
        self.console.print(text, markup=False)
