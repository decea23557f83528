// SPDX-License-Identifier: BSD-3-Clause
// The disk as the daemon sees it: an image, and at most one connection.
#include "xendevd/vbd/vbd.hpp"

#include <nlohmann/json.hpp>

#include "noxs/noxs.h"
#include "xendevd/vbd/connection.hpp"

namespace xendevd {

using chaos::Error;
using chaos::ErrorKind;
using chaos::Result;

namespace {

class Vbd final : public Backend {
  public:
    explicit Vbd(std::shared_ptr<Disk> disk) : disk_(std::move(disk)) {}
    ~Vbd() override { disconnect(); }

    [[nodiscard]] std::uint32_t features() const override {
        return NOXS_VBD_FLUSH | NOXS_VBD_INDIRECT | NOXS_VBD_PERSISTENT |
               (disk_->image.can_discard() ? NOXS_VBD_DISCARD : 0);
    }

    Result<std::uint32_t> connect(const Offer& offer, chaos::EventChannelPort local,
                                  BackendOwner& owner) override {
        disconnect();
        const std::size_t pages = offer.rings.size();
        if (pages != 1 && pages != 2 && pages != 4 && pages != 8)
            return Error(ErrorKind::guest_failed,
                         "the ring has " + std::to_string(pages) + " pages, not 1, 2, 4 or 8");
        const std::uint32_t in_use = offer.features & features();
        connection_ = TRY(Connection::make(disk_, offer, in_use, local, owner));
        return in_use;
    }

    void handle_event() override {
        // Held here, because a guest that breaks the protocol is disconnected from within.
        if (const auto connection = connection_)
            connection->handle_event();
    }
    [[nodiscard]] bool is_idle() const override { return !connection_ || connection_->is_idle(); }
    void stop_taking_requests() override {
        if (connection_)
            connection_->stop_taking_requests();
    }
    void disconnect() override {
        if (!connection_)
            return;
        connection_->abandon();
        connection_.reset();
    }

    [[nodiscard]] Counters counters() const override { return disk_->counters; }
    void describe(nlohmann::json& out) const override {
        out["path"] = disk_->settings.path;
        out["device_name"] = disk_->settings.device_name;
        out["sectors"] = disk_->image.sectors();
        out["read_only"] = disk_->settings.read_only;
    }

  private:
    std::shared_ptr<Disk> disk_;
    std::shared_ptr<Connection> connection_;
};

} // namespace

Result<std::unique_ptr<Backend>> make_vbd(Daemon& daemon, chaos::DomainId domain, const VbdSettings& settings,
                                          chaos::UniqueFd file) {
    auto engine = TRY(Engine::get(daemon.loop));
    auto image = TRY(Image::open(settings, std::move(file)));
    auto disk = std::make_shared<Disk>(
        Disk{daemon, domain, settings, std::move(engine), std::move(image), RateLimiter(settings.rate)});
    return std::unique_ptr<Backend>(std::make_unique<Vbd>(std::move(disk)));
}

} // namespace xendevd
