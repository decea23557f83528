// SPDX-License-Identifier: BSD-3-Clause
// The door of a stock guest's vif or vbd: two directories of its private store and the states in them
// (xen/io/xenbus.h), from first look to removal.
#pragma once

#include <chrono>
#include <memory>
#include <string>

#include "xendevd/backend.hpp"
#include "xendevd/daemon.hpp"
#include "xendevd/noxs_door.hpp"
#include "xendevd/store/changes.hpp"
#include "xendevd/store/device_keys.hpp"

namespace xendevd {

/// The store that doors write into.
class StoreKeys {
  public:
    [[nodiscard]] virtual const StoreTree& tree() const = 0;
    /// Changes keys, tells the guest's watches and writes the journal.
    virtual void change(const StoreChanges& changes) = 0;

  protected:
    ~StoreKeys() = default;
};

class StoreDoor final : PortHandler, BackendOwner, Timer, Task {
  public:
    /// A device whose directories are not there yet gets them. One whose directories are there belongs to a xendevd that
    /// was before: it is taken up where it was. `name` is for the log: "vif 0 of guest web (5)".
    StoreDoor(Daemon& daemon, StoreKeys& store, std::string name, chaos::DomainId domain, DeviceKeys keys,
              std::unique_ptr<Backend> backend);
    /// Lets go of everything at once; the directories stay.
    ~StoreDoor();

    [[nodiscard]] DeviceState state() const { return state_; }
    [[nodiscard]] Backend& backend() { return *backend_; }
    [[nodiscard]] const GuestEnd& guest_end() const { return guest_end_; }
    [[nodiscard]] const std::string& frontend() const { return frontend_; }
    /// The guest changed something in its directory: the door looks in the loop's next turn.
    void wake() { daemon_.loop.run_soon(*this); }
    /// As NoxsDoor::remove(). After success the directories are gone.
    void remove(bool force, std::chrono::milliseconds timeout, Removed removed);

  private:
    void handle_event() override;
    void backend_failed(chaos::Error reason) override;
    void run_timer() override;
    void run_task() override { look(); }

    void make_directories();
    void look();
    void connect();
    chaos::Result<void> try_to_connect();
    void let_go();
    void close_when_idle();
    void finish_closing();
    void disconnect();
    void set_state(std::uint32_t xenbus_state);
    void tell_removed(chaos::Result<void> result);

    Daemon& daemon_;
    StoreKeys& store_;
    std::string name_;
    chaos::DomainId domain_;
    DeviceKeys keys_;
    std::unique_ptr<Backend> backend_;
    std::string frontend_; ///< paths of the two directories
    std::string backend_path_;
    chaos::EventChannelPort local_{}; ///< while connected
    GuestEnd guest_end_;              ///< nothing in it while not connected
    DeviceState state_ = DeviceState::waiting;
    std::uint32_t xenbus_state_; ///< ours, as the guest sees it
    bool letting_go_ = false;    ///< the guest is done with the rings; what is under way is waited for
    Removed removed_;            ///< while a removal is under way
    LogAllowance allowance_;
};

} // namespace xendevd
