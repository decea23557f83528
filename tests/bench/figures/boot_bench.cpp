// SPDX-License-Identifier: BSD-3-Clause
// A creation and the boot behind it, over and over: how long the command takes, and how long then until the guest is up.
//
// A unikernel is up when it has said "ready"; the command waits for that itself and says in JSON how much of its time that
// was. A stock kernel is up when its init has written a line to the console; both xenconsoled and xendevd keep consoles in
// files, which are watched here.
#include <poll.h>
#include <sys/inotify.h>

#include "tests/bench/figures/guest_template.hpp"
#include "tests/bench/process.hpp"

namespace {

constexpr int patience_ms = 60'000;

struct Job {
    std::string figure = "boot", series, guest;
    unsigned samples = 5, settle_ms = 500;
    std::string log, text; ///< the guest is up when `log` has `text`
    bench::Command create, destroy;
};

/// Sees a file change, also before it exists.
class Watch {
  public:
    explicit Watch(const std::string& file) : file_(file), notify_(::inotify_init1(IN_CLOEXEC)) {
        const std::string directory = file.substr(0, file.rfind('/'));
        if (::inotify_add_watch(notify_, directory.c_str(), IN_CREATE | IN_MODIFY) < 0)
            bench::fail("watching " + directory + ": " + std::strerror(errno));
    }
    ~Watch() { ::close(notify_); }
    Watch(const Watch&) = delete;
    Watch& operator=(const Watch&) = delete;

    void wait_for(const std::string& text) const {
        while (bench::contents_of(file_).find(text) == std::string::npos) {
            pollfd polled{notify_, POLLIN, 0};
            if (::poll(&polled, 1, patience_ms) <= 0)
                bench::fail("'" + text + "' never came to " + file_);
            char events[4096];
            if (::read(notify_, events, sizeof events) < 0)
                bench::fail(std::string("inotify: ") + std::strerror(errno));
        }
    }

  private:
    std::string file_;
    int notify_;
};

/// The number behind "ready_us", in ns.
std::uint64_t ready_ns_in(const std::string& json) {
    const std::size_t at = json.find("\"ready_us\":");
    if (at == std::string::npos)
        bench::fail("the command did not say when the guest was ready: " + json);
    return std::strtoull(json.c_str() + at + std::strlen("\"ready_us\":"), nullptr, 10) * 1000;
}

void measure(const Job& job, const std::string& output, bool counts) {
    bench::let_host_settle();
    ::usleep(job.settle_ms * 1000);
    std::uint64_t create = 0, boot = 0;
    if (job.log.empty()) {
        const std::uint64_t whole = [&] {
            const bench::Redirect redirect(output);
            return bench::run(job.create, bench::Way::vfork);
        }();
        boot = ready_ns_in(bench::contents_of(output));
        create = whole - boot;
    } else {
        ::unlink(job.log.c_str()); // what an earlier guest said
        const Watch watch(job.log);
        {
            const bench::Silence silence;
            create = bench::run(job.create, bench::Way::vfork);
        }
        const std::uint64_t created = bench::now_ns();
        watch.wait_for(job.text);
        boot = bench::now_ns() - created;
    }
    ::usleep(job.settle_ms * 1000);
    {
        const bench::Silence silence;
        bench::run(job.destroy, bench::Way::vfork);
    }
    if (counts)
        std::printf(
            "{\"figure\": \"%s\", \"series\": \"%s\", \"guest\": \"%s\", \"create_ns\": %llu, \"boot_ns\": %llu}\n",
            job.figure.c_str(), job.series.c_str(), job.guest.c_str(),
            static_cast<unsigned long long>(create), static_cast<unsigned long long>(boot));
}

constexpr const char* usage =
    "Usage: boot_bench --series NAME --guest NAME [--samples N] [--log FILE --text TEXT] -- CREATE... -- DESTROY...\n"
    "Runs the command CREATE, waits until FILE has TEXT and runs DESTROY, N times (5). Without --log, CREATE waits by\n"
    "itself and prints the ready_us of `chaos create --wait --json`.\n";

Job job_of(int argument_count, char** arguments) {
    Job job;
    int i = 1;
    for (; i + 1 < argument_count && std::strcmp(arguments[i], "--") != 0; i += 2) {
        const std::string option = arguments[i], value = arguments[i + 1];
        if (option == "--series")
            job.series = value;
        else if (option == "--guest")
            job.guest = value;
        else if (option == "--samples")
            job.samples = static_cast<unsigned>(std::strtoul(value.c_str(), nullptr, 10));
        else if (option == "--log")
            job.log = value;
        else if (option == "--text")
            job.text = value;
        else
            bench::fail("unknown option " + option + "\n" + usage);
    }
    bench::Command* command = &job.create;
    for (++i; i < argument_count; ++i)
        if (std::strcmp(arguments[i], "--") == 0)
            command = &job.destroy;
        else
            command->emplace_back(arguments[i]);
    if (job.series.empty() || job.create.empty() || job.destroy.empty() ||
        job.log.empty() != job.text.empty())
        bench::fail(usage);
    return job;
}

} // namespace

int main(int argument_count, char** arguments) {
    const Job job = job_of(argument_count, arguments);
    const std::string output = "/run/boot-bench." + std::to_string(::getpid());
    for (unsigned i = 0; i < job.samples + 1; ++i)
        measure(job, output, i > 0); // the first one fills the page cache
    ::unlink(output.c_str());
}
