// SPDX-License-Identifier: BSD-3-Clause
// A shell becomes a guest. First comes all that can fail and changes nothing yet, then the journal's line, then the rest.
#include "xendevd/guest.hpp"
#include "xendevd/vif/vif.hpp"

namespace xendevd {

using chaos::Error;
using chaos::ErrorKind;
using chaos::Result;
namespace devices = chaos::devices;

namespace {

devices::AttachVif attach_of(const devices::SettleVif& vif, const devices::DeviceEnd& end) {
    return {vif.id, end, vif.config};
}

} // namespace

/// What makes the vifs what they are to be. Disks are made at once; nothing looks at them as long as this is a shell.
Result<std::vector<std::function<void()>>> Guest::get_hold_of(const devices::SettleRequest& request,
                                                              std::vector<chaos::UniqueFd> images,
                                                              std::vector<Key>& added) {
    std::vector<std::function<void()>> changes;
    for (const devices::SettleVif& vif : request.vifs) {
        const auto device = devices_.find({DeviceType::vif, vif.id});
        if (device == devices_.end() || !device->second.door || leaving_.contains(device->first))
            return Error(ErrorKind::not_found, "there is no " + naming(DeviceType::vif, vif.id));
        devices::AttachRequest line = this->request();
        line.vifs.push_back(attach_of(vif, {device->second.door->guest_end().port, device->second.grant}));
        VifSettings settings = settings_of(line.vifs.front());
        settings.name = naming(DeviceType::vif, vif.id);
        changes.push_back(TRY(device->second.door->backend().settle(settings)));
        changes.emplace_back([&kept = device->second.line, text = encode(line)] { kept = text; });
    }
    for (std::size_t index = 0; index < request.vbds.size(); ++index) {
        TRY(add_vbd(request.vbds[index], std::move(images[index])));
        added.emplace_back(DeviceType::vbd, request.vbds[index].id);
    }
    return changes;
}

Result<void> Guest::settle(const devices::SettleRequest& request, std::vector<chaos::UniqueFd> images) {
    if (!is_shell_ || adding_ != 0)
        return Error(ErrorKind::invalid_argument,
                     "domain " + std::to_string(raw(domain_)) + " is not a shell that waits for its guest");
    const std::string former_name = std::exchange(name_, request.name);
    const chaos::Uuid former_uuid = std::exchange(uuid_, request.next_uuid.value_or(uuid_));
    std::vector<Key> added;
    auto changes = get_hold_of(request, std::move(images), added);
    auto written = changes ? journal_.append(encode(request)) : Result<void>(std::move(changes).error());
    if (!written) {
        for (const Key& key : added)
            devices_.erase(key);
        name_ = former_name;
        uuid_ = former_uuid;
        return written;
    }
    is_shell_ = false;
    for (const auto& change : *changes)
        change();
    for (const auto& [key, device] : devices_)
        if (device.door)
            device.door->release(naming(key.first, key.second));
    if (console_)
        console_->release(name_);
    return {};
}

} // namespace xendevd
