// SPDX-License-Identifier: BSD-3-Clause
// Any bytes as a bzImage, and what unpacks from it as an ELF kernel.
#include <vector>

#include "libchaos/image/unpack.hpp"
#include "memory_bytes.hpp"

namespace {

/// Keeps a start, counts all.
class CountingSink final : public chaos::ByteSink {
  public:
    chaos::Result<void> write(std::span<const unsigned char> bytes) override {
        count += bytes.size();
        if (start.size() < 8192)
            start.insert(start.end(), bytes.begin(), bytes.end());
        return {};
    }
    std::uint64_t count = 0;
    std::vector<std::uint8_t> start;
};

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace chaos;
    const fuzz::MemoryBytes source(data, size);
    const auto payload = find_bzimage_payload(source);
    if (!payload || !payload->has_value())
        return 0;
    fuzz::require((*payload)->unpacked_size <= maximum_unpacked_size);
    CountingSink sink;
    const auto unpacked = unpack_payload(source, **payload, sink);
    fuzz::require(sink.count <= (*payload)->unpacked_size);
    fuzz::require(!unpacked || sink.count == (*payload)->unpacked_size);
    if (!unpacked)
        return 0;
    if (const auto headers = parse_elf_kernel(fuzz::MemoryBytes(sink.start.data(), sink.start.size())))
        fuzz::check_headers(*headers, sink.start.size());
    return 0;
}
