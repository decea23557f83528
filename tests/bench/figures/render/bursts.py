# SPDX-License-Identifier: BSD-3-Clause
"""Figure 5: guests made for the request that they answer (the paper's section 7.2)."""
from . import paper, style
from .tables import ms, table

NAME = "bursts"
FIGURES = ("bursts",)
TITLE = "From a request's arrival to its answer by a guest made for it"
GUEST = "PVH unikernel daytime, 4 MiB, one vif on xendevd's switch, made by chaosd and asked the time over TCP"
EXPECTED = ("pool_0", "pool_10", "pool_100")
TEXT = """Requests come whether or not earlier ones are answered. Each asks chaosd for a guest and then the guest for the time; the
guest is destroyed afterwards, on the same CPU. The paper's clients were pings of new clients, one every 25 ms."""


def paces(data):
    return sorted({(entry["burst"], entry["interval_us"]) for entry in data.of("bursts")})


def latencies(data, series, pace):
    return sorted(entry["answered_ns"] / 1e6
                  for entry in data.of("bursts", series=series, burst=pace[0], interval_us=pace[1]))


def pace_text(pace):
    return f"{pace[0]} every {pace[1] / 1000:g} ms"


def draw(data):
    all_paces = paces(data)
    figure, all_axes = style.plots(columns=max(1, len(all_paces)), width=11)
    for pace, axes in zip(all_paces, all_axes):
        for series in style.in_order(set(data.series_of("bursts"))):
            values = latencies(data, series, pace)
            if values:
                axes.step(values, [(i + 1) / len(values) for i in range(len(values))], where="post",
                          color=style.colour(series), label=style.label(series))
        if pace == (1, 25000):
            shares, times = zip(*paper.JUST_IN_TIME_MS.items())
            axes.plot(times, shares, "--o", color=style.GREY, markersize=4, linewidth=1, label=paper.LABEL)
        axes.set(title=pace_text(pace), xlabel="ms to the answer", ylabel="share of requests", xscale="log", ylim=(0, 1.02))
        axes.legend(fontsize=7, loc="lower right")
    return style.finish(figure, TITLE, data, GUEST)


def tables(data):
    rows = []
    for pace in paces(data):
        for series in style.in_order(set(data.series_of("bursts"))):
            entries = data.of("bursts", series=series, burst=pace[0], interval_us=pace[1])
            values = latencies(data, series, pace)
            if values:
                hits = sum(entry["hit"] for entry in entries)
                rows.append((pace_text(pace), style.label(series), len(values), f"{100 * hits / len(values):.0f} %",
                             *(ms(values[min(len(values) - 1, int(len(values) * share))]) for share in (0.5, 0.9, 0.99))))
    theirs = ", ".join(f"{share:.0%} within {value} ms" for share, value in paper.JUST_IN_TIME_MS.items())
    return table(("requests", "", "count", "from the pool", "median, ms", "90 %, ms", "99 %, ms"), rows) + \
        f"\nThe paper, one every 25 ms: {theirs}.\n"
