// SPDX-License-Identifier: BSD-3-Clause
// /v1/pools: how many shells of a flavour are kept ready.
#include "chaos/daemon/api/api.hpp"
#include "chaos/daemon/api/shapes.hpp"
#include "libchaos/config/text.hpp"
#include "libchaos/json/fields.hpp"

namespace chaos::daemon::api {
namespace {

constexpr std::uint32_t most_shells = 32'751; // Xen has no more domain ids
constexpr double most_per_second = 1e6;

Result<PoolSpec> read_pool(const std::string& body) {
    const json::Document document = TRY(read_body(body));
    const auto read = [&]() -> Result<PoolSpec> {
        const json::Fields fields = TRY(json::Fields::of(document.root(), "the body"));
        TRY(fields.has_only({"min", "max", "per_second"}));
        PoolSpec spec;
        spec.max = static_cast<std::uint32_t>(TRY(fields.number("max", 0, most_shells)));
        spec.min = static_cast<std::uint32_t>(TRY(fields.number_or("min", 0, 0, spec.max)));
        if (const json::Value* rate = fields.find("per_second")) {
            if (!rate->is_number() || !(rate->real() >= 0) || rate->real() > most_per_second)
                return json::wrong("per_second is not a number from 0 to 1000000");
            spec.per_second = rate->real();
        }
        return spec;
    };
    auto spec = read();
    if (!spec && spec.error().kind() == ErrorKind::system)
        return std::move(spec).error().as(ErrorKind::invalid_argument);
    return spec;
}

} // namespace

void Api::list_pools(Call call) {
    call.answer_json(200, list_json("pools", service_.pools()));
}

void Api::show_pool(Call call) {
    for (const PoolStatus& pool : service_.pools())
        if (pool.flavour == call.names[0])
            return call.answer_json(200, to_json(pool));
    call.fail(Error(ErrorKind::not_found, "there is no pool of flavour " + config::in_quotes(call.names[0])));
}

void Api::put_pool(Call call) {
    const auto spec = read_pool(call.body);
    if (!spec)
        return call.fail(spec.error());
    call.answer_done(service_.put_pool(call.names[0], *spec));
}

void Api::delete_pool(Call call) {
    call.answer_done(service_.delete_pool(call.names[0]));
}

void Api::drain_pool(Call call) {
    call.answer_done(service_.drain_pool(call.names[0]));
}

} // namespace chaos::daemon::api
