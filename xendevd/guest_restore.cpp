// SPDX-License-Identifier: BSD-3-Clause
// Taking a guest's devices up again from its journal after a restart. What fails is left out and told to the log: the rest
// must live.
#include <fcntl.h>

#include <cerrno>

#include "xendevd/guest.hpp"
#include "xendevd/vbd/vbd.hpp"
#include "xendevd/vif/networks.hpp"

namespace xendevd {

using chaos::Error;
using chaos::ErrorKind;
using chaos::Result;
namespace devices = chaos::devices;

namespace {

Result<chaos::UniqueFd> reopen(const chaos::DiskConfig& disk) {
    const int flags = (disk.read_only ? O_RDONLY : O_RDWR) | (disk.direct ? O_DIRECT : 0) | O_CLOEXEC;
    chaos::UniqueFd image(::open(disk.path.c_str(), flags));
    if (!image.is_open())
        return Error::from_errno("opening " + disk.path, errno);
    wait_for_image(image, disk.read_only);
    return image;
}

} // namespace

void Guest::restore(const std::vector<std::string>& lines) {
    // Only what is there at the end is made: a device that went again must not come back for a moment.
    std::map<Key, devices::AttachVif> vifs;
    std::map<Key, devices::AttachVbd> vbds;
    for (const std::string& line : lines) {
        auto read = devices::decode_request(line);
        if (!read) {
            daemon_.log.error("a line of the journal of domain " + std::to_string(raw(domain_)) +
                              " is no request: " + read.error().story());
            continue;
        }
        if (const auto* attach = std::get_if<devices::AttachRequest>(&*read)) {
            if (attach->console)
                first_console_ = attach->console;
            if (attach->store)
                first_store_ = attach->store;
            for (const auto& vif : attach->vifs)
                vifs[{DeviceType::vif, vif.id}] = vif;
            for (const auto& vbd : attach->vbds)
                vbds[{DeviceType::vbd, vbd.id}] = vbd;
        } else if (const auto* settle = std::get_if<devices::SettleRequest>(&*read)) {
            is_shell_ = false;
            name_ = settle->name;
            uuid_ = settle->next_uuid.value_or(uuid_);
            for (const auto& vif : settle->vifs)
                if (const auto known = vifs.find({DeviceType::vif, vif.id}); known != vifs.end())
                    known->second.config = vif.config;
            for (const auto& vbd : settle->vbds)
                vbds[{DeviceType::vbd, vbd.id}] = vbd;
        } else if (const auto* detach = std::get_if<devices::DetachRequest>(&*read)) {
            vifs.erase({detach->type, detach->id});
            vbds.erase({detach->type, detach->id});
        }
    }
    is_in_journal_ = true;
    const devices::AttachRequest head = first_request();
    const auto tell = [&](Result<void> result) {
        if (!result)
            daemon_.log.error("after the restart: " + std::move(result).error().story());
    };
    if (head.store)
        tell(add_store(*head.store)
                 .while_doing("taking up the store of domain " + std::to_string(raw(domain_))));
    if (head.console)
        tell(add_console(*head.console)
                 .while_doing("taking up the console of domain " + std::to_string(raw(domain_))));
    for (const auto& keyed : vifs) {
        const auto& vif = keyed.second;
        // At once: the worker has not been started yet.
        daemon_.networks->make_ends(domain_, {settings_of(vif)}, [&](Result<std::vector<Bridges::End>> ends) {
            tell(ends ? add_vif(vif, std::move(ends->front())) : Result<void>(std::move(ends).error()));
        });
    }
    for (const auto& [key, vbd] : vbds) {
        auto image = reopen(vbd.config);
        tell(image ? add_vbd(vbd, std::move(*image)) : Result<void>(std::move(image).error()));
    }
    tidy_journal();
}

} // namespace xendevd
