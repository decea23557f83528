// SPDX-License-Identifier: BSD-3-Clause
// The private store of one stock guest, with the devices that it finds there.
#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include <nlohmann/json_fwd.hpp>

#include "libchaos/result.hpp"
#include "libchaos/xen/grant_table.hpp"
#include "xendevd/backend.hpp"
#include "xendevd/daemon.hpp"
#include "xendevd/store/guest_keys.hpp"
#include "xendevd/store/session.hpp"
#include "xendevd/store/store_door.hpp"

namespace xendevd {

enum class StoreDevice : std::uint8_t { vif, vbd };

class Store final : PortHandler, Task, StoreKeys {
  public:
    /// Maps the ring page that the guest granted and binds its port. With an empty journal it is the store of a guest that
    /// has not run yet; else it goes on where the journal ends, and each device that the guest had is to be added again.
    static chaos::Result<std::unique_ptr<Store>> open(Daemon& daemon, const StoreSettings& settings,
                                                      std::unique_ptr<StoreJournal> journal);
    /// Lets go of everything at once, without a word to the guest. The journal stays.
    ~Store();

    /// Adds a device that the guest sees at once; its back-end connects when the guest is ready.
    chaos::Result<void> add_vif(const VifKeys& keys, std::unique_ptr<Backend> backend);
    chaos::Result<void> add_vbd(const VbdKeys& keys, std::unique_ptr<Backend> backend);
    /// The device, or nullptr: its state and its back-end.
    [[nodiscard]] StoreDoor* find(StoreDevice type, std::uint32_t id) const;
    /// As NoxsDoor::remove(). After success the device is gone, and with it its back-end.
    void remove(StoreDevice type, std::uint32_t id, bool force, std::chrono::milliseconds timeout,
                Removed removed);

    /// Asks the guest to shut down: "poweroff", "reboot", "halt" or "suspend".
    chaos::Result<void> shutdown(std::string_view reason);
    /// Adds {"state": "served" or "failed", "requests":…, "keys":…, "watches":…} to `out`, an object.
    void describe(nlohmann::json& out) const;

  private:
    using Key = std::pair<StoreDevice, std::uint32_t>;

    Store(Daemon& daemon, const StoreSettings& settings, chaos::xen::GrantMapping page,
          std::unique_ptr<StoreJournal> journal);
    void handle_event() override;
    void run_task() override { serve(); }
    [[nodiscard]] const StoreTree& tree() const override { return session_.contents().tree(); }
    void change(const StoreChanges& changes) override;

    chaos::Result<void> add(Key key, DeviceKeys keys, std::unique_ptr<Backend> backend);
    void serve();
    void wake_doors(const StoreChanges& made);
    void look_at_journal();

    Daemon& daemon_;
    StoreSettings settings_;
    std::string name_; ///< "guest web (5)"
    chaos::xen::GrantMapping page_;
    std::unique_ptr<StoreJournal> journal_;
    StoreSession session_;
    chaos::EventChannelPort local_{}; ///< none: the guest broke the protocol
    std::map<Key, std::unique_ptr<StoreDoor>> doors_;
    LogAllowance allowance_;
};

/// Store::open().
chaos::Result<std::unique_ptr<Store>> make_store(Daemon& daemon, const StoreSettings& settings,
                                                 std::unique_ptr<StoreJournal> journal);

} // namespace xendevd
