// SPDX-License-Identifier: BSD-3-Clause
// Checks of requests: all that a front end may write into one is covered here, so that what follows can rely on it.
#include "xendevd/vbd/request.hpp"

#include <algorithm>
#include <cstring>

#include "noxs/noxs.h"

namespace xendevd {

namespace {

constexpr std::uint32_t sectors_per_page = 8;

template<typename Layout>
Layout as(const blkif_request& copy) {
    static_assert(sizeof(Layout) <= sizeof copy);
    Layout result;
    std::memcpy(&result, &copy, sizeof result);
    return result;
}

} // namespace

Verdict Request::refuse(std::int16_t why) {
    status = why;
    return Verdict::answer;
}

Verdict Request::read(const blkif_request& copy, const RequestLimits& limits) {
    id = copy.id;
    operation = copy.operation;
    done = false;
    status = BLKIF_RSP_OKAY;
    is_indirect = false;
    segments.clear();
    buffer = nullptr;
    bytes = 0;
    segment_count = copy.nr_segments;
    switch (copy.operation) {
    case BLKIF_OP_READ:
        kind = Kind::read;
        break;
    case BLKIF_OP_WRITE:
        kind = Kind::write;
        break;
    case BLKIF_OP_FLUSH_DISKCACHE:
        kind = Kind::flush;
        // One with data would be a flush and a write; no driver sends it where barriers are not offered.
        if (!(limits.features & NOXS_VBD_FLUSH) || copy.nr_segments != 0)
            return refuse(BLKIF_RSP_EOPNOTSUPP);
        return Verdict::carry_out;
    case BLKIF_OP_DISCARD:
        return read_discard(as<blkif_request_discard>(copy), limits);
    case BLKIF_OP_INDIRECT:
        return read_indirect(as<blkif_request_indirect>(copy), limits);
    default: // barriers too: they are not offered
        return refuse(BLKIF_RSP_EOPNOTSUPP);
    }
    if (copy.nr_segments > BLKIF_MAX_SEGMENTS_PER_REQUEST)
        return Verdict::breaks_device;
    if (copy.nr_segments == 0 || copy.sector_number >= limits.sectors)
        return refuse(BLKIF_RSP_ERROR);
    offset = copy.sector_number * bytes_per_sector;
    segments.assign(copy.seg, copy.seg + copy.nr_segments);
    return Verdict::carry_out;
}

Verdict Request::read_indirect(const blkif_request_indirect& copy, const RequestLimits& limits) {
    if (!(limits.features & NOXS_VBD_INDIRECT))
        return refuse(BLKIF_RSP_EOPNOTSUPP);
    operation = copy.indirect_op; // Linux' front end compares the answer with this one
    is_indirect = true;
    segment_count = copy.nr_segments;
    if (copy.indirect_op != BLKIF_OP_READ && copy.indirect_op != BLKIF_OP_WRITE)
        return refuse(BLKIF_RSP_EOPNOTSUPP);
    kind = copy.indirect_op == BLKIF_OP_READ ? Kind::read : Kind::write;
    if (copy.nr_segments > most_segments)
        return Verdict::breaks_device;
    if (copy.nr_segments == 0 || copy.sector_number >= limits.sectors)
        return refuse(BLKIF_RSP_ERROR);
    offset = copy.sector_number * bytes_per_sector;
    segment_page = copy.indirect_grefs[0];
    static_assert(most_segments * sizeof(blkif_request_segment) <= chaos::page_size);
    return Verdict::carry_out;
}

Verdict Request::read_discard(const blkif_request_discard& copy, const RequestLimits& limits) {
    kind = Kind::discard;
    segment_count = 0;
    if (!(limits.features & NOXS_VBD_DISCARD))
        return refuse(BLKIF_RSP_EOPNOTSUPP);
    if (copy.nr_sectors == 0 || copy.sector_number >= limits.sectors ||
        copy.nr_sectors > limits.sectors - copy.sector_number)
        return refuse(BLKIF_RSP_ERROR);
    offset = copy.sector_number * bytes_per_sector;
    bytes = copy.nr_sectors * bytes_per_sector;
    return Verdict::carry_out;
}

Verdict Request::check(const RequestLimits& limits) {
    if (kind == Kind::flush || kind == Kind::discard)
        return Verdict::carry_out;
    std::uint64_t sectors = 0;
    bool is_aligned = offset % limits.sector_size == 0;
    const std::uint32_t unit = limits.sector_size / bytes_per_sector;
    for (const blkif_request_segment& segment : segments) {
        if (segment.last_sect >= sectors_per_page || segment.first_sect > segment.last_sect)
            return Verdict::breaks_device;
        const std::uint32_t length = segment.last_sect - segment.first_sect + 1u;
        is_aligned = is_aligned && segment.first_sect % unit == 0 && length % unit == 0;
        sectors += length;
    }
    bytes = sectors * bytes_per_sector;
    if (!is_aligned || sectors > limits.sectors - offset / bytes_per_sector ||
        (kind == Kind::write && limits.read_only))
        return refuse(BLKIF_RSP_ERROR);
    return Verdict::carry_out;
}

} // namespace xendevd
