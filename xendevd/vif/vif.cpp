// SPDX-License-Identifier: BSD-3-Clause
// One vif: its two rings, and the TAP device they lead to. Work is done in turns of bounded length.
#include "xendevd/vif/vif.hpp"

#include <sys/epoll.h>

#include <algorithm>
#include <optional>

#include <nlohmann/json.hpp>

#include "noxs/noxs.h"
#include "xendevd/vif/frame_queue.hpp"
#include "xendevd/vif/from_guest.hpp"
#include "xendevd/vif/networks.hpp"
#include "xendevd/vif/segmentation.hpp"
#include "xendevd/vif/to_guest.hpp"

namespace xendevd {

using chaos::Error;
using chaos::ErrorKind;
using chaos::Result;

namespace {

constexpr std::uint32_t gso = NOXS_VIF_GSO_TCP4 | NOXS_VIF_GSO_TCP6;
constexpr std::uint32_t all_features =
    NOXS_VIF_SCATTER_GATHER | gso | NOXS_VIF_CHECKSUM_BLANK | NOXS_VIF_PERSISTENT;

/// Frames to the guest in one turn; others wait for the next.
constexpr std::size_t frames_per_turn = 64;

class Vif final : public Backend, FrameSink, Receiver, SwitchPort, DescriptorHandler, Task, Timer {
  public:
    Vif(Daemon& daemon, Networks::Place place, std::optional<Tap> tap, const VifSettings& settings)
        : SwitchPort(settings.mac), daemon_(daemon), workspace_(daemon.networks->workspace()),
          place_(std::move(place)), tap_(std::move(tap)), mtu_(settings.mtu),
          from_guest_(daemon.grants, workspace_, pages_, counters_, settings.rate),
          to_guest_(workspace_, pages_, counters_) {}
    ~Vif() override;
    void hold(Addresses::Claim claim) { claim_ = std::move(claim); }
    /// For one that has no TAP device, once.
    Result<void> plug_in() {
        TRY(place_.own_switch->plug_in(*this));
        is_plugged_in_ = true;
        return {};
    }

    [[nodiscard]] std::uint32_t features() const override { return all_features; }
    Result<std::uint32_t> connect(const Offer& offer, chaos::EventChannelPort local,
                                  BackendOwner& owner) override;
    void handle_event() override;
    [[nodiscard]] bool is_idle() const override {
        return true;
    } // whatever is taken is finished in the same turn
    void stop_taking_requests() override { is_stopping_ = true; }
    void disconnect() override;
    Result<std::function<void()>> settle(const VifSettings& settings) override;
    [[nodiscard]] Counters counters() const override { return counters_; }
    void describe(nlohmann::json& out) const override;

  private:
    [[nodiscard]] bool needs_head() const override { return !tap_; }
    bool send(Frame& frame) override {
        return tap_ ? tap_->write(frame) : place_.own_switch->forward(frame, *this, daemon_.loop.now());
    }
    void deliver(const Frame& frame, bool is_flooded) override;
    void delivered(std::int16_t status) override;
    void handle_descriptor(std::uint32_t events) override;
    void run_task() override;
    void run_timer() override { handle_event(); }

    void take_from_guest();
    void fill_guest();
    bool read_frames(std::size_t most, std::size_t& count);
    bool unqueue_frames();
    void keep_or_put(const Frame& frame, bool is_flooded);
    void finish_turn();
    void notify_guest();
    void listen(bool wanted);
    void fail(Error reason);

    Daemon& daemon_;
    Workspace& workspace_;
    Networks::Place place_;
    std::optional<Tap> tap_; ///< without: on an own switch
    std::uint16_t mtu_;
    Addresses::Claim claim_; ///< none in tests

    // While connected.
    BackendOwner* owner_ = nullptr;
    chaos::EventChannelPort local_{};
    chaos::xen::GrantMapping rings_;
    GrantedPages pages_;
    std::optional<Error> failure_; ///< to be told in the next turn: nothing is done for the guest any more
    bool is_stopping_ = false;
    bool is_listening_ = false; ///< the TAP device is in the loop
    bool wants_room_ = false;   ///< the guest is to provide pages before anything more is read
    bool notify_ = false;
    bool in_turn_ = false;
    bool is_plugged_in_ = false; ///< into an own switch
    ReadsAhead reads_;
    FrameQueue queue_; ///< on an own switch: for want of room

    Counters counters_;
    FromGuest from_guest_;
    ToGuest to_guest_;
};

Vif::~Vif() {
    disconnect();
    if (tap_)
        daemon_.networks->give_back({std::move(place_), std::move(tap_)});
    else if (is_plugged_in_)
        place_.own_switch->unplug(*this);
}

Result<std::uint32_t> Vif::connect(const Offer& offer, chaos::EventChannelPort local, BackendOwner& owner) {
    disconnect();
    if (offer.rings.size() != 2)
        return Error(ErrorKind::guest_failed,
                     "it offers " + std::to_string(offer.rings.size()) + " ring pages for a vif's two");
    std::uint32_t features = offer.features & all_features;
    // Segments are left to others only together with their checksums, and span several pages.
    if (!(features & NOXS_VIF_SCATTER_GATHER) || !(features & NOXS_VIF_CHECKSUM_BLANK))
        features &= ~gso;
    if (tap_)
        TRY(tap_->set_offload(features));
    auto rings = daemon_.grants.map(offer.domain, offer.rings, chaos::xen::GrantAccess::read_write);
    if (!rings)
        return std::move(rings).error().while_doing("mapping its rings");
    rings_ = std::move(*rings);
    pages_ = GrantedPages(daemon_.grants, offer.domain);
    from_guest_.connect(offer.domain, rings_.data(), (features & NOXS_VIF_PERSISTENT) != 0);
    to_guest_.connect(offer.domain, rings_.data() + chaos::page_size, features, mtu_);
    local_ = local;
    owner_ = &owner;
    is_stopping_ = false;
    listen(true);
    return features;
}

void Vif::disconnect() {
    listen(false);
    daemon_.loop.cancel(*this);
    workspace_.forget(*this);
    owner_ = nullptr;
    failure_.reset();
    wants_room_ = notify_ = false;
    queue_.clear();
    pages_.clear();
    rings_.unmap();
}

Result<std::function<void()>> Vif::settle(const VifSettings& settings) {
    if (owner_)
        return Error(ErrorKind::invalid_argument, settings.name + " is in use");
    if (tap_ && settings.mtu != mtu_)
        return Error(ErrorKind::invalid_argument, settings.name +
                                                      " has a device on the host already, with an MTU of " +
                                                      std::to_string(mtu_));
    TRY(Switch::check_address(settings.mac));
    auto claim = std::make_shared<Addresses::Claim>(); // a function can be copied
    if (settings.mac != mac())
        *claim =
            TRY(daemon_.networks->addresses().claim(place_.name, settings.vlan, settings.mac, settings.name));
    return std::function<void()>([this, claim, settings] {
        if (settings.mac == mac())
            claim_.rename(settings.name);
        else
            claim_ = std::move(*claim);
        if (is_plugged_in_)
            place_.own_switch->readdress(*this, settings.mac);
        else
            set_mac(settings.mac);
        mtu_ = settings.mtu;
        from_guest_.set_limit(settings.rate);
    });
}

void Vif::describe(nlohmann::json& out) const {
    out["bridge"] = place_.name;
    out["kind"] = place_.kind == Networks::Kind::own_switch     ? "switch"
                  : place_.kind == Networks::Kind::open_vswitch ? "openvswitch"
                                                                : "bridge";
    if (tap_)
        out["tap"] = tap_->name();
    out["mac"] = chaos::to_text(mac());
}

/// Not at once: the owner may do anything with this device, and the work of the turn may still hold on to it.
void Vif::fail(Error reason) {
    if (failure_)
        return;
    failure_ = std::move(reason);
    listen(false);
    daemon_.loop.run_soon(*this);
}

void Vif::run_task() {
    if (!owner_)
        return;
    if (!failure_)
        return handle_event();
    Error reason = std::move(*failure_);
    owner_->backend_failed(std::move(reason)); // this device may be gone now
}

void Vif::handle_event() {
    if (!owner_ || failure_)
        return;
    in_turn_ = true;
    take_from_guest();
    if (wants_room_ && !failure_)
        fill_guest();
    finish_turn();
}

void Vif::handle_descriptor(std::uint32_t events) {
    if (!owner_ || failure_)
        return;
    in_turn_ = true;
    if (events & EPOLLIN)
        fill_guest();
    else
        listen(false); // the device was removed behind our back: nothing comes any more
    finish_turn();
}

void Vif::take_from_guest() {
    if (is_stopping_)
        return;
    auto next = from_guest_.take(*this, daemon_.loop.now());
    if (!next)
        return fail(std::move(next).error());
    workspace_
        .flush(); // frames for others may lie in pages of this guest, which are its own again once it is answered
    notify_ |= from_guest_.publish();
    if (*next == FromGuest::Next::more)
        daemon_.loop.run_soon(*this);
    else if (*next == FromGuest::Next::later)
        daemon_.loop.run_at(from_guest_.next_time(), *this);
}

void Vif::fill_guest() {
    wants_room_ = false;
    const std::size_t most = tap_ ? reads_.expected() : frames_per_turn;
    std::size_t frames = 0;
    while (frames < most && !is_stopping_) {
        const auto has_room = to_guest_.has_room();
        if (!has_room)
            return fail(Error(ErrorKind::guest_failed, "its receive ring's index is out of range"));
        if (!*has_room) {
            if (to_guest_.ask_for_room())
                continue; // it came just now
            // The device's own queue holds what comes meanwhile.
            wants_room_ = true;
            return listen(false);
        }
        if (!tap_) {
            if (!unqueue_frames())
                break;
            ++frames;
        } else if (!read_frames(most - frames, frames)) {
            break;
        }
    }
    reads_.had(frames, daemon_.loop.turns(), frames_per_turn);
    listen(true);
}

/// Reads into the guest's pages, or into ours and copies from there, and adds to `count` how many frames there were. False if
/// there is no more to read.
bool Vif::read_frames(std::size_t most, std::size_t& count) {
    Frame& frame = workspace_.batch.frame;
    if (to_guest_.prepare(frame)) {
        if (tap_->read(frame) != Tap::Reading::frame)
            return false;
        workspace_.touch(*this);
        to_guest_.commit(frame);
        ++count;
        return true;
    }
    for (std::size_t index = 0;
         index < std::min(most, Workspace::frames) && to_guest_.has_room().value_or(false);
         ++index, ++count) {
        frame.clear();
        frame.add(workspace_.frame(index), Workspace::frame_pages * chaos::page_size);
        if (tap_->read(frame) != Tap::Reading::frame)
            return false;
        if (!to_guest_.put(frame, *this))
            ++counters_.to_guest_dropped;
    }
    workspace_.flush();
    return true;
}

void Vif::delivered(std::int16_t status) {
    if (status != 0)
        return fail(
            Error(ErrorKind::guest_failed, "a page of its receive ring cannot be copied to (Xen says " +
                                               std::to_string(status) + ")"));
    notify_ |= to_guest_.publish();
    if (!in_turn_) // another's: it is waiting for us
        notify_guest();
}

/// From another port of the switch.
void Vif::deliver(const Frame& frame, bool is_flooded) {
    if (!owner_ || failure_ || is_stopping_)
        return;
    if (to_guest_.takes(frame))
        return keep_or_put(frame, is_flooded);
    if (!frame.is_segmented_later()) {
        Frame finished;
        if (fill_in_checksum(frame, workspace_, finished))
            keep_or_put(finished, is_flooded);
        return;
    }
    (void)cut_into_segments(frame, workspace_, to_guest_.takes_blank_checksums(),
                            [&](const Frame& segment) { keep_or_put(segment, is_flooded); });
}

void Vif::keep_or_put(const Frame& frame, bool is_flooded) {
    // Those that wait go first.
    if (queue_.is_empty() && to_guest_.put(frame, *this))
        return;
    if (is_flooded || !to_guest_.can_ever_put(frame) || !queue_.push(frame)) {
        ++counters_.to_guest_dropped;
        return;
    }
    wants_room_ = true;
    if (to_guest_.ask_for_room())
        daemon_.loop.run_soon(*this);
}

/// Puts what waits into the ring. False if nothing waits any more.
bool Vif::unqueue_frames() {
    std::size_t count = 0;
    Frame frame;
    while (count < queue_.size()) {
        queue_.look_at(count, frame);
        if (!to_guest_.put(frame, *this))
            break;
        ++count;
    }
    workspace_.flush();
    queue_.drop_first(count);
    return !queue_.is_empty();
}

void Vif::finish_turn() {
    workspace_.flush();
    in_turn_ = false;
    notify_guest();
}

void Vif::notify_guest() {
    if (std::exchange(notify_, false) && !failure_)
        daemon_.loop.notify(local_);
}

void Vif::listen(bool wanted) {
    if (wanted == is_listening_ || !tap_)
        return;
    is_listening_ = wanted;
    if (!wanted)
        return daemon_.loop.remove(tap_->fd());
    if (auto added = daemon_.loop.add(tap_->fd(), EPOLLIN, *this); !added) {
        is_listening_ = false;
        daemon_.log.error("waiting for frames on " + tap_->name() + ": " + added.error().story());
    }
}

Result<std::unique_ptr<Vif>> make_on_switch(Daemon& daemon, Switch& own_switch, const VifSettings& settings) {
    if (settings.vlan)
        return Error(ErrorKind::invalid_argument,
                     "the switch " + own_switch.name() + " does not keep VLANs apart")
            .advise(
                "Use a Linux bridge with vlan_filtering, a bridge of Open vSwitch, or a second --switch.");
    auto vif = std::make_unique<Vif>(
        daemon, Networks::Place{Networks::Kind::own_switch, own_switch.name(), &own_switch}, std::nullopt,
        settings);
    TRY(vif->plug_in());
    return vif;
}

} // namespace

Result<std::unique_ptr<Backend>> make_vif(Daemon& daemon, Bridges::End end, const VifSettings& settings) {
    auto claim =
        daemon.networks->addresses().claim(end.place.name, settings.vlan, settings.mac, settings.name);
    if (!claim) {
        daemon.networks->give_back(std::move(end));
        return std::move(claim).error();
    }
    std::unique_ptr<Vif> vif;
    if (end.place.own_switch)
        vif = TRY(make_on_switch(daemon, *end.place.own_switch, settings));
    else
        vif = std::make_unique<Vif>(daemon, std::move(end.place), std::move(end.tap), settings);
    vif->hold(std::move(*claim));
    return vif;
}

std::unique_ptr<Backend> make_vif_on_tap(Daemon& daemon, Tap tap, const VifSettings& settings) {
    return std::make_unique<Vif>(daemon, Networks::Place{}, std::move(tap), settings);
}

Result<std::unique_ptr<Backend>> make_vif_on_switch(Daemon& daemon, Switch& own_switch,
                                                    const VifSettings& settings) {
    return std::unique_ptr<Backend>(TRY(make_on_switch(daemon, own_switch, settings)));
}

} // namespace xendevd
