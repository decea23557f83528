// SPDX-License-Identifier: BSD-3-Clause
// A file's path may hold a '=', behind a slash.
#include "chaos/config_words.hpp"

namespace chaos::cli {

bool is_setting(const std::string& word) {
    const auto equals = word.find('=');
    return equals != std::string::npos && word.find('/') > equals;
}

Result<GuestConfig> config_of(const std::vector<std::string>& words) {
    if (words.empty())
        return Error(ErrorKind::invalid_argument, "FILE is missing");
    if (is_setting(words.front()))
        return parse_guest_config("", "the command line", words);
    return load_guest_config(words.front(), {words.begin() + 1, words.end()});
}

} // namespace chaos::cli
