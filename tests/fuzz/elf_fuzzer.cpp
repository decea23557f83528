// SPDX-License-Identifier: BSD-3-Clause
// Any bytes as an ELF kernel.
#include "memory_bytes.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace chaos;
    const auto headers = parse_elf_kernel(fuzz::MemoryBytes(data, size));
    if (headers)
        fuzz::check_headers(*headers, size);
    else
        fuzz::require(headers.error().kind() == ErrorKind::invalid_image && !headers.error().story().empty());
    return 0;
}
