// SPDX-License-Identifier: BSD-3-Clause
// One guest after the other, each made by a command as somebody at a shell would run it, or by one request to chaosd, and
// kept: how long each takes while more and more are running.
//
// It knows no toolstack: the configuration is a template, the command is given.
#include <optional>

#include "tests/bench/api_client.hpp"
#include "tests/bench/figures/guest_template.hpp"
#include "tests/bench/process.hpp"

namespace {

struct Job {
    std::string figure, series;
    bench::GuestTemplate guest; ///< of a configuration, or of a request's body
    std::string api;            ///< chaosd's socket: ask it instead of running the command
    unsigned first = 0, count = 1;
    unsigned running = 0; ///< guests that run when this begins
    unsigned settle_ms = 100;
    bench::Way way = bench::Way::vfork;
    bool by_category = false; ///< the command says in a file where its time went (categories.hpp)
    std::string preload;      ///< a library that makes it do so
    bench::Command command;   ///< with @FILE@ where the configuration's path goes
};

/// Where the process says where its time went, and the word it needs to know when it was started.
class CategoryFile {
  public:
    explicit CategoryFile(std::string path) : path_(std::move(path)) {
        setenv("BENCH_CATEGORIES", path_.c_str(), 1);
    }
    void begin() const {
        ::unlink(path_.c_str());
        setenv("BENCH_STARTED", std::to_string(bench::now_ns()).c_str(), 1);
    }
    [[nodiscard]] std::string result() const {
        const std::string text = bench::contents_of(path_);
        if (text.empty())
            bench::fail("the command did not say where its time went");
        return text;
    }

  private:
    std::string path_;
};

std::string measure_command(const Job& job, const std::string& file, const bench::Command& command,
                            const CategoryFile* categories, unsigned number) {
    bench::write_file(file, job.guest.text_of(number));
    ::usleep(job.settle_ms * 1000);
    if (categories)
        categories->begin();
    if (!job.preload.empty())
        setenv("LD_PRELOAD", job.preload.c_str(), 1);
    const std::uint64_t took = [&] {
        const bench::Silence silence;
        return bench::run(command, job.way);
    }();
    unsetenv("LD_PRELOAD");
    std::string line = "\"ns\": " + std::to_string(took);
    if (categories)
        line += ", \"categories\": " + categories->result();
    return line;
}

std::string measure_request(const Job& job, bench::ApiClient& client, unsigned number) {
    const std::string body = job.guest.text_of(number);
    ::usleep(job.settle_ms * 1000);
    const std::uint64_t start = bench::now_ns();
    const auto reply = client.request("POST", "/v1/guests", body);
    const std::uint64_t took = bench::now_ns() - start;
    if (reply.status / 100 != 2)
        bench::fail("chaosd made no guest: " + std::to_string(reply.status) + " " + reply.body);
    return "\"ns\": " + std::to_string(took) + ", \"reply\": " + (reply.body.empty() ? "null" : reply.body);
}

constexpr const char* usage =
    "Usage: series_bench --figure NAME --series NAME --template FILE [OPTION...] [COMMAND...]\n"
    "Makes guests and keeps them. One JSON line each: how many were running, and the ns it took.\n\n"
    "  --template FILE    a configuration, with @N@ for the guest's number and @ADDRESS@ for its address\n"
    "  --network A.B      the first half of the addresses (10.9)\n"
    "  --first N          the first guest's number (0)\n"
    "  --count N          how many to make (1)\n"
    "  --running N        how many run already (0)\n"
    "  --settle-ms N      for how long the host is left alone before each (100)\n"
    "  --api SOCKET       ask chaosd there, with the template as the request's body, rather than run COMMAND\n"
    "  --fork             fork for COMMAND rather than vfork\n"
    "  --by-category      COMMAND says where its time went\n"
    "  --preload LIBRARY  run COMMAND with that library in front of all others\n\n"
    "COMMAND has @FILE@ where the configuration's path goes.\n";

Job job_of(int argument_count, char** arguments) {
    Job job;
    int i = 1;
    const auto value = [&] {
        if (++i >= argument_count)
            bench::fail(std::string(arguments[i - 1]) + " needs a value");
        return std::string(arguments[i]);
    };
    const auto number = [&] { return static_cast<unsigned>(std::strtoul(value().c_str(), nullptr, 10)); };
    for (; i < argument_count && arguments[i][0] == '-'; ++i) {
        const std::string option = arguments[i];
        if (option == "--figure")
            job.figure = value();
        else if (option == "--series")
            job.series = value();
        else if (option == "--template")
            job.guest.text = bench::contents_of(value());
        else if (option == "--network")
            job.guest.network = value();
        else if (option == "--first")
            job.first = number();
        else if (option == "--count")
            job.count = number();
        else if (option == "--running")
            job.running = number();
        else if (option == "--settle-ms")
            job.settle_ms = number();
        else if (option == "--api")
            job.api = value();
        else if (option == "--fork")
            job.way = bench::Way::fork;
        else if (option == "--by-category")
            job.by_category = true;
        else if (option == "--preload")
            job.preload = value();
        else
            bench::fail("unknown option " + option + "\n" + usage);
    }
    job.command.assign(arguments + i, arguments + argument_count);
    if (job.guest.text.empty() || job.series.empty() || job.command.empty() == job.api.empty())
        bench::fail(usage);
    return job;
}

} // namespace

int main(int argument_count, char** arguments) {
    const Job job = job_of(argument_count, arguments);
    char directory[] = "/run/series-bench.XXXXXX";
    if (!::mkdtemp(directory))
        bench::fail(std::string("mkdtemp: ") + std::strerror(errno));
    const std::string file = directory + std::string("/guest.cfg");
    bench::Command command = job.command;
    for (std::string& word : command)
        word = bench::replaced(word, "@FILE@", file);
    const CategoryFile categories(directory + std::string("/categories.json"));
    std::optional<bench::ApiClient> client;
    if (!job.api.empty())
        client.emplace(job.api);

    ::usleep(1'000'000); // until whatever went on before this was started is over
    // Printed at the end: whoever reads takes time from the next guest.
    std::string lines;
    for (unsigned i = 0; i < job.count; ++i) {
        const std::string measured =
            client
                ? measure_request(job, *client, job.first + i)
                : measure_command(job, file, command, job.by_category ? &categories : nullptr, job.first + i);
        lines += "{\"figure\": \"" + job.figure + "\", \"series\": \"" + job.series +
                 "\", \"guests\": " + std::to_string(job.running + i) + ", " + measured + "}\n";
    }
    std::fputs(lines.c_str(), stdout);
    ::unlink(file.c_str());
    ::unlink((directory + std::string("/categories.json")).c_str());
    ::rmdir(directory);
}
