// SPDX-License-Identifier: BSD-3-Clause
// Does what the engine is asked to, without a hypervisor.
#include "fake_service.hpp"

#include "libchaos/devices/error_names.hpp"

namespace chaos::test {

using namespace daemon;

void FakeService::soon(std::function<void()> answer) {
    if (slow)
        waiting_.push_back(std::move(answer));
    else
        answer();
}

void FakeService::run() {
    for (std::size_t count = waiting_.size(); count > 0; --count) {
        const auto answer = std::move(waiting_.front());
        waiting_.pop_front();
        answer();
    }
}

std::vector<std::string> FakeService::names() const {
    std::vector<std::string> names;
    for (const auto& [id, guest] : guests_)
        names.push_back(guest.name());
    return names;
}

Result<GuestInfo*> FakeService::look_up(const std::string& guest) {
    for (auto& [id, info] : guests_)
        if (info.name() == guest || std::to_string(id) == guest || info.record->uuid.to_string() == guest)
            return &info;
    return Error(ErrorKind::not_found, "no guest is called '" + guest + "'")
        .advise("'chaos list' lists them.");
}

Result<MadeGuest> FakeService::make(const CreateRequest& request) {
    const std::string& name = request.config.name;
    if (name.starts_with("fail-")) {
        const auto kind = devices::error_kind(name.substr(5, name.find("--") - 5));
        return Error(kind.value_or(ErrorKind::system), "it was asked to fail with \xff\"quotes\"")
            .while_doing("creating guest " + name)
            .advise("Ask for another one.");
    }
    if (look_up(name))
        return Error(ErrorKind::name_taken, "a guest named " + name + " exists");
    if (!request.flavour.empty() && !flavours_.contains(request.flavour))
        return Error(ErrorKind::not_found, "there is no flavour " + request.flavour);
    const std::uint16_t id = ++last_id_;
    GuestInfo info;
    info.domain.id = DomainId{id};
    info.record.emplace();
    info.record->id = DomainId{id};
    info.record->uuid = request.config.uuid.value_or(Uuid::random());
    info.record->config = request.config;
    info.record->created_unix_ms = 1'790'000'000'000;
    info.domain.handle = info.record->uuid.bytes;
    info.domain.paused = request.paused;
    info.domain.pvh = request.config.type == GuestType::pvh;
    info.domain.memory_kib = request.config.memory_kib;
    info.domain.vcpus = request.config.vcpus;
    MadeGuest made;
    made.guest = {DomainId{id}, info.record->uuid, name, {0, 700, request.wait_ready ? 900u : 0u}};
    made.hit = pools_.contains(request.flavour);
    made.pool = made.hit ? request.flavour : "";
    made.guest.times.prepare_us = made.hit ? 0 : 1500;
    made.queued_us = 10;
    made.total_us = 720;
    guests_[id] = info;
    events_.tell(
        {EventKind::created, 1'790'000'000'000, name, DomainId{id}, info.record->uuid, made.pool, {}});
    return made;
}

void FakeService::create(CreateRequest request, Done<MadeGuest> done) {
    asked.push_back("create " + request.config.name);
    last_create = request;
    soon([this, request = std::move(request), done = std::move(done)] { done(make(request)); });
}

void FakeService::list(Done<std::vector<GuestInfo>> done) {
    std::vector<GuestInfo> all;
    for (const auto& [id, guest] : guests_)
        all.push_back(guest);
    soon([all = std::move(all), done = std::move(done)] { done(all); });
}

void FakeService::find(std::string guest, Done<GuestInfo> done) {
    soon([this, guest = std::move(guest), done = std::move(done)] {
        const auto found = look_up(guest);
        if (found)
            done(**found);
        else
            done(found.error());
    });
}

void FakeService::act(std::string guest, Action action, bool force, std::chrono::milliseconds timeout,
                      Done<void> done) {
    constexpr const char* words[] = {"pause", "unpause", "shutdown", "reboot", "destroy"};
    asked.push_back(std::string(words[static_cast<int>(action)]) + (force ? " -F " : " ") + guest + " " +
                    std::to_string(timeout.count()));
    soon([this, guest = std::move(guest), action, done = std::move(done)] {
        const auto found = look_up(guest);
        if (!found)
            return done(found.error());
        if (action == Action::pause || action == Action::unpause)
            (*found)->domain.paused = action == Action::pause;
        if (action == Action::destroy) {
            ++destroyed;
            Event event{
                EventKind::destroyed, 1'790'000'000'001, (*found)->name(), (*found)->domain.id, {}, {}, {}};
            guests_.erase(raw((*found)->domain.id));
            events_.tell(event);
        }
        done({});
    });
}

void FakeService::attach_vif(std::string guest, VifConfig vif, Done<std::uint32_t> done) {
    const auto found = look_up(guest);
    if (!found)
        return done(found.error());
    auto& vifs = (*found)->record->vifs;
    vif.mac = vif.mac.value_or(MacAddress{0, 0x16, 0x3e, 0, 0, 1});
    vifs.push_back({static_cast<std::uint16_t>(vifs.size()), {}, vif});
    done(vifs.back().id);
}

void FakeService::attach_disk(std::string guest, DiskConfig disk, Done<std::uint32_t> done) {
    const auto found = look_up(guest);
    if (!found)
        return done(found.error());
    auto& disks = (*found)->record->disks;
    disks.push_back({static_cast<std::uint32_t>(disks.size()), {}, disk});
    done(disks.back().id);
}

void FakeService::detach(std::string guest, devices::DeviceType type, std::string device, bool force,
                         Done<void> done) {
    asked.push_back("detach " + std::string(name_of(type)) + " " + device + (force ? " -F" : ""));
    const auto found = look_up(guest);
    if (!found)
        return done(found.error());
    if (device != "0")
        return done(Error(ErrorKind::not_found, "guest " + guest + " has no device " + device));
    (*found)->record->vifs.clear();
    (*found)->record->disks.clear();
    done({});
}

void FakeService::devices(std::string guest, Done<std::vector<devices::GuestStatus>> done) {
    std::vector<devices::GuestStatus> all;
    for (const auto& [id, info] : guests_) {
        if (!guest.empty() && guest != std::to_string(id))
            continue;
        devices::GuestStatus status;
        status.domain = DomainId{id};
        status.uuid = info.record->uuid.to_string();
        status.name = info.name();
        status.console = true;
        for (const VifRecord& vif : info.record->vifs)
            status.devices.push_back({"vif",
                                      vif.id,
                                      "connected",
                                      {1, 2, 3, 4, 5, 6, 7},
                                      {{"bridge", "xen\"br0"}, {"mtu", std::uint64_t{1500}}, {"own", true}}});
        all.push_back(std::move(status));
    }
    soon([all = std::move(all), done = std::move(done)] { done(all); });
}

std::vector<FlavourSpec> FakeService::flavours() const {
    std::vector<FlavourSpec> all;
    for (const auto& [name, flavour] : flavours_)
        all.push_back(flavour);
    return all;
}

Result<void> FakeService::put_flavour(FlavourSpec flavour) {
    flavours_[flavour.name] = std::move(flavour);
    return {};
}

Result<void> FakeService::delete_flavour(const std::string& name) {
    if (pools_.contains(name))
        return Error(ErrorKind::invalid_argument, "a pool uses flavour " + name);
    if (flavours_.erase(name) == 0)
        return Error(ErrorKind::not_found, "there is no flavour " + name);
    return {};
}

std::vector<PoolStatus> FakeService::pools() const {
    std::vector<PoolStatus> all;
    for (const auto& [name, pool] : pools_)
        all.push_back(pool);
    return all;
}

Result<void> FakeService::put_pool(const std::string& flavour, PoolSpec spec) {
    if (!flavours_.contains(flavour))
        return Error(ErrorKind::not_found, "there is no flavour " + flavour);
    PoolStatus& pool = pools_[flavour];
    pool.flavour = flavour;
    pool.spec = spec;
    pool.depth = spec.max;
    pool.draining = false;
    events_.tell({EventKind::pool_changed, 1'790'000'000'002, {}, {}, {}, flavour, {}});
    return {};
}

Result<void> FakeService::drain_pool(const std::string& flavour) {
    const auto pool = pools_.find(flavour);
    if (pool == pools_.end())
        return Error(ErrorKind::not_found, "there is no pool of flavour " + flavour);
    pool->second.draining = true;
    pool->second.depth = 0;
    return {};
}

Result<void> FakeService::delete_pool(const std::string& flavour) {
    if (pools_.erase(flavour) == 0)
        return Error(ErrorKind::not_found, "there is no pool of flavour " + flavour);
    return {};
}

Result<HostStatus> FakeService::host() {
    return HostStatus{"0.1.0", "4.17.7", 1 << 20, 1 << 19, 4096, 4, 3, 1, true, 1234};
}

} // namespace chaos::test
