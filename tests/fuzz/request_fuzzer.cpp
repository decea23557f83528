// SPDX-License-Identifier: BSD-3-Clause
// Packets of any bytes to xendevd: an Error, or a request that is written and read back the same.
#include <cstdint>
#include <cstdlib>

#include "libchaos/devices/protocol.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace chaos::devices;
    const auto request = decode_request(std::string_view(reinterpret_cast<const char*>(data), size));
    if (!request) {
        if (request.error().kind() != chaos::ErrorKind::invalid_argument || request.error().story().size() > 1024)
            std::abort();
        return 0;
    }
    if (const auto* attach = std::get_if<AttachRequest>(&*request))
        for (const AttachVbd& vbd : attach->vbds)
            if (vbd.config.path.front() != '/' || vbd.config.path.find('\0') != std::string::npos || vbd.sectors == 0)
                std::abort();
    const auto again = decode_request(encode(*request));
    if (!again || !(*again == *request))
        std::abort();
    return 0;
}
