# SPDX-License-Identifier: BSD-3-Clause
"""Figure 4: how many guests there can be, and what they take (the paper's figures 10, 14 and 15)."""
from . import paper, style
from .data import ends, rolling_median
from .tables import ms, table

NAME = "density"
FIGURES = ("density",)
TITLE = "Many guests on one host"
GUEST = "PVH unikernels made through chaosd: noop of 256 KiB, daytime of 1 MiB with a vif on xendevd's switch"
EXPECTED = ("lightvm-noop", "lightvm-daytime")
TEXT = """Memory is what Xen and dom0 have less than before the first guest: the guests' own, Xen's for them, and what chaosd and
xendevd keep (their own, with their share of libraries and of guests' pages that they map). The paper's memory is that of guests with Micropython, its creation times those of a machine with 64 cores."""


def memory_of(data, series):
    """(guests, GiB taken)."""
    entries = sorted((entry for entry in data.of("density", series=series) if "free_kib" in entry), key=lambda e: e["guests"])
    if not entries:
        return []
    def available(entry):
        return entry["free_kib"] + entry["dom0_available_kib"]
    return [(entry["guests"], (available(entries[0]) - available(entry)) / 2**20) for entry in entries]


def daemon_kib_each(data, series, daemon):
    """What each guest adds to a daemon's own memory."""
    entries = sorted((entry for entry in data.of("density", series=series) if daemon in entry), key=lambda e: e["guests"])
    if len(entries) < 2 or entries[-1]["guests"] == 0:
        return None
    return (entries[-1][daemon] - entries[0][daemon]) / entries[-1]["guests"]


def draw(data):
    figure, (memory, creation) = style.plots(columns=2, width=10)
    most = 0
    for series in style.in_order(set(data.series_of("density"))):
        points = memory_of(data, series)
        if points:
            memory.plot(*zip(*points), "-o", color=style.colour(series), markersize=2, label=style.label(series))
            most = max(most, points[-1][0])
        points = [(guests, ns / 1e6) for guests, ns in data.curve("density", series, "ns")]
        if points:
            creation.plot(*zip(*rolling_median(points, 25)), color=style.colour(series), linewidth=1, label=style.label(series))
    for name, mib in paper.MEMORY_1000_MIB.items():
        style.draw_paper(memory, [(0, 0), (1000, mib / 1024)], name)
    for name, points in paper.DENSITY.items():
        style.draw_paper(creation, points, name)
    for axes in (memory, creation):
        style.paper_in_legend(axes, paper.LABEL)
        axes.set(xlabel="guests running", xlim=(0, max(most, 1) * 1.05))
        axes.legend(fontsize=7)
    memory.set(title="memory of the host", ylabel="GiB", ylim=(0, None))
    creation.set(title="creation of one more", ylabel="ms", yscale="log")
    return style.finish(figure, TITLE, data, GUEST)


def tables(data):
    rows = []
    for series in style.in_order(set(data.series_of("density"))):
        memory, times = memory_of(data, series), [(n, ns / 1e6) for n, ns in data.curve("density", series, "ns")]
        cpu = [entry for entry in data.of("density", series=series) if "dom0_cpu_percent" in entry]
        answered = [entry["answered"] for entry in data.of("density", series=series) if "answered" in entry]
        if len(memory) > 1 and times:
            guests, gib = memory[-1]
            first, last = ends(times, 50)
            rows.append((style.label(series), f"{guests:,}", f"{answered[0]:,}" if answered else "–", f"{gib:.2f}",
                         f"{gib * 2**20 / guests:.0f}", *(ms(daemon_kib_each(data, series, d)) for d in ("chaosd_kib", "xendevd_kib")),
                         ms(first), ms(last),
                         f"{cpu[-1]['dom0_cpu_percent']:.3f}" if cpu else "–", f"{cpu[-1]['guests_cpu_percent']:.3f}" if cpu else "–"))
    heads = ("", "guests", "that tell the time", "GiB in all", "KiB each", "of it chaosd's", "xendevd's", "first, ms", "last, ms", "dom0 CPU idle, %", "guests' CPU idle, %")
    return table(heads, rows) + (f"\nThe paper: 8,000 noop guests, 5.5 ms each; 1,000 Micropython unikernels in 5 GiB; "
                                 f"{paper.IDLE_CPU_PERCENT} % of the CPU with 1,000 idle.\n")
