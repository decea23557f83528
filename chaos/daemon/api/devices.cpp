// SPDX-License-Identifier: BSD-3-Clause
// /v1/guests/{guest}/devices, vifs and disks: what a guest has, plugged in and out while it runs.
#include "chaos/daemon/api/api.hpp"
#include "chaos/daemon/api/shapes.hpp"
#include "libchaos/json/config_json.hpp"

namespace chaos::daemon::api {
namespace {

/// Answers a device that was attached.
Done<std::uint32_t> with_id(Call call) {
    return [call = std::move(call)](Result<std::uint32_t> id) {
        if (!id)
            return call.fail(id.error());
        call.answer_json(201, "{\"id\":" + std::to_string(*id) + "}");
    };
}

void detach(Service& service, Call call, devices::DeviceType type) {
    auto fine = has_only(call.target, {"force"});
    if (!fine)
        return call.fail(fine.error());
    const auto force = flag(call.target, "force");
    if (!force)
        return call.fail(force.error());
    std::string guest = call.names[0];
    std::string device = call.names[1];
    service.detach(std::move(guest), type, std::move(device), *force,
                   [call = std::move(call)](Result<void> done) { call.answer_done(done); });
}

} // namespace

void Api::list_devices(Call call) {
    std::string name = call.names[0];
    // Asked for by name first: one without devices is there, one that is not is an error.
    service_.find(std::move(name), [this, call = std::move(call)](Result<GuestInfo> found) {
        if (!found)
            return call.fail(found.error());
        std::string id = std::to_string(raw(found->domain.id));
        service_.devices(std::move(id),
                         [call, info = std::move(*found)](Result<std::vector<devices::GuestStatus>> guests) {
                             if (!guests)
                                 return call.fail(guests.error());
                             devices::GuestStatus status;
                             if (!guests->empty())
                                 status = std::move(guests->front());
                             status.domain = info.domain.id;
                             status.uuid = Uuid{info.domain.handle}.to_string();
                             status.name = info.name();
                             call.answer_json(200, to_json(status));
                         });
    });
}

void Api::attach_vif(Call call) {
    const auto document = read_body(call.body);
    if (!document)
        return call.fail(document.error());
    auto vif = json::read_asked_vif(document->root());
    if (!vif)
        return call.fail(vif.error());
    std::string name = call.names[0];
    service_.attach_vif(std::move(name), std::move(*vif), with_id(std::move(call)));
}

void Api::attach_disk(Call call) {
    const auto document = read_body(call.body);
    if (!document)
        return call.fail(document.error());
    auto disk = json::read_asked_disk(document->root());
    if (!disk)
        return call.fail(disk.error());
    std::string name = call.names[0];
    service_.attach_disk(std::move(name), std::move(*disk), with_id(std::move(call)));
}

void Api::detach_vif(Call call) {
    detach(service_, std::move(call), devices::DeviceType::vif);
}

void Api::detach_disk(Call call) {
    detach(service_, std::move(call), devices::DeviceType::vbd);
}

} // namespace chaos::daemon::api
