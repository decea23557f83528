// SPDX-License-Identifier: BSD-3-Clause
// Apart from the client, which needs no JSON where all goes well.
#include "chaos/daemon_error.hpp"

#include "libchaos/devices/error_names.hpp"
#include "libchaos/json/document.hpp"

namespace chaos::cli {

Error error_of_daemon(std::string_view answer) {
    const json::Document document(answer);
    const json::Value* told = document.root().find("error");
    const auto text = [&](const char* key) -> std::string {
        const json::Value* found = told ? told->find(key) : nullptr;
        return found && found->is_string() ? std::string(found->text()) : std::string();
    };
    const std::string message = text("message");
    if (message.empty())
        return Error(ErrorKind::system, "chaosd has failed and does not say why");
    Error error(devices::error_kind(text("kind")).value_or(ErrorKind::system), message);
    const std::string advice = text("advice");
    return advice.empty() ? error : std::move(error).advise(advice);
}

} // namespace chaos::cli
