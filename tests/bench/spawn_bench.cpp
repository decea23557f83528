// SPDX-License-Identifier: BSD-3-Clause
// Wall time of whole processes as somebody at a shell starts them: a do-nothing binary, chaos and xl, taken
// in turns so that all meet the same host.
//
// xl is measured as it is typed: `xl create FILE`, which leaves a monitor process behind for each guest and
// returns as soon as the guest is unpaused, and `xl destroy`. chaos is measured with --wait, that is until
// the guest is up.
#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "tests/bench/samples.hpp"

namespace {

using Command = std::vector<std::string>;

[[noreturn]] void fail(const std::string& what) {
    std::fprintf(stderr, "spawn_bench: %s\n", what.c_str());
    std::exit(1);
}

std::string in_words(const Command& command) {
    std::string words;
    for (const std::string& word : command)
        words += (words.empty() ? "" : " ") + word;
    return words;
}

enum class Way : std::uint8_t { fork, vfork };

/// fork or vfork, exec, wait; ns.
std::uint64_t run(const Command& command, Way way) {
    std::vector<char*> arguments;
    for (const std::string& word : command)
        arguments.push_back(const_cast<char*>(word.c_str())); // execv() does not write to them
    arguments.push_back(nullptr);

    const std::uint64_t start = bench::now_ns();
    const pid_t child = way == Way::fork ? ::fork() : ::vfork();
    if (child < 0)
        fail(std::string("fork: ") + std::strerror(errno));
    if (child == 0) {
        ::execv(arguments[0], arguments.data());
        ::_exit(127);
    }
    int status = 0;
    if (::waitpid(child, &status, 0) != child)
        fail(std::string("waitpid: ") + std::strerror(errno));
    const std::uint64_t end = bench::now_ns();
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
        fail(in_words(command) + " failed with status " + std::to_string(status));
    return end - start;
}

/// What follows a domain's end happens a little later in Xen, and xl's monitor process and the kernel's
/// back-ends need some time, too, to see it.
void let_host_settle() {
    usleep(100'000);
}

struct Step {
    std::string_view name;
    Way way;
    Command command;
};

void write_file(const std::string& path, const std::string& text) {
    std::FILE* file = std::fopen(path.c_str(), "we");
    if (!file || std::fputs(text.c_str(), file) < 0 || std::fclose(file) != 0)
        fail("writing " + path + ": " + std::strerror(errno));
}

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
        fail(std::string("mkdtemp: ") + std::strerror(errno));
    const std::string config = directory + std::string("/guest.cfg");
    write_file(config, "name = \"spawn-bench\"\ntype = \"pvh\"\nmemory = 4\nkernel = \"" + files[1] + "\"\n");

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

    const int real_output = ::dup(STDOUT_FILENO);
    const int nowhere = ::open("/dev/null", O_WRONLY | O_CLOEXEC);
    ::dup2(nowhere, STDOUT_FILENO); // the children's: xl says what it reads
    bench::Report report(name);
    for (unsigned i = 0; i < samples + 1; ++i) {
        bench::Sample sample;
        for (const Step& step : steps) {
            let_host_settle();
            sample.emplace_back(step.name, run(step.command, step.way));
        }
        if (i > 0) // the first round fills the page cache
            report.add(std::move(sample));
    }
    ::dup2(real_output, STDOUT_FILENO);
    report.print();
    ::unlink(config.c_str());
    ::rmdir(directory);
}
