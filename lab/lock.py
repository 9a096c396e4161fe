"""One run at a time: the second is refused, and told which the first one is."""

from __future__ import annotations

import fcntl
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from lab import folders
from lab.errors import LabError


@contextmanager
def held() -> Iterator[None]:
    """Holds the lab for this process; the kernel gives it free when the process ends, however that is.

    Raises LabError that names the process that has it.
    """
    folders.cache().mkdir(parents=True, exist_ok=True)
    with (folders.cache() / "lab.lock").open("a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            raise LabError(
                "another run is at the lab; nothing was changed",
                expected="one run at a time",
                seen=file.read().strip(),
                remedy="wait until it has ended, or end it with Ctrl-C where it runs",
            ) from None
        file.truncate(0)
        file.write(f"process {os.getpid()}, since {time.strftime('%H:%M:%S')}: {' '.join(sys.argv)}\n")
        file.flush()
        yield
