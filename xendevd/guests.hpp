// SPDX-License-Identifier: BSD-3-Clause
// All guests that have something here, by domain id: attached, found again after a restart, let go when they are gone.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "libchaos/devices/protocol.hpp"
#include "libchaos/unique_fd.hpp"
#include "xendevd/daemon.hpp"
#include "xendevd/guest.hpp"

namespace chaos::xen {
class Control;
}

namespace xendevd {

class Guests final : Timer {
  public:
    /// Journals lie in `directory`.
    Guests(Daemon& daemon, std::string directory) : daemon_(daemon), directory_(std::move(directory)) {}

    /// Makes all devices of `request`, or none of them, and tells when that is done: later if the host's network is waited
    /// for. `images` are the open files of its vbds, in order.
    using Attached = std::function<void(chaos::Result<void>)>;
    void attach(chaos::devices::AttachRequest request, std::vector<chaos::UniqueFd> images,
                Attached attached);
    /// Makes a guest of a shell, or leaves it as it is. `images` as in attach().
    chaos::Result<void> settle(const chaos::devices::SettleRequest& request,
                               std::vector<chaos::UniqueFd> images);
    void detach(const chaos::devices::DetachRequest& request, Removed removed);
    chaos::Result<void> shutdown(const chaos::devices::ShutdownRequest& request);
    /// Lets go of everything of that domain, if there is anything.
    void forget(chaos::DomainId domain);

    /// The guest, or nullptr.
    [[nodiscard]] Guest* find(chaos::DomainId domain);
    /// The first guest with an id of at least `id`, or nullptr.
    [[nodiscard]] Guest* first_from(std::uint32_t id);
    [[nodiscard]] std::size_t size() const { return guests_.size(); }
    [[nodiscard]] std::size_t devices() const;

    /// After a restart, as root still: takes up what the journals name, for those domains that are still the same
    /// guests. What cannot be taken up is told to the log and left out.
    chaos::Result<void> restore(chaos::xen::Control& control);

  private:
    void run_timer() override;
    chaos::Result<void> finish_attaching(const chaos::devices::AttachRequest& request,
                                         std::vector<chaos::UniqueFd> images,
                                         chaos::Result<std::vector<Bridges::End>> ends);
    void forget_if_empty(chaos::DomainId domain);
    void watch_for_deaths();

    Daemon& daemon_;
    std::string directory_;
    std::map<chaos::DomainId, std::unique_ptr<Guest>> guests_;
    chaos::DomainId next_to_probe_{};
};

} // namespace xendevd
