// SPDX-License-Identifier: BSD-3-Clause
// The Gregorian calendar: 400 years are 146,097 days, and the year begins in March, so that its odd day is its last.
#include "date.hpp"

#include "format.hpp"

namespace {

constexpr std::string_view weekdays[] = {"Thursday", "Friday",  "Saturday", "Sunday",
                                         "Monday",   "Tuesday", "Wednesday"}; // 1970 began on a Thursday
constexpr std::string_view months[] = {"January", "February", "March",     "April",   "May",      "June",
                                       "July",    "August",   "September", "October", "November", "December"};

struct TwoDigits {
    explicit TwoDigits(std::uint64_t number)
        : text{static_cast<char>('0' + number / 10 % 10), static_cast<char>('0' + number % 10)} {}
    [[nodiscard]] std::string_view view() const { return {text, sizeof(text)}; }
    char text[2];
};

} // namespace

std::string_view write_date(std::span<char> buffer, std::uint64_t seconds) {
    constexpr std::uint64_t days_to_1970 = 719'468; // from 1 March of year 0
    constexpr std::uint64_t days_in_400_years = 146'097;
    const std::uint64_t days = seconds / 86'400;
    const std::uint64_t era = (days + days_to_1970) / days_in_400_years;
    const std::uint64_t day_of_era = (days + days_to_1970) % days_in_400_years;
    const std::uint64_t year_of_era =
        (day_of_era - day_of_era / 1'460 + day_of_era / 36'524 - day_of_era / 146'096) / 365;
    const std::uint64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    const std::uint64_t months_since_march = (5 * day_of_year + 2) / 153;
    const std::uint64_t day = day_of_year - (153 * months_since_march + 2) / 5 + 1;
    const std::uint64_t month = (months_since_march + 2) % 12; // from January
    const std::uint64_t year = era * 400 + year_of_era + (month < 2 ? 1 : 0);
    return unikernel::format(buffer, "{}, {} {}, {} {}:{}:{}-UTC\r\n",
                             {weekdays[days % 7], months[month], day, year,
                              TwoDigits(seconds / 3'600 % 24).view(), TwoDigits(seconds / 60 % 60).view(),
                              TwoDigits(seconds % 60).view()});
}
