# SPDX-License-Identifier: BSD-3-Clause
"""Draws the figures of one run.

Usage: python3 render DIRECTORY

DIRECTORY has what lab/figures.sh put there, and gets report.md, figures.json and the plots. Exit status: 0 all is there, 2 something
was not measured.
"""
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
from render import data, report  # noqa: E402  (found through the line before)

if len(sys.argv) != 2:
    print(__doc__, file=sys.stderr)
    sys.exit(2)
target = pathlib.Path(sys.argv[1])
missing = report.write(data.load(target), target)
for name, series, why in missing:
    print(f"figures: NOT MEASURED: {name}: {series}: {why}", file=sys.stderr)
sys.exit(2 if missing else 0)
