// SPDX-License-Identifier: BSD-3-Clause
// Apart from the client, which needs no JSON where all goes well.
#include "chaos/daemon_error.hpp"

#include <nlohmann/json.hpp>

#include "libchaos/devices/error_names.hpp"

namespace chaos::cli {

Error error_of_daemon(std::string_view answer) {
    const auto document = nlohmann::json::parse(answer.begin(), answer.end(), nullptr, false);
    const auto text = [&](const char* key) -> std::string {
        if (!document.is_object() || !document.contains("error") || !document["error"].is_object())
            return {};
        const auto found = document["error"].find(key);
        return found != document["error"].end() && found->is_string() ? found->get<std::string>()
                                                                      : std::string();
    };
    const std::string message = text("message");
    if (message.empty())
        return Error(ErrorKind::system, "chaosd has failed and does not say why");
    Error error(devices::error_kind(text("kind")).value_or(ErrorKind::system), message);
    const std::string advice = text("advice");
    return advice.empty() ? error : std::move(error).advise(advice);
}

} // namespace chaos::cli
