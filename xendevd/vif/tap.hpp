// SPDX-License-Identifier: BSD-3-Clause
// A TAP device: the host's end of a vif's cable. It outlives this process, so that a restart finds it as it was.
#pragma once

#include <cstdint>
#include <string>

#include "libchaos/result.hpp"
#include "libchaos/unique_fd.hpp"
#include "xendevd/vif/frame.hpp"

namespace xendevd {

class Tap {
  public:
    /// Makes the device, or takes it over if it exists and `may_exist`. Fails with name_taken if it exists and is not to
    /// be taken over, is in use, or is of another kind.
    static chaos::Result<Tap> open(const std::string& name, bool may_exist);
    /// For tests: `socket`, of a kind that keeps packets apart, stands for the device.
    static Tap of_socket(chaos::UniqueFd socket);
    Tap(Tap&& other) noexcept = default;
    Tap& operator=(Tap&& other) = delete;
    ~Tap();

    /// Closes it without removing the device.
    void keep() { is_kept_ = true; }
    [[nodiscard]] int fd() const { return fd_.get(); }
    [[nodiscard]] const std::string& name() const { return name_; }

    /// Which frames may be read unfinished: NOXS_VIF_CHECKSUM_BLANK and NOXS_VIF_GSO_* bits. The kernel finishes others.
    chaos::Result<void> set_offload(std::uint32_t features);

    /// False if the host did not take it.
    bool write(Frame& frame) const;
    enum class Reading : std::uint8_t { frame, nothing, gone };
    /// Reads one frame into the pieces of `frame` and sets its offload and length; what does not fit is cut off.
    Reading read(Frame& frame) const;

  private:
    Tap(chaos::UniqueFd fd, std::string name) : fd_(std::move(fd)), name_(std::move(name)) {}

    chaos::UniqueFd fd_;
    std::string name_; ///< empty: a socket
    bool is_kept_ = false;
};

} // namespace xendevd
