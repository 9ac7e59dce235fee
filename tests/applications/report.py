"""docs/applications.md: the table between the two markers, one row per application, in the table's order."""

import re
from datetime import date

from arms import ROOT

PAGE = ROOT / "docs" / "applications.md"
BEGIN, END = "<!-- table: written by tests/applications/run -->", "<!-- end of table -->"
HEADER = (
    "| Program | Version | Command | Date | Result | SSIM | Rendered / delivered |\n|---|---|---|---|---|---|---|\n"
)


def row(application, version, result, likeness, frames):
    """One row; likeness and frames are text already."""
    command = application.command.replace("{programs}/", "programs/").replace("{out}/", "").replace("|", "\\|")
    cells = (application.name, version, f"`{command}`", date.today().isoformat(), result, likeness, frames)
    return f"| {' | '.join(cells)} |\n"


def write(rows, order):
    """Puts rows (name to text) into the page; those of other applications in it stay, unless no longer in `order`."""
    page = PAGE.read_text()
    before, rest = page.split(BEGIN)
    table, after = rest.split(END)
    known = {name: line + "\n" for line, name in re.findall(r"^(\| ([\w-]+) \|.*\|)$", table, re.MULTILINE)}
    known |= rows
    lines = "".join(known[name] for name in order if name in known)
    PAGE.write_text(f"{before}{BEGIN}\n{HEADER}{lines}{END}{after}")
