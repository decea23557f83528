// SPDX-License-Identifier: BSD-3-Clause
// Files as kernels come in: opened without ever waiting, read at an offset.
#pragma once

#include <string>
#include <sys/stat.h>

#include "libchaos/image/kernel.hpp"
#include "libchaos/unique_fd.hpp"

namespace chaos {

/// A regular file open for reading, and what fstat(2) said of it.
struct OpenFile {
    UniqueFd descriptor;
    struct stat status = {};
};

FileIdentity identity_of(const struct stat& status);

/// Opens a regular file. Anything else (a directory, a FIFO nobody writes to, a device) fails at once.
Result<OpenFile> open_regular_file(const std::string& path);

/// Reads all of `size` bytes from `offset`; a file that ends before is an Error.
Result<void> read_fully(int descriptor, std::uint64_t offset, void* buffer, std::size_t size);

/// A file as the parsers see it; its size is the one it had when it was opened.
class FileBytes final : public ByteSource {
  public:
    explicit FileBytes(const OpenFile& file)
        : descriptor_(file.descriptor.get()), size_(static_cast<std::uint64_t>(file.status.st_size)) {}
    [[nodiscard]] std::uint64_t size() const override { return size_; }
    [[nodiscard]] Result<void> read_at(std::uint64_t offset, void* buffer, std::size_t size) const override {
        return read_fully(descriptor_, offset, buffer, size);
    }

  private:
    int descriptor_;
    std::uint64_t size_;
};

} // namespace chaos
