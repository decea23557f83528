// SPDX-License-Identifier: BSD-3-Clause
// Guests that end: noticed, told of, and destroyed, made anew or kept, as their configurations say.
//
// Looking takes time in proportion to all domains, so after a look nobody looks again before ten times as long has passed:
// it never takes more than a tenth of a CPU. The first word of an end is followed at once.
#pragma once

#include <utility> // Asio 1.74 forgets it

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>

#include "chaos/daemon/census.hpp"
#include "chaos/daemon/deaths.hpp"
#include "chaos/daemon/ending.hpp"
#include "chaos/daemon/restarts.hpp"
#include "chaos/daemon/service.hpp"
#include "chaos/daemon/work_threads.hpp"

namespace chaos::daemon {

/// Used on the thread of the loop.
class LifeCycle {
  public:
    /// What it works with; all of it must outlive the LifeCycle.
    struct Parts {
        boost::asio::io_context& loop;
        WorkThreads& counter; ///< one thread, that counts domains
        WorkThreads& workers;
        WorkThreads& dumpers; ///< for what takes long
        Events& events;
        std::string dump_directory;
        /// Makes a guest.
        std::function<void(CreateRequest, Done<MadeGuest>)> create;
    };
    explicit LifeCycle(Parts parts);
    LifeCycle(const LifeCycle&) = delete;
    LifeCycle& operator=(const LifeCycle&) = delete;
    ~LifeCycle();

    /// Something may have ended.
    void look();
    /// A guest whose end somebody else on the loop decides until leave() is called: one that is waited for.
    void keep_off(const Uuid& guest) { kept_off_.insert(guest); }
    void leave(const Uuid& guest);
    [[nodiscard]] const char* source() const { return deaths_.source(); }
    /// Domains besides dom0, as of the last look.
    [[nodiscard]] std::size_t domains() const { return seen_ ? seen_->size() : 0; }

  private:
    void count();
    void take(Census census);
    void decide(const Stopped& stopped);
    void end(const GuestInfo& guest, EndAction action);
    void end_later(SteadyClock::duration wait, const GuestInfo& guest, EndAction action);
    void conclude(const GuestInfo& guest, EndAction action, Result<Ended> result);
    void make_anew(const GuestInfo& guest, Ended ended);
    void look_after(SteadyClock::duration wait);
    void tell(EventKind kind, std::string name, DomainId id, const Uuid& uuid, std::string detail);

    Parts parts_;
    std::shared_ptr<bool> alive_ = std::make_shared<bool>(true); // for timers that come too late
    std::shared_ptr<const std::vector<Seen>> seen_;
    Restarts restarts_;
    std::map<Uuid, std::string> told_; // why guests stay stopped that are tried again
    std::multiset<Uuid> kept_off_;
    boost::asio::steady_timer timer_;
    SteadyClock::time_point not_before_{}; // the next look
    bool counting_ = false;
    bool wanted_ = false; // a look, when the one under way or the pause is over
    bool timer_runs_ = false;
    Deaths deaths_; // last: it calls
};

} // namespace chaos::daemon
