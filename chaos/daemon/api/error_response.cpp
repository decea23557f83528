// SPDX-License-Identifier: BSD-3-Clause
// The one shape of all failures.
#include "chaos/daemon/api/error_response.hpp"

#include "libchaos/devices/error_names.hpp"
#include "libchaos/json/writer.hpp"

namespace chaos::daemon::api {

unsigned status_of(ErrorKind kind) {
    switch (kind) {
    case ErrorKind::system:
        return 500;
    case ErrorKind::invalid_argument:
        return 400;
    case ErrorKind::invalid_config:
    case ErrorKind::invalid_image:
        return 422;
    case ErrorKind::not_found:
        return 404;
    case ErrorKind::name_taken:
        return 409;
    case ErrorKind::not_permitted:
        return 403;
    case ErrorKind::not_on_xen:
    case ErrorKind::wrong_version:
    case ErrorKind::interrupted:
        return 503;
    case ErrorKind::out_of_memory:
        return 507;
    case ErrorKind::guest_failed:
        return 502;
    case ErrorKind::timed_out:
        return 504;
    }
    return 500;
}

Response error_response(unsigned status, const Error& error) {
    const std::string story = error.story();
    json::Writer writer(128 + 2 * story.size() + error.advice().size());
    writer.open('{');
    writer.key("error");
    writer.open('{');
    writer.member("kind", devices::name_of(error.kind()));
    writer.text("message", story);
    if (!error.advice().empty())
        writer.text("advice", error.advice());
    writer.close('}');
    writer.text("fault_message", story);
    writer.close('}');
    Response response;
    response.status = status;
    response.body = std::move(writer).finish();
    return response;
}

Response error_response(const Error& error) {
    return error_response(status_of(error.kind()), error);
}

} // namespace chaos::daemon::api
