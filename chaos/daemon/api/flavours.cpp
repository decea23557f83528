// SPDX-License-Identifier: BSD-3-Clause
// /v1/flavours: what guests of one kind have in common.
#include "chaos/daemon/api/api.hpp"
#include "chaos/daemon/api/shapes.hpp"
#include "libchaos/config/text.hpp"
#include "libchaos/json/config_json.hpp"

namespace chaos::daemon::api {
namespace {

Result<FlavourSpec> read_flavour(const std::string& name, const std::string& body) {
    TRY(check_guest_name(name));
    const json::Document document = TRY(read_body(body));
    const auto read = [&]() -> Result<FlavourSpec> {
        const json::Fields fields = TRY(json::Fields::of(document.root(), "the body"));
        TRY(fields.has_only({"name", "shape", "disks"})); // a name, so that what was shown can be put back
        if (fields.find("name") && TRY(fields.text("name")) != name)
            return json::wrong("name is not that of the path");
        FlavourSpec flavour;
        flavour.name = name;
        const json::Value* shape = fields.find("shape");
        if (!shape)
            return json::wrong("shape is missing");
        flavour.shape = TRY(json::read_asked_config(*shape, json::Asked::shape));
        flavour.disks = static_cast<std::uint32_t>(
            TRY(fields.number_or("disks", 0, 0, most_devices - flavour.shape.vifs.size())));
        return flavour;
    };
    auto flavour = read();
    if (!flavour && flavour.error().kind() == ErrorKind::system)
        return std::move(flavour).error().as(ErrorKind::invalid_argument);
    return flavour;
}

} // namespace

void Api::list_flavours(Call call) {
    call.answer_json(200, list_json("flavours", service_.flavours()));
}

void Api::show_flavour(Call call) {
    for (const FlavourSpec& flavour : service_.flavours())
        if (flavour.name == call.names[0])
            return call.answer_json(200, to_json(flavour));
    call.fail(Error(ErrorKind::not_found, "there is no flavour " + config::in_quotes(call.names[0])));
}

void Api::put_flavour(Call call) {
    auto flavour = read_flavour(call.names[0], call.body);
    if (!flavour)
        return call.fail(flavour.error());
    call.answer_done(service_.put_flavour(std::move(*flavour)));
}

void Api::delete_flavour(Call call) {
    call.answer_done(service_.delete_flavour(call.names[0]));
}

} // namespace chaos::daemon::api
