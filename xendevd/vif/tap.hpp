// SPDX-License-Identifier: BSD-3-Clause
// A TAP device: the host's end of a vif's cable. It outlives this process, so that a restart finds it as it was.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "libchaos/result.hpp"
#include "libchaos/unique_fd.hpp"
#include "xendevd/vif/frame.hpp"

namespace xendevd {

/// What the aliases of all interfaces that xendevd makes begin with (`ip link` shows them).
constexpr std::string_view alias_beginning = "xendevd ";

/// Whether the kernel takes `name` for an interface.
bool is_interface_name(const std::string& name);

/// What is in a file of /sys, without the end of the line; nothing if it cannot be read.
std::string text_in_sys(const std::string& path);

class Tap {
  public:
    /// Makes the device, or takes it over if its alias says that a former xendevd made it. Fails with name_taken if there is
    /// another interface of that name, or the device is in use.
    static chaos::Result<Tap> open(const std::string& name);
    /// Has the kernel load its module, which takes as long as a hundred attachments, before the first guest waits for it. A
    /// host without it says so when a guest needs a device.
    static void load_module();
    /// For tests: `socket`, of a kind that keeps packets apart, stands for the device.
    static Tap of_socket(chaos::UniqueFd socket);
    Tap(Tap&& other) noexcept = default;
    Tap& operator=(Tap&& other) noexcept {
        std::swap(fd_, other.fd_); // what this had goes with the other
        std::swap(name_, other.name_);
        std::swap(is_kept_, other.is_kept_);
        return *this;
    }
    ~Tap();

    /// Closes it without removing the device.
    void keep() { is_kept_ = true; }
    [[nodiscard]] int fd() const { return fd_.get(); }
    [[nodiscard]] const std::string& name() const { return name_; }
    /// What the device is called now; empty if it has been removed.
    [[nodiscard]] std::string present_name() const;

    /// Which frames may be read unfinished: NOXS_VIF_CHECKSUM_BLANK and NOXS_VIF_GSO_* bits. The kernel finishes others.
    chaos::Result<void> set_offload(std::uint32_t features);

    /// False if the host did not take it.
    bool write(Frame& frame) const;
    enum class Reading : std::uint8_t { frame, nothing, gone };
    /// Reads one frame into the pieces of `frame` and sets its offload and length; what does not fit is cut off.
    Reading read(Frame& frame) const;

  private:
    static chaos::Result<Tap> attach(const std::string& name, bool may_exist);
    Tap(chaos::UniqueFd fd, std::string name) : fd_(std::move(fd)), name_(std::move(name)) {}

    chaos::UniqueFd fd_;
    std::string name_; ///< empty: a socket
    bool is_kept_ = false;
};

/// How many frames to ask a device for in a turn of the loop, so that who sends one at a time is not asked in vain for a
/// second: more from turn to turn while there are as many.
class ReadsAhead {
  public:
    [[nodiscard]] std::size_t expected() const { return expected_; }
    /// There were `count` frames in turn `turn` of the loop.
    void had(std::size_t count, std::uint64_t turn, std::size_t most) {
        if (count < expected_)
            expected_ = std::max<std::size_t>(count, 1);
        else if (turn == former_turn_ + 1)
            expected_ = std::min(2 * expected_, most);
        former_turn_ = turn;
    }

  private:
    std::size_t expected_ = 1;
    std::uint64_t former_turn_ = 0;
};

} // namespace xendevd
