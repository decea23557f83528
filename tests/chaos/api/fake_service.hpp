// SPDX-License-Identifier: BSD-3-Clause
// A pretend service behind the API: guests, flavours and pools in memory, with failures where a name asks for one.
#pragma once

#include <deque>
#include <map>

#include "chaos/daemon/service.hpp"

namespace chaos::test {

/// A guest named "fail-KIND" cannot be made, and fails with that kind ("fail-name_taken"). Answers come at once, or when
/// run() is called if `slow`.
class FakeService final : public daemon::Service {
  public:
    template<typename Value>
    using Done = daemon::Done<Value>;

    bool slow = false;
    std::size_t destroyed = 0;
    std::vector<std::string> asked; ///< "create web", "pause web", in the order of the calls
    std::optional<daemon::CreateRequest> last_create;

    /// Gives the answers that wait.
    void run();
    [[nodiscard]] std::vector<std::string> names() const;

    void create(daemon::CreateRequest request, Done<daemon::MadeGuest> done) override;
    void list(Done<std::vector<GuestInfo>> done) override;
    void find(std::string guest, Done<GuestInfo> done) override;
    void act(std::string guest, daemon::Action action, bool force, std::chrono::milliseconds timeout,
             Done<void> done) override;
    void attach_vif(std::string guest, VifConfig vif, Done<std::uint32_t> done) override;
    void attach_disk(std::string guest, DiskConfig disk, Done<std::uint32_t> done) override;
    void detach(std::string guest, devices::DeviceType type, std::string device, bool force,
                Done<void> done) override;
    void devices(std::string guest, Done<std::vector<devices::GuestStatus>> done) override;
    [[nodiscard]] std::vector<daemon::FlavourSpec> flavours() const override;
    Result<void> put_flavour(daemon::FlavourSpec flavour) override;
    Result<void> delete_flavour(const std::string& name) override;
    [[nodiscard]] std::vector<daemon::PoolStatus> pools() const override;
    Result<void> put_pool(const std::string& flavour, daemon::PoolSpec spec) override;
    Result<void> drain_pool(const std::string& flavour) override;
    Result<void> delete_pool(const std::string& flavour) override;
    Result<daemon::HostStatus> host() override;
    daemon::Events& events() override { return events_; }

  private:
    Result<daemon::MadeGuest> make(const daemon::CreateRequest& request);
    Result<GuestInfo*> look_up(const std::string& guest);
    void soon(std::function<void()> answer);

    std::map<std::uint16_t, GuestInfo> guests_;
    std::uint16_t last_id_ = 100;
    std::map<std::string, daemon::FlavourSpec> flavours_;
    std::map<std::string, daemon::PoolStatus> pools_;
    std::deque<std::function<void()>> waiting_;
    daemon::Events events_;
};

} // namespace chaos::test
