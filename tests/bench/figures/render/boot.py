# SPDX-License-Identifier: BSD-3-Clause
"""Figure 3: creating and booting guests of three kinds (the paper's figure 4)."""
import statistics

from . import paper, style
from .tables import ms, table

NAME = "boot"
FIGURES = ("boot",)
TITLE = "Creation and boot of the first guest"
GUEST = "PVH: noop and daytime (one vif) 4 MiB, Debian's 6.1 kernel with a busybox ramdisk 128 MiB"
GUESTS = {"noop": "noop", "daytime": "daytime", "linux": "Debian's kernel"}
EXPECTED = ("xl", "chaos_noxs", "lightvm")
TEXT = """Creation is the whole process of the toolstack; boot is what passes from then until the guest is up: a unikernel says
"ready", Linux's init writes a line to the console. Under xl a unikernel cannot say so (it speaks noxs), so its boot, of the same
code as under chaos, is not shown there."""


def measured(data):
    """{(guest, series): (create, boot or None)}, medians in ms."""
    found = {}
    for guest in GUESTS:
        for series in style.in_order(set(data.series_of("boot"))):
            entries = data.of("boot", series=series, guest=guest)
            if entries:
                boots = [entry["boot_ns"] / 1e6 for entry in entries if "boot_ns" in entry]
                found[guest, series] = (statistics.median(entry["create_ns"] / 1e6 for entry in entries),
                                        statistics.median(boots) if boots else None)
    return found


def draw(data):
    figure, (axes,) = style.plots(width=9)
    found = measured(data)
    names = []
    for place, ((guest, series), (create, boot)) in enumerate(found.items()):
        names.append(f"{GUESTS[guest]}, {style.label(series)}")
        axes.barh(place, create, color=style.colour(series), height=0.6)
        text = f" {ms(create)}"
        if boot is not None:
            axes.barh(place, boot, left=create, color=style.colour(series), alpha=0.4, height=0.6)
            text += f" + {ms(boot)}"
        theirs = paper.BOOT.get((series, guest))
        if theirs:
            whole = theirs[0] + (theirs[1] or 0)
            axes.plot([whole, whole], [place - 0.4, place + 0.4], "--", color=style.GREY, linewidth=1.5)
        axes.annotate(text + " ms", (create + (boot or 0), place), va="center", fontsize=7)
    axes.plot([], [], "--", color=style.GREY, label=paper.LABEL + ", both")
    axes.barh([0], [0], color="#666666", label="creation")
    axes.barh([0], [0], color="#666666", alpha=0.4, label="boot")
    axes.set_yticks(range(len(names)), names)
    axes.invert_yaxis()
    axes.set(xscale="log", xlabel="ms, logarithmic: compare ends, not lengths")
    axes.set_xlim(0.5, axes.get_xlim()[1] * 3)
    axes.legend(fontsize=7)
    return style.finish(figure, TITLE, data, GUEST)


def tables(data):
    rows = []
    for (guest, series), (create, boot) in measured(data).items():
        theirs = paper.BOOT.get((series, guest))
        rows.append((GUESTS[guest], style.label(series), ms(create), ms(boot),
                     " + ".join(ms(value) for value in theirs if value is not None) if theirs else "–"))
    return table(("guest", "toolstack", "creation, ms", "boot, ms", "paper, ms"), rows)
