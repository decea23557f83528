// SPDX-License-Identifier: BSD-3-Clause
// Asks many guests the time, one after the other, and counts those that tell it.
#include "tests/bench/figures/guest_template.hpp"
#include "tests/bench/network_client.hpp"
#include "tests/bench/process.hpp"

int main(int argument_count, char** arguments) {
    if (argument_count != 5) {
        std::fputs(
            "Usage: ask_all FIGURE SERIES NETWORK GUESTS\nThe addresses are those of series_bench's guests.\n",
            stderr);
        return 2;
    }
    constexpr std::uint64_t patience_ns = 2'000'000'000;
    const bench::GuestTemplate guest{"", arguments[3]};
    const auto guests = static_cast<unsigned>(std::strtoul(arguments[4], nullptr, 10));
    unsigned answered = 0;
    for (unsigned number = 0; number < guests; ++number)
        answered += bench::ask_time(guest.address_of(number), patience_ns);
    std::printf("{\"figure\": \"%s\", \"series\": \"%s\", \"guests\": %u, \"answered\": %u}\n", arguments[1],
                arguments[2], guests, answered);
}
