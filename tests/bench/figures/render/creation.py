# SPDX-License-Identifier: BSD-3-Clause
"""Figure 1: creation time against the number of guests that run already (the paper's figure 9)."""
from . import paper, style
from .data import ends, rolling_median
from .tables import ms, table

NAME = "creation"
FIGURES = ("growth",)
TITLE = "Creation time of one more daytime guest"
GUEST = "PVH unikernel daytime, 4 MiB, one vif (xl: bridge with Debian's scripts; noxs: xendevd's switch); whole process, fork to exit"
EXPECTED = ("xl", "chaos_xs", "chaos_xs_split", "chaos_noxs", "lightvm", "lightvm_request", "fork_exec", "crun")
TEXT = """The whole client process from fork to exit while so many guests run already, each of them waiting for something.
daytime does not drive the vif that it gets from xl or chaos [XS], which speak XenStore: there the creation is compared, not what
comes after it. Of the paper's curves only the two ends are known here, and its container is Docker's, ours is crun."""


def draw(data):
    figure, (axes,) = style.plots()
    for series in style.in_order(set(data.series_of("growth"))):
        points = [(guests, ns / 1e6) for guests, ns in data.curve("growth", series, "ns")]
        if not points:
            continue
        axes.plot(*zip(*points), ".", color=style.colour(series), markersize=1.5, alpha=0.4)
        axes.plot(*zip(*rolling_median(points)), color=style.colour(series), linewidth=1.5, label=style.label(series))
    for series, points in paper.CREATION.items():
        style.draw_paper(axes, points, style.label(series) if series != "crun" else "Docker")
    style.paper_in_legend(axes, paper.LABEL)
    axes.set(yscale="log", xlabel="guests running", ylabel="ms", xlim=(0, None))
    axes.legend(loc="upper left", bbox_to_anchor=(0, 0.92), fontsize=7, ncol=2)
    return style.finish(figure, TITLE, data, GUEST)


def tables(data):
    rows = []
    for series in style.in_order(set(data.series_of("growth"))):
        points = [(guests, ns / 1e6) for guests, ns in data.curve("growth", series, "ns")]
        if points:
            first, last = ends(points)
            theirs = paper.CREATION.get(series)
            rows.append((style.label(series), ms(first), ms(last), f"{points[-1][0] + 1:,}", f"{last / first:.2f}",
                         " → ".join(ms(value) for _, value in theirs) if theirs else "–"))
    return table(("", "first, ms", "last, ms", "guests", "last / first", "paper, 1st → 1,000th, ms"), rows)
