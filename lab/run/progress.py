"""Progress output for long operations: a live line on a terminal, plain lines elsewhere."""

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
    """Shows one stage after another, with its number and its duration, and notes for the report.

    Attributes:
        console: The console.
        notes: What is not as in the tutorial, and no failure.
    """

    console: Console = field(default_factory=lambda: Console(highlight=False, soft_wrap=True))
    notes: list[str] = field(default_factory=list)

    @contextmanager
    def stage(self, title: str, number: int = 1, of: int = 1) -> Iterator[None]:
        """Show a stage while the block runs, and its duration if the block succeeds."""
        label = f"[{number}/{of}] {title}" if of > 1 else title
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
            self.print(f"{label} …")
            yield
        self.print(f"{label}: {time.monotonic() - begin:.1f} s")

    def note(self, text: str) -> None:
        """Print a note, and keep it for the report; a note that was printed before is not repeated."""
        if text not in self.notes:
            self.notes.append(text)
            self.print(f"note: {text}")

    def print(self, text: str) -> None:
        """Print a plain line."""
        self.console.print(text, markup=False)
