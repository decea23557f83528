// SPDX-License-Identifier: BSD-3-Clause
// Limits as libxlutil reads them, but for what it lets wrap around.
#include "libchaos/config/rate.hpp"

#include <charconv>

#include "libchaos/config/text.hpp"

namespace chaos::config {
namespace {

/// No interval is longer than this: 10 s.
constexpr std::uint32_t longest_interval_us = 10'000'000;
/// So that a burst, in bytes or operations times microseconds, can be counted in 64 bits.
constexpr std::uint64_t largest_rate = std::uint64_t{1} << 40;

Error invalid(std::string what) {
    return Error(ErrorKind::invalid_config, std::move(what));
}

Error no_rate(std::string_view text) {
    return invalid("rate=" + std::string(text) +
                   " is no rate; bits or bytes a second were expected, as in 10Mb/s, 250KB/s or 1GB/s@20ms");
}

std::optional<std::uint64_t> take_number(std::string_view& text) {
    std::uint64_t number = 0;
    const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (problem != std::errc())
        return std::nullopt;
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    return number;
}

bool take(std::string_view& text, std::string_view word) {
    if (!text.starts_with(word))
        return false;
    text.remove_prefix(word.size());
    return true;
}

std::optional<std::uint64_t> bytes_per_second(std::string_view text) {
    const auto number = take_number(text);
    const std::uint64_t factor = take(text, "G")   ? 1'000'000'000
                                 : take(text, "M") ? 1'000'000
                                 : take(text, "K") ? 1000
                                                   : 1;
    const bool bits = take(text, "b");
    if (!number || *number > largest_rate || !(bits || take(text, "B")) || text != "/s")
        return std::nullopt;
    return *number * factor / (bits ? 8 : 1);
}

std::optional<std::uint64_t> microseconds(std::string_view text) {
    const auto number = take_number(text);
    const std::uint64_t factor = take(text, "u") ? 1 : take(text, "m") ? 1000 : 1'000'000;
    (void)take(text, "s"); // xl does without, too
    if (!number || *number > longest_interval_us || !text.empty())
        return std::nullopt;
    return *number * factor;
}

} // namespace

Result<void> parse_rate(std::string_view text, RateLimit& rate) {
    const auto at = text.find('@');
    const auto bytes = bytes_per_second(text.substr(0, at));
    if (!bytes)
        return no_rate(text);
    if (*bytes == 0 || *bytes > largest_rate)
        return invalid("rate=" + std::string(text) + ": nothing, or more than any host could carry");
    rate.bytes_per_second = *bytes;
    if (at == text.npos)
        return {};
    const auto interval = microseconds(text.substr(at + 1));
    if (!interval)
        return no_rate(text);
    rate.interval_us = static_cast<std::uint32_t>(std::min<std::uint64_t>(*interval, UINT32_MAX));
    return check_rate(rate);
}

Result<void> parse_operations(std::string_view text, RateLimit& rate) {
    std::string_view rest = text;
    const auto number = take_number(rest);
    if (!number || !rest.empty() || *number == 0 || *number > largest_rate)
        return invalid(in_quotes(text) + ": a number of operations a second was expected");
    rate.operations_per_second = *number;
    return {};
}

Result<void> check_rate(const RateLimit& rate) {
    if (rate.interval_us == 0 || rate.interval_us > longest_interval_us)
        return invalid("the interval of a rate is more than nothing and at most 10 s");
    if (rate.bytes_per_second > largest_rate || rate.operations_per_second > largest_rate)
        return invalid("a rate is larger than any host could carry");
    return {};
}

} // namespace chaos::config
