// SPDX-License-Identifier: BSD-3-Clause
// One guest's devices: those behind noxs doors, those in its private store, its console.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "libchaos/devices/protocol.hpp"
#include "libchaos/unique_fd.hpp"
#include "xendevd/console/console.hpp"
#include "xendevd/daemon.hpp"
#include "xendevd/journal.hpp"
#include "xendevd/noxs_door.hpp"
#include "xendevd/store/store.hpp"
#include "xendevd/vif/bridges.hpp"
#include "xendevd/vif/vif.hpp"

namespace xendevd {

using chaos::devices::DeviceType;

/// A device's type as the store has it.
inline StoreDevice store_device(DeviceType type) {
    return type == DeviceType::vif ? StoreDevice::vif : StoreDevice::vbd;
}

/// What a vif is to be like, of a request or of a journal's line.
VifSettings settings_of(const chaos::devices::AttachVif& vif);

class Guest {
  public:
    /// Journals of guests lie in `directory`, those of their stores in its directory "stores".
    Guest(Daemon& daemon, const chaos::devices::AttachRequest& request, const std::string& directory);
    /// Lets go of everything at once.
    ~Guest();

    [[nodiscard]] chaos::DomainId domain() const { return domain_; }
    [[nodiscard]] const chaos::Uuid& uuid() const { return uuid_; }
    [[nodiscard]] std::size_t devices() const { return devices_.size(); }
    [[nodiscard]] bool has(DeviceType type, std::uint32_t id) const { return devices_.contains({type, id}); }
    [[nodiscard]] Console* console() { return console_.get(); }
    [[nodiscard]] Store* store() { return store_.get(); }

    /// Writes what `request` asks for into the journal: before anything of it is made. add() or give_up() follows.
    chaos::Result<void> begin_adding(const chaos::devices::AttachRequest& request);
    /// Makes all of it or nothing. `ends` are those of its vifs, in order.
    chaos::Result<void> add(const chaos::devices::AttachRequest& request, std::vector<chaos::UniqueFd> images,
                            std::vector<Bridges::End> ends);
    void give_up(const chaos::devices::AttachRequest& request);
    /// It waits for its guest: nothing of it is looked at.
    [[nodiscard]] bool is_shell() const { return is_shell_; }
    /// Becomes the guest that `request` says, or stays a shell.
    chaos::Result<void> settle(const chaos::devices::SettleRequest& request,
                               std::vector<chaos::UniqueFd> images);
    /// Nothing is here, and nothing under way.
    [[nodiscard]] bool is_empty() const { return adding_ == 0 && devices_.empty() && !console_ && !store_; }
    /// Takes up again what the journal says; `lines` are its contents. What fails is told to the log.
    void restore(const std::vector<std::string>& lines);
    void remove(DeviceType type, std::uint32_t id, bool force, std::chrono::milliseconds timeout,
                Removed removed);
    /// Of a device that could not be taken up again: the next restart is not to try.
    void give_up(DeviceType type, std::uint32_t id);
    /// Removes the journals and the devices' traces on the host: the guest is gone for good.
    void forget();
    /// Removes what a guest that had this id left in `directory`.
    static void remove_journals(const std::string& directory, chaos::DomainId domain);

    /// A grant of the guest's that must be good as long as it lives, to see whether it does; nothing if it has none.
    [[nodiscard]] std::optional<chaos::GrantReference> sign_of_life() const;
    void describe(nlohmann::json& out) const;

  private:
    struct Device {
        std::string line;               ///< of the journal: a request for nothing but this
        std::unique_ptr<NoxsDoor> door; ///< nullptr: it is in the store
        chaos::GrantReference grant{};  ///< of the door's control page
    };
    using Key = std::pair<DeviceType, std::uint32_t>;

    chaos::Result<void> add_console(const chaos::devices::DeviceEnd& end);
    chaos::Result<void> add_store(const chaos::devices::AttachStore& store);
    chaos::Result<void> add_vif(const chaos::devices::AttachVif& vif, Bridges::End end);
    chaos::Result<void> add_vbd(const chaos::devices::AttachVbd& vbd, chaos::UniqueFd image);
    chaos::Result<void> add_all(const chaos::devices::AttachRequest& request,
                                std::vector<chaos::UniqueFd> images, std::vector<Bridges::End>& ends,
                                std::vector<Key>& added);
    [[nodiscard]] chaos::Result<void> expect_none(Key key) const;
    chaos::Result<void> open_door(Device& device, Key key, const chaos::devices::DeviceEnd& end,
                                  std::unique_ptr<Backend> backend);
    chaos::Result<Store*> store_for(Key key);
    chaos::Result<std::vector<std::function<void()>>>
    get_hold_of(const chaos::devices::SettleRequest& request, std::vector<chaos::UniqueFd> images,
                std::vector<Key>& added);
    void write_removal(Key key);
    [[nodiscard]] std::string naming(DeviceType type, std::uint32_t id) const;
    [[nodiscard]] chaos::devices::AttachRequest request() const;
    [[nodiscard]] chaos::devices::AttachRequest first_request() const;
    void drop(Key key);
    void tidy_journal();

    Daemon& daemon_;
    chaos::DomainId domain_;
    chaos::Uuid uuid_;
    std::string name_;
    bool is_noxs_;
    bool is_shell_;
    Journal journal_;
    std::string directory_;
    bool is_in_journal_ = false; ///< with what came with it:
    std::optional<chaos::devices::DeviceEnd> first_console_;
    std::optional<chaos::devices::AttachStore> first_store_;
    std::optional<chaos::GrantReference> console_grant_;
    std::unique_ptr<Console> console_;
    std::unique_ptr<Store> store_;
    std::map<Key, Device> devices_;
    unsigned adding_ = 0;            ///< requests that were begun
    std::map<Key, Removed> leaving_; ///< who waits for removals that are under way
};

} // namespace xendevd
