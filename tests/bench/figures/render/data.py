# SPDX-License-Identifier: BSD-3-Clause
"""What the scripts in dom0 printed, by figure and series."""
import json
import pathlib
import statistics


class Data:
    """All lines of one run. An entry is a dict with at least "figure" and "series"."""

    def __init__(self, run, entries, conditions, missing, stopped=()):
        self.run = run  # commit, date, full
        self.entries = entries
        self.conditions = conditions  # of the hosts, by what was measured there
        self.missing = missing  # (figure, series, why)
        self.stopped = stopped  # (job, why): what ended before it was done

    def of(self, figure, **wanted):
        """The entries of a figure that have all those members."""
        return [entry for entry in self.entries
                if entry["figure"] == figure and all(entry.get(key) == value for key, value in wanted.items())]

    def series_of(self, figure):
        return list(dict.fromkeys(entry["series"] for entry in self.entries if entry["figure"] == figure))

    def curve(self, figure, series, member):
        """Sorted points (guests, value), the median where there are several of one number of guests."""
        points = {}
        for entry in self.of(figure, series=series):
            if member in entry and "categories" not in entry:
                points.setdefault(entry["guests"], []).append(entry[member])
        return [(guests, statistics.median(values)) for guests, values in sorted(points.items())]


def parse(lines, name, data):
    """Adds one file's lines to the Data. What is no JSON object is said by somebody else and left out."""
    for line in lines:
        if not line.startswith("{"):
            continue
        try:
            entry = json.loads(line)
        except json.JSONDecodeError:
            continue  # the last line of a run that was cut off
        if entry.get("bench") == "conditions":
            data.conditions[name] = entry
        elif "missing" in entry:
            data.missing.append((entry["figure"], entry["series"], entry["missing"]))
        elif "figure" in entry:
            data.entries.append(entry)


def load(directory):
    """From the directory that lab/figures.sh fills: run.json, and NAME.lines of each job."""
    directory = pathlib.Path(directory)
    run = json.loads((directory / "run.json").read_text(encoding="utf-8"))
    data = Data(run, [], {}, [], [(job, why) for job, why in run.get("stopped", {}).items()])
    for file in sorted(directory.glob("*.lines")):
        with open(file, encoding="utf-8", errors="replace") as lines:
            parse(lines, file.stem, data)
    return data


def rolling_median(points, width=9):
    """Takes single outliers out of a curve without moving it."""
    values = [value for _, value in points]
    half = width // 2
    return [(x, statistics.median(values[max(0, i - half):i + half + 1])) for i, (x, _) in enumerate(points)]


def ends(points, count=10):
    """The medians of the first and of the last so many values."""
    values = [value for _, value in points]
    return statistics.median(values[:count]), statistics.median(values[-count:])
