// SPDX-License-Identifier: BSD-3-Clause
// /v1/guests: made, shown, paused, stopped and destroyed.
#include "chaos/daemon/api/api.hpp"
#include "chaos/daemon/api/create_body.hpp"
#include "chaos/daemon/api/error_response.hpp"
#include "chaos/daemon/api/shapes.hpp"
#include "libchaos/json/config_json.hpp"

namespace chaos::daemon::api {
namespace {

using json::Fields;

constexpr std::uint64_t longest_wait_ms = 3'600'000;
constexpr std::uint64_t usual_wait_ms = 60'000;

Result<CreateBody> read_create(const Fields& fields, bool batch) {
    if (batch)
        TRY(fields.has_only({"config", "flavour", "paused", "wait_ms", "count"}));
    else
        TRY(fields.has_only({"config", "flavour", "paused", "wait_ms"}));
    CreateBody body;
    const json::Value* config = fields.find("config");
    if (!config)
        return json::wrong("config is missing");
    body.request.config = TRY(json::read_asked_config(*config, json::Asked::guest));
    body.request.flavour = TRY(fields.text_or_empty("flavour"));
    body.request.paused = TRY(fields.boolean_or("paused", false));
    if (const auto wait_ms = TRY(fields.number_or("wait_ms", 0, 1, longest_wait_ms))) {
        body.request.wait_ready = std::chrono::milliseconds(wait_ms);
        if (body.request.paused)
            return json::wrong(
                "paused and wait_ms exclude each other: a paused guest never says that it is ready");
    }
    if (batch)
        body.count = static_cast<std::uint32_t>(TRY(fields.number("count", 1, most_in_batch)));
    return body;
}

struct Asked {
    Action action{};
    bool force = false;
    std::chrono::milliseconds timeout{usual_wait_ms};
};

Result<Asked> read_action(const Fields& fields) {
    TRY(fields.has_only({"action", "force", "timeout_ms"}));
    constexpr std::pair<std::string_view, Action> actions[] = {{"pause", Action::pause},
                                                               {"unpause", Action::unpause},
                                                               {"shutdown", Action::shutdown},
                                                               {"reboot", Action::reboot},
                                                               {"destroy", Action::destroy}};
    const std::string_view name = TRY(fields.text("action"));
    Asked asked;
    bool known = false;
    for (const auto& [one, action] : actions)
        if (one == name) {
            asked.action = action;
            known = true;
        }
    if (!known)
        return json::wrong("action is none of pause, unpause, shutdown, reboot and destroy");
    asked.force = TRY(fields.boolean_or("force", false));
    asked.timeout =
        std::chrono::milliseconds(TRY(fields.number_or("timeout_ms", usual_wait_ms, 1, longest_wait_ms)));
    return asked;
}

/// A member of the body that is wrong is the caller's mistake; what is wrong in a configuration has its own kind.
Error as_request(Error error) {
    return error.kind() == ErrorKind::system ? std::move(error).as(ErrorKind::invalid_argument)
                                             : std::move(error);
}

} // namespace

Result<CreateBody> read_create_body(const std::string& body, bool batch) {
    const json::Document document = TRY(read_body(body));
    const Fields fields = TRY(Fields::of(document.root(), "the body"));
    auto read = read_create(fields, batch);
    if (!read)
        return as_request(std::move(read).error());
    return read;
}

void Api::list_guests(Call call) {
    if (auto fine = has_only(call.target, {}); !fine)
        return call.fail(fine.error());
    service_.list([call = std::move(call)](Result<std::vector<GuestInfo>> guests) {
        if (!guests)
            return call.fail(guests.error());
        call.answer_json(200, list_json("guests", *guests, false));
    });
}

void Api::create_guest(Call call) {
    auto body = read_create_body(call.body, false);
    if (!body)
        return call.fail(body.error());
    service_.create(std::move(body->request), [this, call = std::move(call)](Result<MadeGuest> made) {
        if (!made) {
            create_metrics_.failed();
            return call.fail(made.error());
        }
        create_metrics_.made(*made);
        if (!call.caller->is_there()) // whoever gave up waiting wants no guest
            return undo(made->guest, [call](Result<void>) {
                call.answer({.status = 204, .body = {}, .allow = {}, .events = {}});
            });
        call.answer_json(201, to_json(*made));
    });
}

void Api::undo(const CreatedGuest& guest, Done<void> done) {
    service_.act(guest.uuid.to_string(), Action::destroy, true, std::chrono::milliseconds(usual_wait_ms),
                 std::move(done));
}

void Api::show_guest(Call call) {
    std::string name = call.names[0];
    service_.find(std::move(name), [call = std::move(call)](Result<GuestInfo> guest) {
        if (!guest)
            return call.fail(guest.error());
        call.answer_json(200, to_json(*guest, true));
    });
}

void Api::act_on_guest(Call call) {
    const auto document = read_body(call.body);
    if (!document)
        return call.fail(document.error());
    auto asked = read_action(*Fields::of(document->root(), "the body"));
    if (!asked)
        return call.fail(as_request(std::move(asked).error()));
    std::string name = call.names[0];
    service_.act(std::move(name), asked->action, asked->force, asked->timeout,
                 [call = std::move(call)](Result<void> done) { call.answer_done(done); });
}

void Api::destroy_guest(Call call) {
    if (auto fine = has_only(call.target, {}); !fine)
        return call.fail(fine.error());
    std::string name = call.names[0];
    service_.act(std::move(name), Action::destroy, false, std::chrono::milliseconds(usual_wait_ms),
                 [call = std::move(call)](Result<void> done) { call.answer_done(done); });
}

} // namespace chaos::daemon::api
