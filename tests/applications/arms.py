"""One application, run direct or split: from a fresh X server to a picture, an exit status and frame counts."""

import os
import re
import shlex
import shutil
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import numpy

import pictures
from processes import Failure, Process, poll, x_server
from table import Ends, Holds, Pauses, Settles

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
OUT = ROOT / "target" / "applications"
VENV = OUT / "venv"
GLX, NO_GLX = ["+extension", "GLX"], ["-extension", "GLX"]
SUMMARY = re.compile(r"glxrun: (0x[0-9a-f]+(?: of process \d+)?): rendered (\d+) frames, delivered (\d+)")
# What a log must not hold, even if the program goes on.
COMPLAINTS = re.compile(r"X Error|Bad(Match|Value|Drawable|Window|Alloc|Access)\b|GLXBad\w+|Traceback|panicked at")


@dataclass
class Result:
    """What one arm gave."""

    picture: numpy.ndarray | None
    output: str
    errors: str
    status: int
    after: str = ""
    rendered: int = 0
    delivered: int = 0  # of the window that fared worst, scaled to all of them


def environment(application, folder, home, arm):
    """A clean environment with a home of its own, so that no setting of the user or of an earlier run counts."""
    kept = {name: os.environ[name] for name in ("LIBGL_DRIVERS_PATH", "LD_LIBRARY_PATH") if name in os.environ}
    kept |= {
        "PATH": f"{VENV}/bin:/usr/local/bin:/usr/bin:/bin:/usr/games",
        "HOME": home,
        "XDG_RUNTIME_DIR": home,
        "LC_ALL": "C.UTF-8",
        "LIBGL_ALWAYS_SOFTWARE": "1",
        "NO_AT_BRIDGE": "1",
        "GSETTINGS_BACKEND": "memory",
        "SDL_AUDIODRIVER": "dummy",
        "ALSOFT_DRIVERS": "null",
        "SDL_NO_SIGNAL_HANDLERS": "1",  # they would wait for a swap to return that glxrun has paused
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    return kept | {name: fill(value, folder, arm) for name, value in application.env.items()}


def fill(text, folder, arm):
    """Puts the folders and the arm's name into a command or a value of the table."""
    return text.format(programs=HERE / "programs", out=folder, arm=arm)


def run(application, arm, glxrun):
    """Runs one arm, "direct" or "split". A Failure says what went wrong; the log lies in OUT in any case."""
    home = tempfile.mkdtemp(prefix="glxrun-app-")
    try:
        if arm == "direct":
            with x_server(OUT / f"{application.name}-direct-x.log", *GLX) as server:
                return run_on(application, arm, glxrun, home, server, None)
        with (
            x_server(OUT / f"{application.name}-3d-x.log", *GLX) as server3d,
            x_server(OUT / f"{application.name}-2d-x.log", *NO_GLX) as server,
        ):
            extensions = subprocess.run(
                ["xdpyinfo", "-display", server.display, "-queryExtensions"], capture_output=True, text=True, check=True
            )
            if "GLX" in extensions.stdout:
                raise Failure("the 2D side has GLX, so the run would prove nothing")
            return run_on(application, arm, glxrun, home, server, server3d)
    finally:
        shutil.rmtree(home, ignore_errors=True)


def run_on(application, arm, glxrun, home, server, server3d):
    env = environment(application, OUT, home, arm) | {"DISPLAY": server.display}
    if application.prepare and arm == "direct":
        command = shlex.split(fill(application.prepare, OUT, arm))
        with Process(command, env, OUT / f"{application.name}-prepare.log", home) as process:
            poll(application.seconds, lambda: "holding" in process.output(), process)
    pictures.paint_root(server)
    command = shlex.split(fill(application.command, OUT, arm))
    shows = application.shows
    options = []
    shot = Path(home) / "paused.png"
    if isinstance(shows, Pauses):
        options = ["--pause-at-frame", str(shows.frame), "--shot", f"{shot}@frame:{shows.frame}"]
    if arm == "split":
        command = [glxrun, "-d", server3d.display, "--stats", "--spoil", "off", *options, "--", *command]
    elif options:
        command = [glxrun, "--mode", "direct", *options, "--", *command]
    with Process(command, env, OUT / f"{application.name}-{arm}.log", home, application.forks) as process:
        deadline = time.monotonic() + application.seconds
        if isinstance(shows, Ends):
            status = process.wait(application.seconds)
            if status != 0:
                raise Failure(f"status {status} (None: still running), see {process.log}")
            picture = None
        else:
            if isinstance(shows, Holds):
                poll(application.seconds, lambda: "holding" in process.output(), process)
            elif isinstance(shows, Pauses):
                poll(application.seconds, shot.exists, process)
            picture = settled(process, server, shows.seconds if isinstance(shows, Settles) else 0.5, deadline)
            status = process.end()
        result = Result(picture, process.output(), process.errors(), status)
    if complaint := COMPLAINTS.search(result.errors):
        raise Failure(f"the log says {complaint.group()}, see {process.log}")
    if application.after:
        command = shlex.split(fill(application.after, OUT, arm))
        after = subprocess.run(command, env=env, capture_output=True, text=True, timeout=60)
        result.after = after.stdout
        if after.returncode != 0:
            raise Failure(f"{application.after} ended with status {after.returncode}: {after.stdout}{after.stderr}")
    if arm == "split" and not application.uncounted:
        count_frames(result, process.log)
    return result


def settled(process, server, seconds, deadline):
    """The screenshot that stayed the same for so many seconds, or the last one before the deadline if none did."""
    since, last = time.monotonic(), None
    while True:
        if process.status() is not None:
            raise Failure(f"ended early with status {process.status()}, see {process.log}")
        picture = pictures.screenshot(server)
        now = time.monotonic()
        if last is None or not numpy.array_equal(picture, last) or pictures.drawn_part(picture) is None:
            since, last = now, picture
        if now - since >= seconds or now > deadline:
            return picture
        time.sleep(0.1)


def count_frames(result, log):
    """Reads the counts off glxrun's summary and checks them: each window must get 0.9 of what it renders."""
    counts = [(window, int(rendered), int(delivered)) for window, rendered, delivered in SUMMARY.findall(result.errors)]
    result.rendered = sum(rendered for _, rendered, _ in counts)
    result.delivered = sum(delivered for _, _, delivered in counts)
    if not result.rendered:
        raise Failure(f"no frame came through glxrun, see {log}")
    for window, rendered, delivered in counts:
        if delivered < 0.9 * rendered:
            raise Failure(f"window {window}: of {rendered} rendered frames {delivered} were delivered, see {log}")
