"""Progress output for long operations: a live line on a terminal, plain lines elsewhere."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from rich.console import Console
from rich.progress import Progress as LiveLines
from rich.progress import SpinnerColumn, TextColumn, TimeElapsedColumn


@dataclass
class Progress:
    """Shows stages with their numbers and durations, and notes for the report. Stages may run at the same time.

    Attributes:
        console: The console.
        notes: What is not as in the tutorial, and no failure.
    """

    console: Console = field(default_factory=lambda: Console(highlight=False, soft_wrap=True))
    notes: list[str] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock, init=False, repr=False)
    _lines: LiveLines | None = field(default=None, init=False, repr=False)

    @contextmanager
    def stage(self, title: str, number: int = 1, of: int = 1) -> Iterator[None]:
        """Show a stage while the block runs, and its duration if the block succeeds."""
        label = f"[{number}/{of}] {title}" if of > 1 else title
        begin = time.monotonic()
        if self.console.is_terminal:
            with self._show_line(label):
                yield
        else:
            self.print(f"{label} …")
            yield
        self.print(f"{label}: {time.monotonic() - begin:.1f} s")

    @contextmanager
    def _show_line(self, label: str) -> Iterator[None]:
        """Show a live line while the block runs; a console has only one live display, with a line for each stage."""
        with self._lock:
            lines = self._lines = self._lines or self._start_lines()
            task = lines.add_task(label)
        try:
            yield
        finally:
            with self._lock:
                lines.remove_task(task)
                if not lines.tasks:
                    lines.stop()
                    self._lines = None

    def _start_lines(self) -> LiveLines:
        columns = (SpinnerColumn(), TextColumn("{task.description}", markup=False), TimeElapsedColumn())
        lines = LiveLines(*columns, console=self.console, transient=True)
        lines.start()
        return lines

    def note(self, text: str) -> None:
        """Print a note, and keep it for the report; a note that was printed before is not repeated."""
        if text not in self.notes:
            self.notes.append(text)
            self.print(f"note: {text}")

    def print(self, text: str) -> None:
        """Print a plain line."""
        self.console.print(text, markup=False)
