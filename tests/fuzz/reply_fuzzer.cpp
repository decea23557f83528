// SPDX-License-Identifier: BSD-3-Clause
// Packets of any bytes from xendevd, as each of the answers that chaos reads.
#include <cstdint>

#include "libchaos/devices/protocol.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view packet(reinterpret_cast<const char*>(data), size);
    (void)chaos::devices::decode_reply(packet);
    (void)chaos::devices::decode_list_packet(packet);
    (void)chaos::devices::decode_status(packet);
    return 0;
}
