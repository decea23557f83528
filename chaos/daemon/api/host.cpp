// SPDX-License-Identifier: BSD-3-Clause
// /v1/host, and the description of the API itself.
#include "chaos/daemon/api/api.hpp"
#include "chaos/daemon/api/shapes.hpp"

/// openapi.yaml, put in by the assembler.
extern "C" const char chaosd_openapi_begin[];
extern "C" const char chaosd_openapi_end[];
asm(R"(
    .pushsection .rodata
    .global chaosd_openapi_begin
    .global chaosd_openapi_end
chaosd_openapi_begin:
    .incbin ")" CHAOSD_OPENAPI R"("
chaosd_openapi_end:
    .popsection
)");

namespace chaos::daemon::api {

void Api::show_host(Call call) {
    const auto host = service_.host();
    if (!host)
        return call.fail(host.error());
    call.answer_json(200, to_json(*host));
}

void Api::show_description(Call call) {
    Response response;
    response.content_type = "application/yaml";
    response.body.assign(chaosd_openapi_begin, chaosd_openapi_end);
    call.answer(std::move(response));
}

} // namespace chaos::daemon::api
