// SPDX-License-Identifier: BSD-3-Clause
// A device page of any bytes, as a guest reads it: devices that are found have a port and a control page that is shared, and
// nothing is read beyond the page.
#include <algorithm>
#include <cstdlib>
#include <cstring>

#include "tests/unikernels/guest_memory.hpp"
#include "unikernels/runtime/devices.hpp"

using unikernel::Device;

namespace {

void check(const Device& device) {
    const auto page = reinterpret_cast<std::uint64_t>(device.control_page);
    const bool holds = device.port > 0 && device.port < 4096 && page % 4096 == 0 &&
                       page >= GuestMemory::base && page < GuestMemory::base + 2 * GuestMemory::size;
    if (!holds)
        std::abort();
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static GuestMemory memory;
    auto& page = memory.devices();
    // The last byte of the input says whether the header is a good one; an odd generation would be waited for.
    const bool has_header = size == 0 || data[size - 1] % 4 != 0;
    auto* bytes = reinterpret_cast<std::uint8_t*>(&page);
    std::memset(bytes, 0, sizeof page);
    std::memcpy(bytes, data, std::min(size, sizeof page));
    page.header.generation &= ~1u;
    if (has_header) {
        page.header.magic = NOXS_MAGIC;
        page.header.version_major = NOXS_VERSION_MAJOR;
    }
    memory.read();
    for (int type = NOXS_DEVICE_NONE; type <= NOXS_DEVICE_VBD + 1; ++type) {
        Device devices[5];
        const std::size_t count =
            unikernel::list_devices(static_cast<noxs_device_type>(type), std::span(devices).first(4));
        if (count > 4 || devices[4].port != 0)
            std::abort();
        for (std::size_t index = 0; index < count; ++index)
            check(devices[index]);
        for (const std::uint16_t id : {std::uint16_t{0}, std::uint16_t{1}, std::uint16_t{0xffff}}) {
            if (const auto found = unikernel::find_device(static_cast<noxs_device_type>(type), id))
                check(*found);
        }
    }
    return 0;
}
