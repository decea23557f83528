// SPDX-License-Identifier: BSD-3-Clause
// A daemon of another version may leave something out; a verb then shows nothing in its place.
#include "chaos/daemon_json.hpp"

#include <algorithm>

namespace chaos::cli {

Result<Json> read_answer(const std::string& answer, const char* list) {
    Json document = Json::parse(answer, nullptr, false);
    bool fine = document.is_object();
    if (fine && list) {
        const auto found = document.find(list);
        fine = found != document.end() && found->is_array() &&
               std::all_of(found->begin(), found->end(), [](const Json& one) { return one.is_object(); });
    }
    if (!fine)
        return Error(ErrorKind::system, "chaosd's answer is not understood")
            .advise("Do chaos and chaosd come from one installation?");
    return document;
}

Result<Json> fetch(DaemonClient& client, const std::string& target, const char* list) {
    return read_answer(TRY(client.ask("GET", target, {})), list);
}

Result<Json> fetch_as_list(DaemonClient& client, const std::string& target, const char* list) {
    return Json{{list, Json::array({TRY(fetch(client, target))})}};
}

std::string text_in(const Json& object, const char* key) {
    const auto found = object.find(key);
    return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

std::uint64_t number_in(const Json& object, const char* key) {
    const auto found = object.find(key);
    return found != object.end() && found->is_number_unsigned() ? found->get<std::uint64_t>() : 0;
}

} // namespace chaos::cli
