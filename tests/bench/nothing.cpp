// SPDX-License-Identifier: BSD-3-Clause
// The smallest process: static, does nothing. What fork + exec + wait of it costs is the yardstick for
// spawn_bench.
int main() {}
