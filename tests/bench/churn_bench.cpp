// SPDX-License-Identifier: BSD-3-Clause
// How many guests, or containers, a host makes and ends in a second when that is all it does, several at a time.
#include <atomic>
#include <optional>
#include <thread>

#include "tests/bench/api_client.hpp"
#include "tests/bench/figures/guest_template.hpp"
#include "tests/bench/process.hpp"

namespace {

struct Job {
    std::string name, socket;
    bench::GuestTemplate guest;
    unsigned seconds = 5, workers = 4;
    bench::Command command;
};

/// One after the other until the time is over; how many.
unsigned work(const Job& job, unsigned worker, std::uint64_t until) {
    std::optional<bench::ApiClient> client;
    bench::Command command = job.command;
    for (std::string& word : command)
        word = bench::replaced(word, "@N@", std::to_string(worker));
    if (!job.socket.empty())
        client.emplace(job.socket);
    const std::string body = job.guest.text_of(worker);
    const std::string path = "/v1/guests/guest-" + std::to_string(worker);
    unsigned done = 0;
    for (; bench::now_ns() < until; ++done) {
        if (!client) {
            bench::run(command, bench::Way::vfork);
            continue;
        }
        const auto made = client->request("POST", "/v1/guests", body);
        if (made.status / 100 != 2)
            bench::fail("chaosd made no guest: " + std::to_string(made.status) + " " + made.body);
        const auto gone = client->request("DELETE", path);
        if (gone.status / 100 != 2)
            bench::fail("chaosd did not destroy it: " + std::to_string(gone.status) + " " + gone.body);
    }
    return done;
}

constexpr const char* usage =
    "Usage: churn_bench --name NAME [--seconds N] [--workers N] [--api SOCKET --template FILE | COMMAND...]\n"
    "So many workers (4) each make a guest guest-@N@ as FILE says and destroy it when it is ready, or run COMMAND, over and\n"
    "over for some seconds (5). @N@ is the worker's number. Prints how many there were in a second.\n";

} // namespace

int main(int argument_count, char** arguments) {
    Job job;
    int i = 1;
    for (; i + 1 < argument_count && arguments[i][0] == '-'; i += 2) {
        const std::string option = arguments[i], value = arguments[i + 1];
        if (option == "--name")
            job.name = value;
        else if (option == "--api")
            job.socket = value;
        else if (option == "--template")
            job.guest.text = bench::contents_of(value);
        else if (option == "--seconds")
            job.seconds = static_cast<unsigned>(std::strtoul(value.c_str(), nullptr, 10));
        else if (option == "--workers")
            job.workers = static_cast<unsigned>(std::strtoul(value.c_str(), nullptr, 10));
        else
            bench::fail("unknown option " + option + "\n" + usage);
    }
    job.command.assign(arguments + i, arguments + argument_count);
    if (job.name.empty() || job.seconds == 0 || job.command.empty() == job.socket.empty())
        bench::fail(usage);

    std::atomic<unsigned> all = 0;
    const std::uint64_t start = bench::now_ns();
    std::vector<std::thread> workers;
    for (unsigned worker = 0; worker < job.workers; ++worker)
        workers.emplace_back(
            [&, worker] { all += work(job, worker, start + job.seconds * 1'000'000'000ull); });
    for (std::thread& worker : workers)
        worker.join();
    const double took = static_cast<double>(bench::now_ns() - start) / 1e9;
    std::printf("{\"bench\": \"%s\", \"sample\": {\"per_second\": %.2f}}\n", job.name.c_str(), all / took);
}
