// SPDX-License-Identifier: BSD-3-Clause
// From a target to its resource, and from a method to what it does there.
#include "chaos/daemon/api/api.hpp"
#include "chaos/daemon/api/error_response.hpp"
#include "libchaos/config/text.hpp"

namespace chaos::daemon::api {

const Api::Route Api::routes[] = {
    {"/v1/guests", &Api::list_guests, &Api::create_guest, nullptr, nullptr},
    {"/v1/guests/batch", nullptr, &Api::create_batch, nullptr, nullptr},
    {"/v1/guests/{}", &Api::show_guest, nullptr, nullptr, &Api::destroy_guest},
    {"/v1/guests/{}/actions", nullptr, &Api::act_on_guest, nullptr, nullptr},
    {"/v1/guests/{}/devices", &Api::list_devices, nullptr, nullptr, nullptr},
    {"/v1/guests/{}/vifs", nullptr, &Api::attach_vif, nullptr, nullptr},
    {"/v1/guests/{}/vifs/{}", nullptr, nullptr, nullptr, &Api::detach_vif},
    {"/v1/guests/{}/disks", nullptr, &Api::attach_disk, nullptr, nullptr},
    {"/v1/guests/{}/disks/{}", nullptr, nullptr, nullptr, &Api::detach_disk},
    {"/v1/flavours", &Api::list_flavours, nullptr, nullptr, nullptr},
    {"/v1/flavours/{}", &Api::show_flavour, nullptr, &Api::put_flavour, &Api::delete_flavour},
    {"/v1/pools", &Api::list_pools, nullptr, nullptr, nullptr},
    {"/v1/pools/{}", &Api::show_pool, nullptr, &Api::put_pool, &Api::delete_pool},
    {"/v1/pools/{}/drain", nullptr, &Api::drain_pool, nullptr, nullptr},
    {"/v1/host", &Api::show_host, nullptr, nullptr, nullptr},
    {"/v1/events", &Api::follow_events, nullptr, nullptr, nullptr},
    {"/v1/openapi.yaml", &Api::show_description, nullptr, nullptr, nullptr},
    {"/metrics", &Api::show_metrics, nullptr, nullptr, nullptr},
};

namespace {

/// Whether the path is that of the pattern; then `names` has what stands in its places.
bool matches(std::string_view pattern, const std::vector<std::string>& path,
             std::vector<std::string>& names) {
    names.clear();
    std::size_t at = 0;
    while (!pattern.empty()) {
        pattern.remove_prefix(1); // its slash
        const std::string_view part = pattern.substr(0, pattern.find('/'));
        pattern.remove_prefix(part.size());
        if (at == path.size())
            return false;
        if (part == "{}")
            names.push_back(path[at]);
        else if (part != path[at])
            return false;
        ++at;
    }
    return at == path.size();
}

} // namespace

const Api::Route* Api::find_route(Call& call) {
    for (const Route& route : routes)
        if (matches(route.path, call.target.path, call.names))
            return &route;
    return nullptr;
}

void Api::handle(Request request, std::shared_ptr<Caller> caller) {
    Call call{{}, {}, std::move(request.body), std::move(caller)};
    if (request.method == Method::options && request.target == "*") {
        Response response{
            .status = 204, .body = {}, .allow = "GET, HEAD, POST, PUT, DELETE, OPTIONS", .events = {}};
        return call.answer(std::move(response));
    }
    auto target = parse_target(request.target);
    if (!target)
        return call.fail(target.error());
    call.target = std::move(*target);
    const Route* route = find_route(call);
    if (!route)
        return call.fail(Error(ErrorKind::not_found,
                               "there is no resource " + config::in_quotes(request.target.substr(0, 100)))
                             .advise("GET /v1/openapi.yaml describes all that there are."));
    Handler handler = nullptr;
    switch (request.method) {
    case Method::get:
    case Method::head:
        handler = route->get;
        break;
    case Method::post:
        handler = route->post;
        break;
    case Method::put:
        handler = route->put;
        break;
    case Method::remove:
        handler = route->remove;
        break;
    case Method::options:
    case Method::other:
        break;
    }
    if (handler)
        return (this->*handler)(std::move(call));

    std::string allow = route->get ? "GET, HEAD" : "";
    for (const auto& [one, name] :
         {std::pair{route->post, "POST"}, {route->put, "PUT"}, {route->remove, "DELETE"}})
        if (one)
            allow += (allow.empty() ? "" : ", ") + std::string(name);
    allow += ", OPTIONS";
    Response response;
    if (request.method == Method::options)
        response.status = 204;
    else
        response = error_response(
            request.method == Method::other ? 501 : 405,
            Error(ErrorKind::invalid_argument, "this resource does not have that method; it has " + allow));
    response.allow = std::move(allow);
    call.answer(std::move(response));
}

void Call::fail(const Error& error) const {
    answer(error_response(error));
}

void Call::answer_json(unsigned status, std::string json) const {
    Response response;
    response.status = status;
    response.body = std::move(json);
    answer(std::move(response));
}

void Call::answer_done(const Result<void>& done) const {
    if (!done)
        return fail(done.error());
    Response response;
    response.status = 204;
    answer(std::move(response));
}

Result<json::Document> read_body(const std::string& body) {
    constexpr unsigned deepest = 16; // no request needs more
    const auto wrong = [](const char* what) { return Error(ErrorKind::invalid_argument, what); };
    if (body.empty())
        return wrong("the request has no body; a JSON object was expected");
    json::Document document(body, deepest);
    if (document.failure() == json::Document::Failure::too_deep)
        return wrong("the request's body is nested too deeply");
    if (!document.is_json())
        return wrong("the request's body is not JSON");
    if (!document.root().is_object())
        return wrong("the request's body is not a JSON object");
    return document;
}

} // namespace chaos::daemon::api
