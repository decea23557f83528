// SPDX-License-Identifier: BSD-3-Clause
// A configuration with places for what each guest has of its own: its number @N@ and its address @ADDRESS@.
#pragma once

#include <array>
#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <string>

namespace bench {

/// The whole file, or nothing if there is none.
inline std::string contents_of(const std::string& path) {
    std::ifstream file(path);
    return {std::istreambuf_iterator<char>(file), {}};
}

inline std::string replaced(std::string text, const std::string& what, const std::string& with) {
    for (std::size_t at = 0; (at = text.find(what, at)) != text.npos; at += with.size())
        text.replace(at, what.size(), with);
    return text;
}

struct GuestTemplate {
    std::string text;
    std::string network = "10.9"; ///< the first half of the guests' addresses

    using Address = std::array<std::uint8_t, 4>;

    [[nodiscard]] Address address_of(unsigned number) const {
        char* second = nullptr;
        const auto first = std::strtoul(network.c_str(), &second, 10);
        return {static_cast<std::uint8_t>(first),
                static_cast<std::uint8_t>(*second ? std::strtoul(second + 1, nullptr, 10) : 0),
                static_cast<std::uint8_t>(1 + number / 200), static_cast<std::uint8_t>(10 + number % 200)};
    }
    [[nodiscard]] std::string text_of(unsigned number) const {
        std::string address;
        for (const std::uint8_t part : address_of(number))
            address += (address.empty() ? "" : ".") + std::to_string(part);
        return replaced(replaced(text, "@N@", std::to_string(number)), "@ADDRESS@", address);
    }
};

} // namespace bench
