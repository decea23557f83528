#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Draws what the demo measured: its 200 guests one after the other, beside xl, a process and the bare hypercalls.

plot.py DIRECTORY reads created.json (of `chaos create --json -n 200`) and compared.json (of compare.sh, ns) there and writes
creation.png and creation.svg beside them.
"""
import json
import pathlib
import sys

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt  # noqa: E402  (the back-end has to be chosen first)

LINES = (  # key in compared.json, what it is, colour
    ("xl", "xl create, the whole process", "tab:red"),
    ("chaos", "chaos create --wait without a pool, the whole process", "tab:blue"),
    ("fork_exec", "fork + exec + wait of a program that does nothing", "dimgrey"),
    ("floor", "the fewest hypercalls that bring a guest up", "darkgrey"),
)


def main() -> None:
    directory = pathlib.Path(sys.argv[1])
    guests = json.loads((directory / "created.json").read_text())["guests"]
    compared = json.loads((directory / "compared.json").read_text())

    figure, axes = plt.subplots(figsize=(8, 4.5))
    axes.plot(range(1, len(guests) + 1), [(guest["execute_us"] + guest["ready_us"]) / 1000 for guest in guests],
              ".", color="tab:green", label=f"each of {len(guests)} guests from chaosd's pool, until it is up")
    for key, text, colour in LINES:
        axes.axhline(compared[key] / 1e6, color=colour, linestyle="--", linewidth=1, label=f"{text}: {compared[key] / 1e6:.2f} ms")
    axes.set_title("Creating a unikernel\nguests of the pool: noop, 1 MiB; all others: noop, 4 MiB; wall clock in dom0 of one run, noisy",
                   fontsize="medium")
    axes.set(xlabel="guest", yscale="log", ylabel="ms")
    axes.legend(fontsize="small", loc="upper left", bbox_to_anchor=(0, -0.15))
    axes.grid(alpha=0.3)
    for suffix in ("png", "svg"):
        figure.savefig(directory / f"creation.{suffix}", bbox_inches="tight", dpi=120)
    print(f"\nplot: {directory / 'creation.png'}")


main()
