// SPDX-License-Identifier: BSD-3-Clause
// Wall time of whole processes as somebody at a shell starts them: a do-nothing binary, chaos and xl, taken
// in turns so that all meet the same host.
//
// xl is measured as it is typed: `xl create FILE`, which leaves a monitor process behind for each guest and
// returns as soon as the guest is unpaused, and `xl destroy`. chaos is measured with --wait, that is until
// the guest is up.
#include "tests/bench/process.hpp"

namespace {

using bench::Command;
using bench::Way;

struct Step {
    std::string_view name;
    Way way;
    Command command;
};

constexpr const char* usage = "Usage: spawn_bench [--samples N] [--no-xl] [--name NAME] NOTHING KERNEL\n"
                              "Times whole processes: NOTHING (a do-nothing binary), and chaos and xl "
                              "creating and destroying the same guest,\n"
                              "KERNEL with 4 MiB and no devices.\n";

} // namespace

int main(int argument_count, char** arguments) {
    unsigned samples = 10;
    bool with_xl = true;
    std::string name = "spawn";
    Command files;
    for (int i = 1; i < argument_count; ++i) {
        const std::string argument = arguments[i];
        if (argument == "--no-xl")
            with_xl = false;
        else if (argument == "--samples" && i + 1 < argument_count)
            samples = static_cast<unsigned>(std::strtoul(arguments[++i], nullptr, 10));
        else if (argument == "--name" && i + 1 < argument_count)
            name = arguments[++i];
        else
            files.push_back(argument);
    }
    if (files.size() != 2 || samples == 0) {
        std::fputs(usage, stderr);
        return 2;
    }

    // Both toolstacks read the same text.
    char directory[] = "/run/spawn-bench.XXXXXX";
    if (!::mkdtemp(directory))
        bench::fail(std::string("mkdtemp: ") + std::strerror(errno));
    const std::string config = directory + std::string("/guest.cfg");
    bench::write_file(config,
                      "name = \"spawn-bench\"\ntype = \"pvh\"\nmemory = 4\nkernel = \"" + files[1] + "\"\n");

    std::vector<Step> steps = {
        {"fork_exec", Way::fork, {files[0]}},
        {"chaos_create", Way::vfork, {"/usr/bin/chaos", "create", "--wait", config}},
        {"chaos_destroy", Way::vfork, {"/usr/bin/chaos", "destroy", "spawn-bench"}},
    };
    if (with_xl) {
        // Left to itself, xl gives a guest of 4 MiB a paging pool that Xen finds too small.
        steps.push_back({"xl_create", Way::vfork, {"/usr/sbin/xl", "create", config, "shadow_memory=1"}});
        steps.push_back({"xl_destroy", Way::vfork, {"/usr/sbin/xl", "destroy", "spawn-bench"}});
    }

    bench::Report report(name);
    {
        const bench::Silence silence;
        for (unsigned i = 0; i < samples + 1; ++i) {
            bench::Sample sample;
            for (const Step& step : steps) {
                bench::let_host_settle();
                sample.emplace_back(step.name, bench::run(step.command, step.way));
            }
            if (i > 0) // the first round fills the page cache
                report.add(std::move(sample));
        }
    }
    report.print();
    ::unlink(config.c_str());
    ::rmdir(directory);
}
