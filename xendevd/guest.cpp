// SPDX-License-Identifier: BSD-3-Clause
// Making and letting go of one guest's devices. Every change is in the journal before it is made.
#include "xendevd/guest.hpp"

#include <nlohmann/json.hpp>

#include "xendevd/vbd/vbd.hpp"
#include "xendevd/vif/networks.hpp"
#include "xendevd/vif/vif.hpp"

namespace xendevd {

using chaos::Error;
using chaos::ErrorKind;
using chaos::Result;
namespace devices = chaos::devices;

namespace {

/// A journal longer than this is written anew; a device's line has a few hundred bytes.
constexpr std::size_t longest_journal = 65536;

std::string stores_in(const std::string& directory) {
    return directory + "/stores";
}

} // namespace

Guest::Guest(Daemon& daemon, const devices::AttachRequest& request, const std::string& directory)
    : daemon_(daemon), domain_(request.domain), uuid_(request.uuid), name_(request.name),
      is_noxs_(request.noxs), is_shell_(request.shell), journal_(directory, request.domain),
      directory_(directory) {}

Guest::~Guest() = default;

std::string Guest::naming(DeviceType type, std::uint32_t id) const {
    return std::string(name_of(type)) + " " + std::to_string(id) + " of guest " +
           (name_.empty() ? std::string("?") : name_) + " (" + std::to_string(raw(domain_)) + ")";
}

/// A request for this guest with nothing in it yet.
devices::AttachRequest Guest::request() const {
    devices::AttachRequest request;
    request.domain = domain_;
    request.uuid = uuid_;
    request.name = name_;
    request.noxs = is_noxs_;
    return request;
}

/// What its journal begins with, were it written now.
devices::AttachRequest Guest::first_request() const {
    devices::AttachRequest head = request();
    head.console = first_console_;
    head.store = first_store_;
    head.shell = is_shell_;
    return head;
}

Result<void> Guest::begin_adding(const devices::AttachRequest& request) {
    for (const devices::AttachVif& vif : request.vifs)
        TRY(expect_none({DeviceType::vif, vif.id}));
    for (const devices::AttachVbd& vbd : request.vbds)
        TRY(expect_none({DeviceType::vbd, vbd.id}));
    TRY(journal_.append(encode(request)));
    ++adding_;
    if (!std::exchange(is_in_journal_, true)) {
        first_console_ = request.console;
        first_store_ = request.store;
    }
    return {};
}

Result<void> Guest::add(const devices::AttachRequest& request, std::vector<chaos::UniqueFd> images,
                        std::vector<Bridges::End> ends) {
    const bool had_console = console_ != nullptr, had_store = store_ != nullptr;
    std::vector<Key> added;
    auto result = add_all(request, std::move(images), ends, added);
    if (result) {
        --adding_;
        return {};
    }
    for (Bridges::End& end : ends) // those that no vif came to have
        daemon_.networks->give_back(std::move(end));
    for (const auto& [type, id] : added)
        remove(type, id, true, {}, [](const Result<void>&) {});
    if (!had_console) {
        console_.reset();
        console_grant_.reset();
    }
    if (!had_store && store_) {
        Journal(stores_in(directory_), domain_).remove();
        store_.reset();
    }
    give_up(request);
    return result;
}

void Guest::give_up(const devices::AttachRequest& request) {
    --adding_;
    // Those that were never made are in the journal too, but one that was there before stays.
    for (const devices::AttachVif& vif : request.vifs)
        write_removal({DeviceType::vif, vif.id});
    for (const devices::AttachVbd& vbd : request.vbds)
        write_removal({DeviceType::vbd, vbd.id});
}

Result<void> Guest::add_all(const devices::AttachRequest& request, std::vector<chaos::UniqueFd> images,
                            std::vector<Bridges::End>& ends, std::vector<Key>& added) {
    if (request.store)
        TRY(add_store(*request.store));
    if (request.console)
        TRY(add_console(*request.console));
    for (std::size_t index = 0; index < request.vifs.size(); ++index) {
        TRY(add_vif(request.vifs[index], std::move(ends[index])));
        added.emplace_back(DeviceType::vif, request.vifs[index].id);
    }
    for (std::size_t index = 0; index < request.vbds.size(); ++index) {
        TRY(add_vbd(request.vbds[index], std::move(images[index])));
        added.emplace_back(DeviceType::vbd, request.vbds[index].id);
    }
    return {};
}

Result<void> Guest::add_console(const devices::DeviceEnd& end) {
    if (console_)
        return Error(ErrorKind::invalid_argument, "it has a console already");
    console_ = TRY(make_console(daemon_, domain_, name_, end.port, end.grant, is_shell_));
    console_grant_ = end.grant;
    return {};
}

Result<void> Guest::add_store(const devices::AttachStore& spec) {
    if (store_)
        return Error(ErrorKind::invalid_argument, "it has a store already");
    StoreSettings settings;
    settings.domain = domain_;
    settings.uuid = uuid_;
    settings.name = name_;
    settings.port = spec.end.port;
    settings.grant = spec.end.grant;
    settings.vcpus = spec.vcpus;
    settings.memory_kib = spec.memory_kib;
    store_ = TRY(make_store(daemon_, settings, store_journal(Journal(stores_in(directory_), domain_))));
    return {};
}

Result<void> Guest::expect_none(Key key) const {
    if (devices_.contains(key))
        return Error(ErrorKind::name_taken, naming(key.first, key.second) + " is there already");
    return {};
}

VifSettings settings_of(const devices::AttachVif& vif) {
    VifSettings settings;
    settings.id = vif.id;
    settings.mac = *vif.config.mac;
    settings.bridge = vif.config.bridge;
    settings.vlan = vif.config.vlan;
    settings.device_name = vif.config.device_name;
    settings.mtu = vif.config.mtu == 0 ? std::uint16_t{1500} : vif.config.mtu;
    settings.rate = vif.config.rate;
    return settings;
}

Result<void> Guest::add_vif(const devices::AttachVif& vif, Bridges::End end) {
    const Key key{DeviceType::vif, vif.id};
    VifSettings settings = settings_of(vif);
    settings.name = naming(key.first, key.second);
    auto backend = TRY(make_vif(daemon_, std::move(end), settings).while_doing("making " + settings.name));
    TRY(expect_none(key));
    Device device;
    if (is_noxs_)
        TRY(open_door(device, key, vif.end, std::move(backend)));
    else {
        Store* store = TRY(store_for(key));
        TRY(store->add_vif({vif.id, settings.mac, settings.mtu}, std::move(backend)));
    }
    devices::AttachRequest line = request();
    line.vifs.push_back(vif);
    device.line = encode(line);
    devices_[key] = std::move(device);
    return {};
}

Result<void> Guest::add_vbd(const devices::AttachVbd& vbd, chaos::UniqueFd image) {
    const Key key{DeviceType::vbd, vbd.id};
    TRY(expect_none(key));
    VbdSettings settings;
    settings.id = vbd.id;
    settings.device_name = vbd.config.device_name;
    settings.path = vbd.config.path;
    settings.read_only = vbd.config.read_only;
    settings.direct = vbd.config.direct;
    settings.discard = vbd.config.discard;
    settings.sectors = vbd.sectors;
    settings.sector_size = vbd.sector_size;
    settings.rate = vbd.config.rate;
    auto backend = TRY(make_vbd(daemon_, domain_, settings, std::move(image))
                           .while_doing("making " + naming(key.first, key.second)));
    Device device;
    if (is_noxs_)
        TRY(open_door(device, key, vbd.end, std::move(backend)));
    else {
        Store* store = TRY(store_for(key));
        TRY(store->add_vbd(
            {vbd.id, settings.device_name, settings.sectors, settings.sector_size, settings.read_only},
            std::move(backend)));
    }
    devices::AttachRequest line = request();
    line.vbds.push_back(vbd);
    device.line = encode(line);
    devices_[key] = std::move(device);
    return {};
}

Result<void> Guest::open_door(Device& device, Key key, const devices::DeviceEnd& end,
                              std::unique_ptr<Backend> backend) {
    device.door = TRY(NoxsDoor::open(daemon_, naming(key.first, key.second), domain_, end.port, end.grant,
                                     std::move(backend), is_shell_));
    device.grant = end.grant;
    return {};
}

Result<Store*> Guest::store_for(Key key) {
    if (!store_)
        return Error(ErrorKind::invalid_argument,
                     naming(key.first, key.second) +
                         " has no place: its guest neither speaks noxs nor has a store");
    return store_.get();
}

void Guest::remove(DeviceType type, std::uint32_t id, bool force, std::chrono::milliseconds timeout,
                   Removed removed) {
    const Key key{type, id};
    if (const auto former = leaving_.extract(key))
        former.mapped()(
            Error(ErrorKind::interrupted, naming(type, id) + " is being removed by another request"));
    leaving_[key] = std::move(removed);
    auto done = [this, key](Result<void> result) {
        const auto waiting = leaving_.extract(key);
        if (result)
            drop(key);
        waiting.mapped()(std::move(result));
    };
    if (NoxsDoor* door = devices_.at(key).door.get())
        return door->remove(force, timeout, std::move(done));
    store_->remove(store_device(type), id, force, timeout, std::move(done));
}

/// The device is gone: so is what was kept of it.
void Guest::drop(Key key) {
    devices_.erase(key);
    write_removal(key);
    tidy_journal();
}

void Guest::give_up(DeviceType type, std::uint32_t id) {
    if (adding_ != 0)
        return; // it may be what is being made just now
    write_removal({type, id});
    tidy_journal();
}

void Guest::write_removal(Key key) {
    if (devices_.contains(key))
        return;
    devices::DetachRequest removal;
    removal.domain = domain_;
    removal.type = key.first;
    removal.id = key.second;
    if (auto written = journal_.append(encode(devices::Request(removal))); !written)
        daemon_.log.error(written.error().story());
}

void Guest::tidy_journal() {
    if (journal_.size() <= longest_journal)
        return;
    std::vector<std::string> lines{encode(first_request())};
    for (const auto& [key, device] : devices_)
        lines.push_back(device.line);
    if (auto written = journal_.replace(lines); !written)
        daemon_.log.error(written.error().story());
}

void Guest::forget() {
    remove_journals(directory_, domain_);
    store_.reset();
    devices_.clear();
    console_.reset();
    for (auto& [key, removed] : std::exchange(leaving_, {}))
        removed({}); // gone it is
}

void Guest::remove_journals(const std::string& directory, chaos::DomainId domain) {
    Journal(directory, domain).remove();
    Journal(stores_in(directory), domain).remove();
}

std::optional<chaos::GrantReference> Guest::sign_of_life() const {
    if (console_grant_)
        return console_grant_;
    // It was made without xendevd, and got devices later.
    for (const auto& [key, device] : devices_)
        if (device.door)
            return device.grant;
    return std::nullopt;
}

} // namespace xendevd
