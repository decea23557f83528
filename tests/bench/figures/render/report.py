# SPDX-License-Identifier: BSD-3-Clause
"""All figures of one run: plots, and a report around them."""
import json

from . import bursts, boot, breakdown, creation, density, style

PLOTS = (creation, breakdown, boot, density, bursts)


def asked_for(plot, data):
    """A run may be of some figures only."""
    return plot.NAME in data.run["figures"]


def not_measured(plot, data):
    """(series, why) of all that a plot should show and does not."""
    reasons = {series: why for figure, series, why in data.missing if figure in plot.FIGURES}
    there = {entry["series"] for figure in plot.FIGURES for entry in data.of(figure)}
    return [(series, reasons.get(series, "its run did not get that far"))
            for series in dict.fromkeys((*plot.EXPECTED, *reasons)) if series not in there]


def section(plot, data):
    lines = [f"## {plot.TITLE}", "", f"![{plot.TITLE}]({plot.NAME}.svg)", "", plot.TEXT, "", plot.tables(data)]
    for series, why in not_measured(plot, data):
        lines.append(f"**Not measured: {style.label(series)}**: {why}.\n")
    lines.append(f"*{style.conditions_text(data, plot.GUEST)}*\n")
    return "\n".join(lines)


def write(data, directory):
    """Returns what is missing: (plot, series, why)."""
    asked = [plot for plot in PLOTS if asked_for(plot, data)]
    for plot in asked:
        figure = plot.draw(data)
        style.tell_missing(figure, [series for series, _ in not_measured(plot, data)])
        style.save(figure, directory / plot.NAME)
    text = ["# The LightVM paper's figures, measured here", "",
            "Times are the lab's: on its virtual clock one instruction of guest, dom0 or Xen is one nanosecond, so that they show the work and",
            "repeat anywhere. The paper's (dashed, grey) are wall time on its authors' hardware; compare shapes and ratios, not milliseconds.", ""]
    text += [section(plot, data) for plot in asked]
    for job, why in data.stopped:
        text.append(f"The run `{job}` was ended before it was done: {why}.\n")
    (directory / "report.md").write_text("\n".join(text), encoding="utf-8")
    with open(directory / "figures.json", "w", encoding="utf-8") as file:
        json.dump({"run": data.run, "conditions": data.conditions, "missing": data.missing, "entries": data.entries}, file)
        file.write("\n")
    return [(plot.NAME, series, why) for plot in asked for series, why in not_measured(plot, data)]
