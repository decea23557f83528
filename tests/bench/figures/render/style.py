# SPDX-License-Identifier: BSD-3-Clause
"""How all plots look: names and colours of series, the paper's own figures, conditions below, PNG and SVG."""
import textwrap

import matplotlib

matplotlib.use("Agg")
matplotlib.rcParams.update({
    "figure.figsize": (8, 5), "figure.dpi": 110, "savefig.dpi": 110, "font.size": 9, "font.family": "DejaVu Sans",
    "axes.grid": True, "grid.alpha": 0.3, "axes.spines.top": False, "axes.spines.right": False, "legend.frameon": False,
    "svg.hashsalt": "chaos",  # the same data give the same file
})
from matplotlib import pyplot  # noqa: E402  (the backend comes first)

GREY = "#888888"

# Series in the order of legends and tables: label and colour. Another one is a line here and a case in ../stacks.sh.
SERIES = {
    "xl": ("xl", "#c0392b"),
    "chaos_xs": ("chaos [XS]", "#e67e22"),
    "chaos_xs_split": ("chaos [XS+split]", "#b7950b"),
    "chaos_noxs": ("chaos [noxs]", "#2471a3"),
    "lightvm": ("LightVM = chaos [noxs+split]", "#1e8449"),
    "lightvm_request": ("LightVM, the request to chaosd alone", "#58d68d"),
    "chaos_xs_split_request": ("chaos [XS+split], the request alone", "#f7dc6f"),
    "crun": ("container: crun run", "#7d3c98"),
    "fork_exec": ("process: fork + exec", "#34495e"),
    "lightvm-noop": ("noop, 256 KiB", "#1e8449"),
    "lightvm-daytime": ("daytime, 1 MiB, a vif", "#2471a3"),
    "pool_0": ("no pool", "#c0392b"),
    "pool_10": ("pool of 10", "#2471a3"),
    "pool_100": ("pool of 100", "#1e8449"),
}

CATEGORIES = {
    "process": ("process start and end", "#bdc3c7"),
    "config": ("config", "#f4d03f"),
    "hypervisor": ("hypervisor", "#2471a3"),
    "store": ("store", "#c0392b"),
    "devices": ("devices", "#e67e22"),
    "load": ("load", "#7d3c98"),
    "toolstack": ("toolstack", "#1e8449"),
}


def label(series):
    return SERIES.get(series, (series, ""))[0]


def colour(series):
    return SERIES.get(series, ("", "black"))[1]


def in_order(series):
    """As in legends; what nobody knows comes last."""
    order = list(SERIES)
    return sorted(series, key=lambda name: order.index(name) if name in order else len(order))


def conditions_text(data, guest):
    """One host's conditions stand for all: every host is made from the same image."""
    host = next(iter(data.conditions.values()), None)
    clock = {"virtual": "virtual clock (1 instruction = 1 ns, 1 CPU)"}.get(host["clock"], host["clock"] + " clock") if host else ""
    store = {"xenstored": "C xenstored"}.get(host["xenstored"], host["xenstored"]) if host else ""
    where = f"Xen {host['xen']}, Linux {host['linux']}, {store}, {clock}" if host else "no host"
    return f"{where}; {guest}; {data.run['date']}, commit {data.run['commit']}" + ("" if data.run["full"] else "; short run")


def plots(columns=1, width=8, height=5):
    figure, axes = pyplot.subplots(1, columns, figsize=(width, height), squeeze=False)
    return figure, axes[0]


def draw_paper(axes, points, text=""):
    xs, ys = zip(*points)
    axes.plot(xs, ys, "--o", color=GREY, linewidth=1, markersize=3, zorder=1)
    if text:
        axes.annotate(text, (xs[-1], ys[-1]), color=GREY, fontsize=7, xytext=(3, 2), textcoords="offset points")


def paper_in_legend(axes, text):
    axes.plot([], [], "--o", color=GREY, linewidth=1, markersize=3, label=text)


def finish(figure, title, data, guest):
    figure.suptitle(title, fontsize=11, x=0.01, ha="left")
    text = textwrap.fill(conditions_text(data, guest), int(figure.get_figwidth() * 21))
    figure.text(0.01, 0.01, text, fontsize=6.5, color="#555555", va="bottom")
    figure.tight_layout(rect=(0, 0.05, 1, 0.99))
    return figure


def tell_missing(figure, series):
    if series:
        text = "NOT MEASURED: " + ", ".join(label(name) for name in series)
        figure.text(0.01, 0.94, text, fontsize=7, color="#c0392b", va="top")


def save(figure, path):
    """PATH.png and PATH.svg, the same from the same data."""
    figure.savefig(f"{path}.png", metadata={"Software": None})
    figure.savefig(f"{path}.svg", metadata={"Date": None, "Creator": None})
    pyplot.close(figure)
