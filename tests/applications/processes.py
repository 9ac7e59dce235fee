"""Processes that end with us: X servers, and programs with their descendants."""

import contextlib
import os
import signal
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path


class Failure(Exception):
    """What went wrong in one arm, in a sentence."""


def descendants(pid):
    """The processes below pid, parents first."""
    found = []
    with contextlib.suppress(OSError):
        for task in os.listdir(f"/proc/{pid}/task"):
            with open(f"/proc/{pid}/task/{task}/children") as children:
                for child in map(int, children.read().split()):
                    found += [child, *descendants(child)]
    return found


class Process:
    """A program in a session of its own. Leaving the `with` ends it and all its descendants.

    Its standard error goes to the file `log`, its standard output to one beside it that ends in .out. `forks` tells that
    it has processes of its own, which it ends itself.
    """

    def __init__(self, command, env, log, cwd=None, forks=False):
        self.forks = forks
        self.log, self.out = log, log.with_suffix(".out")
        with open(self.out, "wb") as output, open(self.log, "wb") as errors:
            self.child = subprocess.Popen(
                command,
                env=env,
                cwd=cwd,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=errors,
                start_new_session=True,
            )

    def output(self):
        """All it has written until now to its standard output."""
        return self.out.read_text(errors="replace")

    def errors(self):
        """All it has written until now to its standard error."""
        return self.log.read_text(errors="replace")

    def status(self):
        """As a shell tells it, 128 and the signal's number for a signal; None while it runs."""
        code = self.child.poll()
        return code if code is None or code >= 0 else 128 - code

    def wait(self, seconds):
        """The status, or None if it still runs after so many seconds."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.child.wait(seconds)
        return self.status()

    def end(self):
        """Asks the program itself, below glxrun or apitrace, to end; kills it if it does not; returns the status."""
        below = descendants(self.child.pid)
        # glxrun passes the signal on to the first of a program's processes.
        itself = [self.child.pid] if self.forks else below[-1:] or [self.child.pid]
        steps = [
            (itself, signal.SIGTERM),
            (below, signal.SIGKILL),
            ([self.child.pid], signal.SIGKILL),
        ]
        for targets, number in steps:
            for pid in targets:
                if self.status() is None:
                    with contextlib.suppress(ProcessLookupError):
                        os.kill(pid, number)
            if self.wait(5) is not None:
                break
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.child.pid, signal.SIGKILL)  # what outlived its parent
        return self.status()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.end()


@dataclass(frozen=True)
class Server:
    """A running X server."""

    display: str
    framebuffer: Path  # a file in xwd's format, which the server draws into


@contextlib.contextmanager
def x_server(log, *arguments):
    """Starts an Xvfb of 1024x768x24 on a free display and yields its Server."""
    reading, writing = os.pipe()
    command = ["Xvfb", "-displayfd", str(writing), "-screen", "0", "1024x768x24", "-noreset", "-nocursor"]
    with (
        tempfile.TemporaryDirectory(prefix="glxrun-app-") as folder,
        open(log, "wb") as output,
        open(reading, "rb", buffering=0) as number,
    ):
        server = subprocess.Popen(
            [*command, "-nolisten", "tcp", "-fbdir", folder, *arguments],
            stdout=output,
            stderr=output,
            pass_fds=[writing],
            start_new_session=True,
        )
        os.close(writing)
        try:
            told = b""
            while not told.endswith(b"\n"):
                more = number.read(16)
                if not more:
                    raise Failure(f"Xvfb ended before it named its display, see {log}")
                told += more
            yield Server(f":{told.decode().strip()}", Path(folder) / "Xvfb_screen0")
        finally:
            server.terminate()
            try:
                server.wait(10)
            except subprocess.TimeoutExpired:
                server.kill()


def poll(seconds, condition, process):
    """Waits until condition() is true; a Failure if the process ends before or it takes longer than `seconds`."""
    deadline = time.monotonic() + seconds
    while not (result := condition()):
        if process.status() is not None and not condition():
            raise Failure(f"ended early with status {process.status()}, see {process.log}")
        if time.monotonic() > deadline:
            raise Failure(f"no picture after {seconds:.0f} s, see {process.log}")
        time.sleep(0.05)
    return result
