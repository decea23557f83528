// SPDX-License-Identifier: BSD-3-Clause
// From the word that something has ended to what is done about it.
#include "chaos/daemon/life_cycle.hpp"

#include "libchaos/domain/wait_event.hpp"

namespace chaos::daemon {

namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr int rest = 10; // times as long as a look took
/// Until a guest that somebody else is at is looked at again.
constexpr seconds look_at_claimed_every{1};
constexpr milliseconds look_at_puzzles_every{100};
/// Until what could not be done to a stopped guest is tried again.
constexpr seconds try_again_every{30};

} // namespace

LifeCycle::LifeCycle(Parts parts)
    : parts_(std::move(parts)), timer_(parts_.loop), deaths_(parts_.loop, [this] { look(); }) {
    look();
}

LifeCycle::~LifeCycle() {
    *alive_ = false;
}

void LifeCycle::look() {
    wanted_ = true;
    if (counting_ || timer_runs_)
        return;
    const auto now = SteadyClock::now();
    if (now < not_before_)
        look_after(not_before_ - now);
    else
        count();
}

void LifeCycle::look_after(SteadyClock::duration wait) {
    wanted_ = true;
    if (timer_runs_ || counting_)
        return;
    timer_runs_ = true;
    timer_.expires_after(wait);
    timer_.async_wait([this](const boost::system::error_code& error) {
        if (error)
            return;
        timer_runs_ = false;
        if (wanted_)
            count();
    });
}

void LifeCycle::count() {
    counting_ = true;
    wanted_ = false;
    struct Counted {
        Census census;
        SteadyClock::duration took;
    };
    parts_.counter.ask<Counted>(
        [before = seen_](Host& host) -> Result<Counted> {
            const auto start = SteadyClock::now();
            Census census = TRY(take_census(host, before));
            return Counted{std::move(census), SteadyClock::now() - start};
        },
        [this](Result<Counted> counted) {
            counting_ = false;
            const auto now = SteadyClock::now();
            not_before_ = now + (counted ? counted->took * rest : SteadyClock::duration(seconds(1)));
            if (counted)
                take(std::move(counted->census));
            else
                wanted_ = true; // it failed: once more
            if (wanted_)
                look();
        });
}

void LifeCycle::take(Census census) {
    seen_ = census.seen;
    for (const Gone& gone : census.gone)
        if (!gone.name.empty())
            tell(EventKind::destroyed, gone.name, gone.id, gone.uuid, "");
    for (const Stopped& stopped : census.stopped)
        decide(stopped);
    if (census.look_again_soon) {
        not_before_ = std::max(not_before_, SteadyClock::now() + look_at_puzzles_every);
        wanted_ = true;
    }
}

void LifeCycle::decide(const Stopped& stopped) {
    const GuestInfo& guest = stopped.guest;
    const xen::ShutdownReason reason = guest.domain.shutdown_reason;
    tell(EventKind::died, guest.name(), guest.domain.id, guest.record->uuid, describe(reason));
    const auto action = action_for(guest.record->config.end_actions, reason);
    if (!action || *action == EndAction::preserve)
        return;
    if (!restarts(*action)) {
        end(guest, *action);
        return;
    }
    const auto wait = restarts_.next(guest.record->uuid, SteadyClock::now());
    if (!wait)
        tell(EventKind::died, guest.name(), guest.domain.id, guest.record->uuid,
             "it has been made anew " + std::to_string(Restarts::most) + " times within " +
                 std::to_string(Restarts::window.count()) + " minutes, and now stays stopped");
    else if (*wait > SteadyClock::duration::zero())
        end_later(*wait, guest, *action);
    else
        end(guest, *action);
}

void LifeCycle::end_later(SteadyClock::duration wait, const GuestInfo& guest, EndAction action) {
    auto timer = std::make_shared<boost::asio::steady_timer>(parts_.loop);
    timer->expires_after(wait);
    timer->async_wait([this, alive = alive_, timer, guest, action](const boost::system::error_code& error) {
        if (!error && *alive)
            end(guest, action);
    });
}

void LifeCycle::end(const GuestInfo& guest, EndAction action) {
    if (kept_off_.contains(guest.record->uuid)) {
        end_later(look_at_claimed_every, guest, action);
        return;
    }
    const bool dumps = action == EndAction::coredump_destroy || action == EndAction::coredump_restart;
    (dumps ? parts_.dumpers : parts_.workers)
        .ask<Ended>(
            [guest, action, directory = parts_.dump_directory](Host& host) {
                return end_guest(host, guest, action, directory);
            },
            [this, guest, action](Result<Ended> ended) { conclude(guest, action, std::move(ended)); });
}

void LifeCycle::conclude(const GuestInfo& guest, EndAction action, Result<Ended> result) {
    if (!result) {
        const std::string story = "it stays stopped: " + result.error().story();
        if (told_[guest.record->uuid] != story)
            tell(EventKind::died, guest.name(), guest.domain.id, guest.record->uuid, story);
        told_[guest.record->uuid] = story;
        end_later(try_again_every, guest, action);
        return;
    }
    told_.erase(guest.record->uuid);
    if (result->claimed_by_another) {
        end_later(look_at_claimed_every, guest, action);
        return;
    }
    if (!result->note.empty())
        tell(EventKind::died, guest.name(), guest.domain.id, guest.record->uuid, result->note);
    if (result->anew)
        make_anew(guest, std::move(*result));
    look(); // it is gone: the list says so, and who listens is told
}

void LifeCycle::make_anew(const GuestInfo& guest, Ended ended) {
    CreateRequest request;
    request.config = *ended.anew;
    // The claim is held until the guest is there: whoever wants to destroy it finds the new one.
    auto claim = std::make_shared<std::optional<Claim>>(std::move(ended.claim));
    parts_.create(std::move(request), [this, claim, guest](const Result<MadeGuest>& made) {
        claim->reset();
        if (made)
            tell(EventKind::restarted, guest.name(), made->guest.id, made->guest.uuid, "");
        else
            tell(EventKind::died, guest.name(), guest.domain.id, guest.record->uuid,
                 "it could not be made anew: " + made.error().story());
    });
}

void LifeCycle::leave(const Uuid& guest) {
    if (const auto found = kept_off_.find(guest); found != kept_off_.end())
        kept_off_.erase(found);
}

void LifeCycle::tell(EventKind kind, std::string name, DomainId id, const Uuid& uuid, std::string detail) {
    Event event;
    event.kind = kind;
    event.unix_ms = now_unix_ms();
    event.guest = std::move(name);
    event.id = id;
    event.uuid = uuid;
    event.detail = std::move(detail);
    parts_.events.tell(event);
}

} // namespace chaos::daemon
