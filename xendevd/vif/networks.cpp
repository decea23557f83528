// SPDX-License-Identifier: BSD-3-Clause
// Giving the worker what waits for the kernel, and keeping the rest.
#include "xendevd/vif/networks.hpp"

#include <algorithm>
#include <iterator>
#include <optional>
#include <utility>

#include "xendevd/vif/tap.hpp"

namespace xendevd {

using chaos::Result;

namespace {

/// The kernel's lock is held for as long as it takes to remove so many.
constexpr std::size_t removed_at_once = 64;

} // namespace

Networks::~Networks() = default;

Result<std::unique_ptr<Networks>> Networks::open(EventLoop& loop, chaos::xen::GrantTable& grants, Log& log,
                                                 const std::vector<std::string>& switches,
                                                 const std::string& default_bridge) {
    auto netlink = TRY(Netlink::open());
    auto own_pages = chaos::xen::OwnPages::allocate(Workspace::pages());
    if (!own_pages)
        log.info("copying frames will cost more than it need: " + own_pages.error().story());
    auto worker = TRY(Worker::open(loop));
    std::unique_ptr<Networks> networks(
        new Networks(std::move(netlink), grants, own_pages ? std::move(*own_pages) : chaos::xen::OwnPages(),
                     std::move(worker)));
    networks->bridges_.connect_early();
    Tap::load_module();
    for (const std::string& text : switches)
        networks->switches_.push_back(
            TRY(Switch::open(loop, log, networks->workspace_, networks->bridges_.netlink(), text)));
    networks->default_bridge_ = !default_bridge.empty() ? default_bridge
                                : switches.size() == 1  ? networks->switches_.front()->name()
                                                        : "xenbr0";
    return networks;
}

Switch* Networks::own_switch(const std::string& name) const {
    const auto found = std::find_if(switches_.begin(), switches_.end(),
                                    [&](const auto& own) { return own->name() == name; });
    return found == switches_.end() ? nullptr : found->get();
}

void Networks::make_ends(chaos::DomainId domain, std::vector<VifSettings> vifs, Made made) {
    struct Work {
        std::vector<End> ends;
        std::optional<chaos::Error> failure;
    };
    auto work = std::make_shared<Work>();
    bool waits = false;
    for (VifSettings& vif : vifs) {
        if (vif.bridge.empty())
            vif.bridge = default_bridge_;
        Switch* own = own_switch(vif.bridge);
        waits |= own == nullptr;
        work->ends.push_back({{Kind::own_switch, vif.bridge, own}, std::nullopt});
    }
    if (!waits)
        return made(std::move(work->ends));
    worker_->run(
        [this, domain, work, vifs = std::move(vifs)] {
            for (std::size_t index = 0; index < vifs.size() && !work->failure; ++index) {
                if (work->ends[index].place.own_switch)
                    continue;
                auto end = bridges_.make(vifs[index].bridge, domain, vifs[index]);
                if (end)
                    work->ends[index] = std::move(*end);
                else
                    work->failure =
                        std::move(end).error().while_doing("making vif " + std::to_string(vifs[index].id));
            }
            if (work->failure)
                remove_now(std::exchange(work->ends, {}));
        },
        [work, made = std::move(made)] {
            if (work->failure)
                made(std::move(*work->failure));
            else
                made(std::move(work->ends));
        });
}

void Networks::connect_interface(HostInterface interface, std::function<void(const Result<bool>&)> then) {
    if (own_switch(interface.bridge))
        return then(
            chaos::Error(chaos::ErrorKind::invalid_argument,
                         "the switch " + interface.bridge + " takes no back-ends of the kernel's")
                .advise("Name a Linux bridge or one of Open vSwitch, or leave store=\"xenstore\" out."));
    const auto kind = std::make_shared<std::optional<Result<Kind>>>();
    worker_->run([this, kind, interface = std::move(interface)] { *kind = bridges_.connect(interface); },
                 [kind, then = std::move(then)] {
                     if (**kind)
                         then(***kind == Kind::open_vswitch);
                     else
                         then(std::move(**kind).error());
                 });
}

void Networks::remove_port(const std::string& interface) {
    worker_->run([this, interface] { bridges_.remove_port(interface); }, {});
}

void Networks::give_back(End end) {
    if (!end.tap || end.tap->fd() < 0 || end.tap->name().empty())
        return; // on an own switch, given to a vif, or a test's socket
    if (keeps_devices_)
        return end.tap->keep();
    {
        const std::lock_guard guard(leaving_lock_);
        leaving_.push_back(std::move(end));
        if (leaving_.size() > 1)
            return; // they go together, and the worker knows
    }
    worker_->run(
        [this] {
            std::unique_lock guard(leaving_lock_);
            std::vector<End> ends = std::exchange(leaving_, {});
            guard.unlock();
            remove_now(std::move(ends));
        },
        {});
}

void Networks::remove_now(std::vector<End> ends) {
    std::erase_if(ends, [](const End& end) { return !end.tap; });
    while (!ends.empty()) {
        const std::size_t count = std::min(ends.size(), removed_at_once);
        const auto first = ends.end() - static_cast<std::ptrdiff_t>(count);
        bridges_.remove(
            std::vector<End>(std::make_move_iterator(first), std::make_move_iterator(ends.end())));
        ends.erase(first, ends.end());
    }
}

void Networks::keep_devices() {
    keeps_devices_ = true;
    for (const auto& own : switches_)
        own->keep_device();
}

Result<void>
Networks::remove_leftovers(const std::function<bool(chaos::DomainId, std::uint16_t id)>& is_known) {
    return bridges_.remove_leftovers(is_known,
                                     [&](const std::string& name) { return own_switch(name) != nullptr; });
}

} // namespace xendevd
