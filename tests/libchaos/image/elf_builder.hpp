// SPDX-License-Identifier: BSD-3-Clause
// Builds ELF kernels in memory, right or wrong in any field.
#pragma once

#include <cstring>
#include <elf.h>
#include <string>
#include <vector>

#include "libchaos/image/kernel.hpp"

namespace chaos::test {

/// One note with its name and descriptor padded to `alignment`.
std::string note(std::string_view name, std::uint32_t type, std::string_view descriptor,
                 std::size_t alignment = 4);

/// An integer as it lies in a file.
template<typename Integer>
std::string bytes_of(Integer value) {
    std::string bytes(sizeof value, '\0');
    std::memcpy(bytes.data(), &value, sizeof value);
    return bytes;
}

/// The file header, the program headers, then the contents in the order they were added. Change any public
/// field before build() to damage it.
class ElfBuilder {
  public:
    ElfBuilder();

    /// Adds a segment to load; more memory than content is zeroes.
    Elf64_Phdr& load(std::uint64_t address, std::string content, std::uint64_t memory_size);
    Elf64_Phdr& load(std::uint64_t address, std::string content);
    /// Adds a segment of notes.
    Elf64_Phdr& notes(std::string content, std::uint64_t alignment = 4);

    [[nodiscard]] std::string build();

    Elf64_Ehdr header{};
    std::vector<Elf64_Phdr> programs;

  private:
    Elf64_Phdr& add(std::uint32_t type, std::string content);

    std::vector<std::string> contents_;
};

/// A small kernel with a PVH entry at its address and the noxs note.
ElfBuilder unikernel(std::uint64_t address = 0x10000);

/// A file in memory that counts how often it is read.
class MemoryBytes final : public ByteSource {
  public:
    explicit MemoryBytes(std::string bytes) : bytes_(std::move(bytes)) {}
    [[nodiscard]] std::uint64_t size() const override { return bytes_.size(); }
    [[nodiscard]] Result<void> read_at(std::uint64_t offset, void* buffer, std::size_t size) const override;
    [[nodiscard]] int reads() const { return reads_; }

  private:
    std::string bytes_;
    mutable int reads_ = 0;
};

} // namespace chaos::test
