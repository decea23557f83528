// SPDX-License-Identifier: BSD-3-Clause
// Requests that come whether or not those before them were answered, each to a guest that does not exist yet: chaosd makes
// it, and it is asked the time over TCP. From a request's arrival to its whole answer; the guest is destroyed afterwards.
#include <time.h>

#include <thread>

#include "tests/bench/api_client.hpp"
#include "tests/bench/figures/guest_template.hpp"
#include "tests/bench/network_client.hpp"
#include "tests/bench/process.hpp"

namespace {

constexpr std::uint64_t patience_ns = 30'000'000'000;

struct Job {
    std::string series, socket;
    bench::GuestTemplate guest;
    unsigned first = 0, requests = 100, burst = 1, interval_us = 25'000;
};

struct Answered {
    std::uint64_t arrival = 0, created = 0, answered = 0; ///< ns; the last two since arrival
    bool hit = false;
};

void sleep_until(std::uint64_t time) {
    const timespec until{static_cast<time_t>(time / 1'000'000'000), static_cast<long>(time % 1'000'000'000)};
    while (::clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, nullptr) == EINTR) {
    }
}

/// The whole life of one request. Its thread and its connection are there before it arrives.
Answered serve(const Job& job, unsigned number, std::uint64_t arrival) {
    bench::ApiClient client(job.socket);
    const std::string name = "guest-" + std::to_string(number);
    const std::string body = job.guest.text_of(number);
    const auto address = job.guest.address_of(number);

    sleep_until(arrival);
    Answered result{arrival, 0, 0, false};
    const auto made = client.request("POST", "/v1/guests", body);
    result.created = bench::now_ns() - arrival;
    if (made.status / 100 != 2)
        bench::fail("chaosd made no guest: " + std::to_string(made.status) + " " + made.body);
    if (!bench::ask_time(address, patience_ns))
        bench::fail(name + " does not tell the time");
    result.answered = bench::now_ns() - arrival;
    result.hit = made.body.find("\"hit\":true") != std::string::npos ||
                 made.body.find("\"hit\": true") != std::string::npos;
    const auto gone = client.request("DELETE", "/v1/guests/" + name);
    if (gone.status / 100 != 2)
        bench::fail("chaosd did not destroy " + name + ": " + std::to_string(gone.status) + " " + gone.body);
    return result;
}

constexpr const char* usage =
    "Usage: burst_bench --series NAME --api SOCKET --template FILE [--network A.B] [--first N] [--requests N]\n"
    "                   [--burst N] [--interval-us N]\n"
    "N requests (100), the first for guest number N (0), so many at once (1), every so many microseconds (25000). FILE is the body of each, for a guest\n"
    "guest-@N@ with the address @ADDRESS@. One JSON line each, ns since its arrival.\n";

Job job_of(int argument_count, char** arguments) {
    Job job;
    for (int i = 1; i + 1 < argument_count; i += 2) {
        const std::string option = arguments[i], value = arguments[i + 1];
        const auto number = static_cast<unsigned>(std::strtoul(value.c_str(), nullptr, 10));
        if (option == "--series")
            job.series = value;
        else if (option == "--api")
            job.socket = value;
        else if (option == "--template")
            job.guest.text = bench::contents_of(value);
        else if (option == "--network")
            job.guest.network = value;
        else if (option == "--first")
            job.first = number;
        else if (option == "--requests")
            job.requests = number;
        else if (option == "--burst")
            job.burst = number;
        else if (option == "--interval-us")
            job.interval_us = number;
        else
            bench::fail("unknown option " + option + "\n" + usage);
    }
    if (job.series.empty() || job.socket.empty() || job.guest.text.empty() || job.requests == 0 ||
        job.burst == 0)
        bench::fail(usage);
    return job;
}

} // namespace

int main(int argument_count, char** arguments) {
    const Job job = job_of(argument_count, arguments);
    std::vector<Answered> answers(job.requests);
    const std::uint64_t start = bench::now_ns() + 1'000'000'000; // all threads are there by then
    std::vector<std::thread> threads;
    for (unsigned i = 0; i < job.requests; ++i)
        threads.emplace_back([&, i] {
            answers[i] = serve(job, job.first + i, start + std::uint64_t{i / job.burst} * job.interval_us * 1000);
        });
    for (std::thread& thread : threads)
        thread.join();
    for (const Answered& answer : answers)
        std::printf(
            "{\"figure\": \"bursts\", \"series\": \"%s\", \"burst\": %u, \"interval_us\": %u, \"arrival_ns\": %llu, "
            "\"created_ns\": %llu, \"answered_ns\": %llu, \"hit\": %s}\n",
            job.series.c_str(), job.burst, job.interval_us,
            static_cast<unsigned long long>(answer.arrival - start),
            static_cast<unsigned long long>(answer.created), static_cast<unsigned long long>(answer.answered),
            answer.hit ? "true" : "false");
}
