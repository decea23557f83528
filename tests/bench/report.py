#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Judges what run.sh measured: a table of the promised figures, and all of it as JSON.

Usage: report.py [--output FILE] [--only SECTION]... < LINES

Exit status: 0 every figure is reached, 1 one is missed, 2 one was not measured.
"""
import argparse
import json
import statistics
import sys


def parse(lines):
    """Groups run.sh's lines: {"floor": {"samples": [...], "summary": {...}}, ..., "conditions": {...}}.

    The lines of figures/*.sh are samples, too: of "density/lightvm-noop", say.
    """
    found = {}
    for line in lines:
        if not line.startswith("{"):
            continue
        entry = json.loads(line)
        if "figure" in entry:
            entry = {"bench": f"{entry.pop('figure')}/{entry.pop('series')}", "sample": entry}
        group = found.setdefault(entry.pop("bench"), {})
        if "sample" in entry:
            group.setdefault("samples", []).append(entry["sample"])
        else:
            entry.pop("samples", None)
            group.update(entry)
    return found


def median(found, bench, step):
    return statistics.median(sample[step] for sample in found[bench]["samples"])


def scale_ratio(found, bench):
    """The mean of the last 21 creations against that of the first 20: 1990 to 2010 when 2050 are made."""
    times = [sample["create"] for sample in found[bench]["samples"]]
    last = times[1989:2010] if len(times) >= 2010 else times[-21:]
    return statistics.mean(last) / statistics.mean(times[:20])


def at_most(name, value, unit, limit, note=""):
    """(name, value, unit, what it must reach, whether it does, how it came about)"""
    return name, value, unit, f"<= {limit:.4g} {unit}".rstrip(), value <= limit, note


def at_least(name, value, unit, limit, note=""):
    return name, value, unit, f">= {limit:.4g} {unit}".rstrip(), value >= limit, note


def create_measures(found):
    """Guests without devices. Nanoseconds become milliseconds here."""
    def ms(bench, step):
        return median(found, bench, step) / 1e6

    floor = ms("floor", "create")
    fork_exec = ms("spawn", "fork_exec")
    chaos = ms("spawn", "chaos_create")
    xl = ms("spawn", "xl_create")
    create = ms("libchaos", "create_to_ready")
    returned = ms("libchaos", "create")
    yield at_most("libchaos create to ready / floor", create / floor, "x", 1.25,
                  f"{create:.3f} ms / {floor:.3f} ms; create() returns after {returned:.3f} ms, {returned / floor:.2f} x")
    yield at_most("chaos create --wait, whole process", chaos, "ms", floor + 1.5 * fork_exec,
                  f"floor {floor:.3f} + 1.5 x fork/exec {fork_exec:.3f}")
    yield at_least("xl create / chaos create --wait", xl / chaos, "x", 15, f"{xl:.1f} ms / {chaos:.3f} ms")
    yield at_most("execute alone, shell to ready", ms("libchaos_phases", "execute_to_ready"), "ms", 0.25)
    for kib in (256, 4096):
        yield at_most(f"hypervisor memory beyond RAM, {kib} KiB guest",
                      found[f"memory_{kib}"]["memory_kib"]["beyond"], "KiB", 180)
    yield at_most("2,000th create / first", scale_ratio(found, "libchaos_scale"), "x", 1.15,
                  f"256 KiB guests; the floor's own: {scale_ratio(found, 'floor_scale'):.3f}")
    destroy = ms("spawn", "chaos_destroy")
    yield at_most("chaos destroy / xl destroy", destroy / ms("spawn", "xl_destroy"), "x", 0.5,
                  f"{destroy:.3f} ms / {ms('spawn', 'xl_destroy'):.1f} ms, whole processes")


def network_measures(found):
    """Against the stock guest with the kernel's netback under xl."""
    guests = (("chaos", "stock guest, bridge", 0.85), ("chaos_switch", "stock guest, own switch", 0.85),
              ("echo", "unikernel, bridge", 1.0), ("echo_switch", "unikernel, own switch", 1.0))
    for bench, name, least in guests:
        for step, way in (("to_guest_mb_per_s", "TCP to"), ("from_guest_mb_per_s", "TCP from")):
            ours, xl = median(found, f"network_{bench}", step), median(found, "network_xl", step)
            yield at_least(f"{way} {name} / netback", ours / xl, "x", least, f"{ours:.0f} MB/s / {xl:.0f} MB/s")
        ours, xl = (median(found, f"network_{which}", "round_trip_ns") / 1e3 for which in (bench, "xl"))
        yield at_most(f"round trip, {name} / netback", ours / xl, "x", 1.1, f"{ours:.0f} us / {xl:.0f} us")


def disk_measures(found):
    """Against the same image on a loop device with the kernel's blkback under xl."""
    for step, name, unit in (("random_iops", "4 KiB random reads, one at a time", "IOPS"),
                             ("random_depth_32_iops", "4 KiB random reads, 32 at once", "IOPS"),
                             ("sequential_mb_per_s", "1 MiB sequential reads", "MB/s")):
        ours, xl = median(found, "disk_chaos", step), median(found, "disk_xl", step)
        yield at_least(f"disk, {name} / blkback", ours / xl, "x", 0.9, f"{ours:.0f} {unit} / {xl:.0f} {unit}")


def attach_measures(found):
    """What vifs cost a creation, and how soon frames flow."""
    def ms(bench, step):
        return median(found, bench, step) / 1e6

    xl = ms("answer", "xl_create")
    for where, name in (("switch", "own switch"), ("bridge", "TAP + bridge")):
        answer = ms("answer", f"chaos_{where}_answer")
        yield at_least(f"xl create / create to first answer, {name}", xl / answer, "x", 60,
                       f"{xl:.0f} ms / {answer:.2f} ms, {ms('answer', f'chaos_{where}_process'):.2f} of it chaos create")
    without = ms("vif_none", "create_to_ready")
    for where, name, most in (("switch", "own switch", 0.4), ("bridge", "TAP + bridge", 1.5)):
        with_one = ms(f"vif_{where}", "create_to_ready")
        yield at_most(f"what one vif adds to a create, {name}", with_one - without, "ms", most,
                      f"{with_one:.3f} ms - {without:.3f} ms")
    yield at_most("execute of a hot shell, noop", ms("ahead_noop", "execute"), "ms", 0.35,
                  f"recorded; ready after {ms('ahead_noop', 'execute_to_ready'):.3f} ms; prepared in {ms('ahead_noop', 'prepare'):.3f} ms")
    yield at_most("the same with one vif -> first TCP answer", ms("ahead_answer", "execute_to_answer"), "ms", 2,
                  f"own switch; {ms('ahead_answer', 'execute'):.3f} ms of it execute")
    for where, name in (("switch", "own switch"), ("bridge", "TAP + bridge")):
        yield at_most(f"hot attach until frames flow, {name}", ms(f"attach_{where}", "attach_to_answer"), "ms", 2,
                      f"attached after {ms(f'attach_{where}', 'attach'):.2f} ms, then a ping answered")


def idle_measures(found):
    """Many guests that do nothing."""
    idle = found["idle"]
    memory, cpu = idle["xendevd_kib"], idle["dom0_cpu_percent"]
    yield at_most("xendevd memory per idle vif + console", memory["each"], "KiB", 16,
                  f"{memory['one']} KiB with one guest, {memory['all']} KiB with {idle['guests']} more")
    yield at_most(f"dom0 CPU of {idle['guests']} idle guests", cpu["all"], "%", 0.5,
                  f"of one CPU; {cpu['one']:.3f} % with one guest")


def daemon_measures(found):
    """chaosd with pools of prepared shells; everything as its clients see it."""
    ready = median(found, "daemon/ready", "ns") / 1e6
    yield at_most("API request to ready, noop from a hot shell", ready, "ms", 0.35)
    answer = median(found, "bursts/pool_20", "answered_ns") / 1e6
    yield at_most("API request to first TCP answer, daytime from a hot shell", answer, "ms", 2.0,
                  f"created after {median(found, 'bursts/pool_20', 'created_ns') / 1e6:.2f} ms")
    fork_exec, chaos = (median(found, "spawn_chaosd", step) / 1e6 for step in ("fork_exec", "chaos_create"))
    yield at_most("the same request / fork+exec", ready / fork_exec, "x", 1, f"{ready:.3f} ms / {fork_exec:.2f} ms")
    yield at_most("chaos create --wait through chaosd / fork+exec", chaos / fork_exec, "x", 2, f"{chaos:.2f} ms / {fork_exec:.2f} ms")


def growth_of(found, series):
    """ns of each creation in their order, and the other samples."""
    samples = found[f"density/{series}"]["samples"]
    return [sample["ns"] for sample in samples if "ns" in sample], [sample for sample in samples if "ns" not in sample]


def among_200(found, series):
    """ms of a creation with 190 to 210 guests of the same toolstack running."""
    samples = found[f"growth/{series}"]["samples"]
    return statistics.median(sample["ns"] for sample in samples
                             if "ns" in sample and "categories" not in sample and 190 <= sample["guests"] <= 210) / 1e6


def scale_measures(found):
    """As many guests as there can be."""
    times, others = growth_of(found, "lightvm-noop")
    eight_thousandth = statistics.mean(times[7989:8010]) / statistics.mean(times[:20])
    yield at_most("8,000th request to chaosd / first", eight_thousandth, "x", 1.1, "noop")
    yield at_most("the last request / first", statistics.mean(times[-20:]) / statistics.mean(times[:20]), "x", 1.25,
                  f"noop, number {len(times):,}")
    waiting = max(sample["guests"] for sample in others if "dom0_cpu_percent" in sample) # printed once all are seen waiting
    yield at_least("noop guests of 256 KiB on one host", waiting, "", 32000)
    memory = [sample for sample in others if "chaosd_kib" in sample]
    yield at_most("chaosd memory per guest", (memory[-1]["chaosd_kib"] - memory[0]["chaosd_kib"]) / memory[-1]["guests"], "KiB", 4,
                  f"{memory[0]['chaosd_kib']} KiB without guests, {memory[-1]['chaosd_kib']} KiB with {memory[-1]['guests']:,}")
    _, others = growth_of(found, "lightvm-daytime")
    xl, chaos = (among_200(found, stack) for stack in ("xl", "lightvm"))
    yield at_least("xl create / chaos create among 200 of each", xl / chaos, "x", 250,
                   f"{xl:.0f} ms / {chaos:.2f} ms; whole processes, daytime with a vif")
    yield at_least("guests with a vif that tell the time", max(sample.get("answered", 0) for sample in others), "", 4000)


def churn_measures(found):
    """By the wall clock, with two processors: only ratios within one run mean something."""
    guests, containers = (median(found, bench, "per_second") for bench in ("churn_chaosd", "churn_crun"))
    yield at_least("guests made and ended in a second / crun run", guests / containers, "x", 5, f"{guests:.0f}/s / {containers:.1f}/s")


MEASURES = {"create": create_measures, "attach": attach_measures, "network": network_measures,
            "disk": disk_measures, "idle": idle_measures, "daemon": daemon_measures, "scale": scale_measures,
            "churn": churn_measures}


def print_steps(found, bench, title):
    steps = found[bench]["summary"]
    print(f"\n{title}, microseconds (minimum, median, 90th percentile)")
    for step, value in steps.items():
        print(f"  {step:18}{value['min'] / 1e3:10.1f}{value['median'] / 1e3:10.1f}{value['p90'] / 1e3:10.1f}")


def print_calls(found):
    calls = found["calls"]
    for key, title in (("xen", "Xen, each inside an ioctl"), ("syscalls", "the kernel")):
        counts = sorted(calls[key].items(), key=lambda item: (-item[1], item[0]))
        print(f"\nCalls of {title}, in one chaos create --wait: {sum(calls[key].values())}")
        print("  " + ", ".join(f"{count} {name}" for name, count in counts))


def print_details(found):
    print_steps(found, "floor", "The floor: raw hypercalls")
    print_steps(found, "libchaos", "libchaos, whole")
    print_steps(found, "libchaos_phases", "libchaos, its two phases alone")
    print_steps(found, "spawn", "Whole processes")
    print_calls(found)


def print_table(conditions, judged):
    print("\nXen {xen}, Linux {linux}, {xenstored}, {clock} clock, {cpus} CPU".format(**conditions))
    width = max(len(name) for name, *_ in judged)
    print(f"{'measure':{width}}{'value':>12}      {'must reach':16}")
    for name, value, unit, goal, good, note in judged:
        print(f"{name:{width}}{value:>12.3f} {unit:4} {goal:16} {'ok' if good else 'MISSED':8}{note}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--output", help="where to write everything as JSON")
    parser.add_argument("--only", choices=MEASURES, action="append", help="a section that was measured; all if not given")
    options = parser.parse_args()
    found = parse(sys.stdin)
    sections = options.only or list(MEASURES)
    try:
        judged = [row for section in sections for row in MEASURES[section](found)]
        if "create" in sections:
            print_details(found)
        print_table(found["conditions"], judged)
    except (KeyError, IndexError, statistics.StatisticsError) as error:
        print(f"bench: NOT MEASURED: {error!r} is missing from the output", file=sys.stderr)
        return 2
    if options.output:
        with open(options.output, "w", encoding="utf-8") as file:
            json.dump({"conditions": found["conditions"],
                       "measures": [{"name": name, "value": value, "unit": unit, "must_reach": goal, "reached": good}
                                    for name, value, unit, goal, good, _ in judged],
                       "benches": found}, file, indent=1)
            file.write("\n")
    missed = [name for name, _, _, _, good, _ in judged if not good]
    for name in missed:
        print(f"bench: MISSED: {name}", file=sys.stderr)
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
