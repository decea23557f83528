// SPDX-License-Identifier: BSD-3-Clause
// The file or block device behind a disk: checked once, locked while the disk lives.
#pragma once

#include <cstdint>

#include "libchaos/result.hpp"
#include "libchaos/unique_fd.hpp"
#include "xendevd/vbd/vbd.hpp"

namespace xendevd {

class Image {
  public:
    /// Says what is wrong with an image that cannot be served as `settings` ask.
    static chaos::Result<Image> open(const VbdSettings& settings, chaos::UniqueFd file);
    Image(Image&&) = default;
    ~Image();

    [[nodiscard]] int file() const { return file_.get(); }
    [[nodiscard]] std::uint64_t sectors() const { return sectors_; }
    [[nodiscard]] bool can_discard() const { return can_discard_; }

  private:
    explicit Image(chaos::UniqueFd file) : file_(std::move(file)) {}
    chaos::Result<void> check(const VbdSettings& settings);
    chaos::Result<void> bypass_page_cache(std::uint32_t sector_size);
    chaos::Result<void> lock(bool read_only);

    chaos::UniqueFd file_;
    std::uint64_t sectors_ = 0;
    bool is_block_device_ = false;
    bool can_discard_ = false;
};

} // namespace xendevd
