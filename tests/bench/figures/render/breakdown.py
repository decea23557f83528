# SPDX-License-Identifier: BSD-3-Clause
"""Figure 2: what a creation is made up of (the paper's figure 5)."""
from . import paper, style
from .tables import ms, table

NAME = "breakdown"
FIGURES = ("growth",)
TITLE = "What a creation's time goes to"
GUEST = "the guests of the figure before; one in every step is made by a client that says where its time went"
EXPECTED = ("xl", "chaos_noxs")
TEXT = """Every moment of the client process belongs to one category, that of the innermost call from one part of it to another:
of xl by a library in front of libxl, libxenstore, libxenguest and libc's ioctl and poll, of chaos by functions that the linker puts
between its parts (`tests/bench/figures/*_calls.cpp` list the calls). Each switch costs two looks at the clock; the table says
what that adds. *hypervisor* is what Xen's devices are asked for, *store* the XenStore, and for chaos the record and name under
`/run/chaos`; *devices* is waiting for hotplug scripts and back-ends, for chaos asking xendevd; *load* is the kernel's way into the
guest; *process* is exec, linking and the end; *toolstack* is the rest."""


def points_of(data, series):
    """(guests, {category: ms}), and how many ms the whole took."""
    points = []
    for entry in data.of("growth", series=series):
        if "categories" in entry:
            spent = {name: entry["categories"][name]["ns"] / 1e6 for name in style.CATEGORIES}
            telling = entry["categories"]["telling"]["ns"] / 1e6
            spent["process"] += entry["ns"] / 1e6 - telling - sum(spent.values())  # its end, seen by the parent only
            points.append((entry["guests"], spent))
    return points


def measured_series(data):
    return [series for series in style.in_order(set(data.series_of("growth"))) if points_of(data, series)]


def draw(data):
    series_drawn = measured_series(data)
    figure, all_axes = style.plots(columns=max(1, len(series_drawn)), width=10)
    for series, axes in zip(series_drawn, all_axes):
        points = points_of(data, series)
        if len(points) == 1:
            points.append((points[0][0] + 1, points[0][1]))  # an area needs two
        guests = [n for n, _ in points]
        layers = [[spent[name] for _, spent in points] for name in style.CATEGORIES]
        axes.stackplot(guests, layers, colors=[c for _, c in style.CATEGORIES.values()],
                       labels=[text for text, _ in style.CATEGORIES.values()])
        axes.set(title=style.label(series), xlabel="guests running", ylabel="ms", xlim=(guests[0], guests[-1]))
        if series == "xl" and guests[-1] >= 500:
            for name, value in paper.BREAKDOWN_XL_1000.items():
                axes.axhline(value, color=style.GREY, linestyle="--", linewidth=1)
                axes.annotate(f"{name} at 1,000: {paper.LABEL}", (guests[0], value), color=style.GREY, fontsize=6)
        axes.set_ylim(0, 1.35 * max(sum(spent.values()) for _, spent in points))  # room for the legend
        axes.legend(loc="upper left", fontsize=7, ncol=4)
    return style.finish(figure, TITLE, data, GUEST)


def tables(data):
    rows = []
    for series in measured_series(data):
        points = points_of(data, series)
        plain = dict(data.curve("growth", series, "ns"))
        for guests, spent in points[::max(1, len(points) - 1)]:
            near = [value / 1e6 for n, value in plain.items() if 0 < guests - n <= 5]
            added = f"{100 * (sum(spent.values()) * len(near) / sum(near) - 1):+.1f} %" if near else "–"
            rows.append((style.label(series), f"{guests:,}", *(ms(spent[name]) for name in style.CATEGORIES),
                         ms(sum(spent.values())), added))
    heads = ("", "guests", *(text for text, _ in style.CATEGORIES.values()), "sum, ms", "more than unobserved")
    theirs = ", ".join(f"{name} {value} ms" for name, value in paper.BREAKDOWN_XL_1000.items())
    return table(heads, rows) + f"\nThe paper, of xl at the 1,000th guest on their hardware: {theirs}, the rest negligible.\n"
