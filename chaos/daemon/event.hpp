// SPDX-License-Identifier: BSD-3-Clause
// What happens to guests and pools, told to whoever listens: the event stream of the API, the metrics, the log.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>

#include "libchaos/config/uuid.hpp"
#include "libchaos/xen/ids.hpp"

namespace chaos::daemon {

enum class EventKind : std::uint8_t {
    created,      ///< a guest runs, or is paused as was asked
    ready,        ///< it has said so
    died,         ///< it shut down or crashed by itself; `detail` says the reason
    restarted,    ///< by its on_reboot, on_crash, ...
    destroyed,    ///< its domain is gone
    shell_ready,  ///< a pool has one more
    shell_failed, ///< a pool could not prepare one; `detail` says why
    pool_changed, ///< made, resized, drained or deleted
};

struct Event {
    EventKind kind{};
    std::uint64_t unix_ms = 0;
    std::string guest; ///< its name; empty for what concerns a pool
    DomainId id{};
    Uuid uuid;
    std::string flavour; ///< the pool it concerns or the guest came from
    std::string detail;
};

/// Hands each event to all listeners, in the order they came. Used on the thread of the loop only.
class Events {
  public:
    using Listener = std::function<void(const Event&)>;
    /// Ends the listening when it goes; the Events must outlive it.
    class Subscription {
      public:
        Subscription() = default;
        Subscription(Events& events, std::uint64_t key) : events_(&events), key_(key) {}
        Subscription(Subscription&& other) noexcept
            : events_(std::exchange(other.events_, nullptr)), key_(other.key_) {}
        Subscription& operator=(Subscription&& other) noexcept {
            std::swap(events_, other.events_);
            std::swap(key_, other.key_);
            return *this;
        }
        ~Subscription() {
            if (events_)
                events_->listeners_.erase(key_);
        }

      private:
        Events* events_ = nullptr;
        std::uint64_t key_ = 0;
    };

    [[nodiscard]] Subscription listen(Listener listener) {
        listeners_.emplace(++last_key_, std::move(listener));
        return {*this, last_key_};
    }
    /// A listener may stop listening in its call, but not make others stop.
    void tell(const Event& event) {
        for (auto next = listeners_.begin(); next != listeners_.end();) {
            const auto current = next++;
            current->second(event);
        }
    }

  private:
    std::map<std::uint64_t, Listener> listeners_;
    std::uint64_t last_key_ = 0;
};

} // namespace chaos::daemon
