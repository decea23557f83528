// SPDX-License-Identifier: BSD-3-Clause
// One request of a front end: what it asks for, and whether that can be.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "xendevd/vbd/disk_ring.hpp"

namespace xendevd {

/// What requests of one device are held against.
struct RequestLimits {
    std::uint64_t sectors = 0; // of 512 bytes
    std::uint32_t sector_size = 512;
    bool read_only = false;
    std::uint32_t features = 0; ///< NOXS_VBD_*: those in use
};

enum class Verdict : std::uint8_t {
    carry_out,
    answer,        ///< `status` says what is wrong with it; the guest may ask for that
    breaks_device, ///< no driver would ask for it
};

/// Indirect requests have up to this many segments, which fit one page.
constexpr std::uint32_t most_segments = 256;
constexpr std::uint32_t bytes_per_sector = 512;

struct Request {
    enum class Kind : std::uint8_t { read, write, flush, discard };

    std::uint64_t id = 0;
    std::uint8_t operation = 0; ///< as the answer has to repeat it
    Kind kind = Kind::read;
    bool done = false;
    std::int16_t status = BLKIF_RSP_OKAY;
    std::uint32_t segment_count = 0;
    bool is_indirect = false;
    std::uint32_t segment_page = 0; ///< indirect: the reference of the page with the segments
    std::uint64_t offset = 0;       ///< in the image, bytes
    std::uint64_t bytes = 0;        ///< known when the segments are
    std::vector<blkif_request_segment> segments;
    std::byte* buffer = nullptr; ///< if the data is copied rather than mapped

    /// Reads a copied request; not yet the segments of an indirect one.
    Verdict read(const blkif_request& copy, const RequestLimits& limits);
    /// Adds up the segments and compares them with the disk; once `segments` is filled.
    Verdict check(const RequestLimits& limits);

  private:
    Verdict refuse(std::int16_t why);
    Verdict read_indirect(const blkif_request_indirect& copy, const RequestLimits& limits);
    Verdict read_discard(const blkif_request_discard& copy, const RequestLimits& limits);
};

} // namespace xendevd
