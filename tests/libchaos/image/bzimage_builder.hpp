// SPDX-License-Identifier: BSD-3-Clause
// Builds bzImages in memory, packed in each of the ways that Linux is.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace chaos::test {

std::string pack_gzip(std::string_view content);
std::string pack_xz(std::string_view content);
std::string pack_lzma(std::string_view content);
std::string pack_bzip2(std::string_view content);
std::string pack_zstd(std::string_view content);
std::string pack_lz4(std::string_view content); ///< in the legacy frame

/// A bzImage around `packed`, with the size behind it as Linux's build puts it there (gzip has its own).
std::string bzimage(std::string packed, std::uint32_t unpacked_size);
std::string bzimage_of_gzip(std::string packed);

} // namespace chaos::test
