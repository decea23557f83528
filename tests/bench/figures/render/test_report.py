# SPDX-License-Identifier: BSD-3-Clause
"""The renderer on made-up lines: what is measured is shown, and what is not is told."""
import json
import pathlib
import tempfile
import unittest

from . import breakdown, creation, report, style
from .data import Data, ends, load, parse, rolling_median

ALL = ["creation", "breakdown", "boot", "density", "bursts"]
CONDITIONS = {"bench": "conditions", "xen": "4.17.7", "linux": "6.1.0", "xenstored": "xenstored", "clock": "virtual", "cpus": 1}


def spent(hypervisor_ms):
    names = {name: {"ns": 100_000, "calls": 1} for name in style.CATEGORIES}
    names["hypervisor"]["ns"] = hypervisor_ms * 1_000_000
    return {**names, "telling": {"ns": 50_000, "calls": 1}}


def growth(series, first_ms, last_ms, guests=30):
    for n in range(guests):
        ns = int((first_ms + (last_ms - first_ms) * n / (guests - 1)) * 1e6)
        yield {"figure": "growth", "series": series, "guests": n, "ns": ns}
    yield {"figure": "growth", "series": series, "guests": guests, "ns": 5_000_000, "categories": spent(2)}


def everything():
    yield CONDITIONS
    for series in creation.EXPECTED:
        yield from growth(series, 3, 6)
    for series in ("xl", "chaos_noxs", "lightvm"):
        for guest in ("noop", "daytime", "linux"):
            entry = {"figure": "boot", "series": series, "guest": guest, "create_ns": 3_000_000}
            yield entry if series == "xl" else {**entry, "boot_ns": 500_000}
    for series in ("lightvm-noop", "lightvm-daytime"):
        for guests in (0, 100, 200):
            yield {"figure": "density", "series": series, "guests": guests, "free_kib": 9_000_000 - 430 * guests,
                   "dom0_available_kib": 900_000, "chaosd_kib": 5000 + 2 * guests, "xendevd_kib": 3000}
        for guests in range(200):
            yield {"figure": "density", "series": series, "guests": guests, "ns": 2_000_000}
        yield {"figure": "density", "series": series, "guests": 200, "answered": 199}
        yield {"figure": "density", "series": series, "guests": 200, "dom0_cpu_percent": 0.05, "guests_cpu_percent": 0.01}
    for series in ("pool_0", "pool_10", "pool_100"):
        for n in range(20):
            yield {"figure": "bursts", "series": series, "burst": 1, "interval_us": 25000, "arrival_ns": n, "created_ns": 1_000_000,
                   "answered_ns": (n + 1) * 1_000_000, "hit": series != "pool_0"}


class Report(unittest.TestCase):
    def write(self, entries, figures=tuple(ALL)):
        with tempfile.TemporaryDirectory() as name:
            directory = pathlib.Path(name)
            run = {"commit": "abc", "date": "2026-01-02", "full": False, "figures": list(figures), "stopped": {"growth-xl": "it was late"}}
            (directory / "run.json").write_text(json.dumps(run))
            (directory / "job.lines").write_text("".join(json.dumps(entry) + "\n" for entry in entries))
            missing = report.write(load(directory), directory)
            files = {file.name: file.read_bytes() for file in directory.iterdir()}
        return missing, files, files["report.md"].decode()

    def test_all_measured_shows_all_and_misses_nothing(self):
        missing, files, text = self.write(everything())
        self.assertEqual(missing, [])
        for name in ALL:
            self.assertTrue(files[name + ".png"].startswith(b"\x89PNG"))
            self.assertIn(b"<svg", files[name + ".svg"])
            self.assertIn(f"({name}.svg)", text)
        self.assertNotIn("Not measured", text)
        for words in ("Xen 4.17.7, Linux 6.1.0, C xenstored, virtual clock", "commit abc", "2026-01-02", "it was late"):
            self.assertIn(words, text)

    def test_density_tells_what_each_guest_takes(self):
        _, _, text = self.write(everything(), ["density"])
        self.assertIn("| daytime, 1 MiB, a vif | 200 | 199 | 0.08 | 430 | 2 | 0 | 2 | 2 | 0.050 | 0.010 |", text)

    def test_same_data_give_the_same_plots(self):
        first, second = (self.write(everything(), ["creation"])[1] for _ in range(2))
        for name in ("creation.png", "creation.svg"):
            self.assertEqual(first[name], second[name])

    def test_missing_series_is_told_with_its_reason(self):
        lines = [entry for entry in everything() if entry.get("series") != "lightvm"]
        lines.append({"figure": "growth", "series": "lightvm", "missing": "no daemon"})
        missing, _, text = self.write(lines, ["creation"])
        self.assertEqual(missing, [("creation", "lightvm", "no daemon")])
        self.assertIn("**Not measured: LightVM = chaos [noxs+split]**: no daemon.", text)

    def test_nothing_measured_still_makes_a_report(self):
        missing, files, _ = self.write([CONDITIONS])
        self.assertIn(("bursts", "pool_10", "its run did not get that far"), missing)
        self.assertIn("bursts.png", files)

    def test_series_nobody_expects_is_shown(self):
        _, _, text = self.write([CONDITIONS, *growth("brand_new", 1, 2)], ["creation"])
        self.assertIn("| brand_new | 1.", text)

    def test_figures_not_asked_for_are_not_missing(self):
        missing, files, _ = self.write(growth("xl", 1, 2), ["breakdown"])
        self.assertEqual([series for _, series, _ in missing], ["chaos_noxs"])
        self.assertNotIn("boot.png", files)


class Numbers(unittest.TestCase):
    def data(self, lines):
        data = Data({}, [], {}, [])
        parse(lines, "job", data)
        return data

    def test_line_cut_off_and_foreign_lines_are_left_out(self):
        data = self.data(["hello\n", '{"figure": "growth", "series": "xl", "guests": 0, "ns": 7}\n', '{"figure": "gro'])
        self.assertEqual(data.curve("growth", "xl", "ns"), [(0, 7)])

    def test_curve_takes_the_median_and_leaves_observed_guests_out(self):
        lines = [{"figure": "growth", "series": "xl", "guests": 1, "ns": ns} for ns in (1, 9, 2)]
        lines.append({"figure": "growth", "series": "xl", "guests": 2, "ns": 5, "categories": spent(1)})
        self.assertEqual(self.data(map(json.dumps, lines)).curve("growth", "xl", "ns"), [(1, 2)])

    def test_rolling_median_drops_an_outlier(self):
        self.assertEqual(rolling_median([(0, 1), (1, 99), (2, 1)], 3)[1], (1, 1))
        self.assertEqual(ends([(n, n) for n in range(100)], 10), (4.5, 94.5))

    def test_categories_sum_up_to_the_process_without_the_telling(self):
        entry = {"figure": "growth", "series": "xl", "guests": 3, "ns": 5_000_000, "categories": spent(2)}
        (guests, parts), = breakdown.points_of(self.data([json.dumps(entry)]), "xl")
        self.assertEqual(guests, 3)
        self.assertAlmostEqual(sum(parts.values()), 5 - 0.05)
        self.assertAlmostEqual(parts["hypervisor"], 2)
        self.assertAlmostEqual(parts["process"], 5 - 0.05 - 2 - 0.5)


if __name__ == "__main__":
    unittest.main()
