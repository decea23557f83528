// SPDX-License-Identifier: BSD-3-Clause
// A kernel file opened and understood: where its segments go, where it is entered, what it says of itself.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "libchaos/result.hpp"
#include "libchaos/unique_fd.hpp"

namespace chaos {

/// One PT_LOAD segment: `file_size` bytes at `file_offset` go to guest-physical `address`; the rest up to
/// `memory_size` is zero. Checked: no overflow, file_size <= memory_size, inside the file, segments do not
/// overlap.
struct KernelSegment {
    std::uint64_t address = 0;
    std::uint64_t file_offset = 0;
    std::uint64_t file_size = 0;
    std::uint64_t memory_size = 0;
};

/// What an ELF kernel's headers and notes say. Pure data.
struct KernelHeaders {
    std::vector<KernelSegment> segments; ///< sorted by address, at least one, at most 16
    std::uint64_t lowest_address = 0;    ///< of any segment
    std::uint64_t end_address = 0;       ///< first byte after the highest segment, below 4 GiB
    /// Guest-physical address of the 32-bit PVH entry (note XEN_ELFNOTE_PHYS32_ENTRY, xen/elfnote.h), inside
    /// a segment.
    std::optional<std::uint32_t> pvh_entry;
    bool xen_pv = false;                       ///< carries the notes of a paravirtual kernel
    std::optional<std::uint32_t> noxs_version; ///< major << 16 | minor from the noxs note (noxs/noxs.h)
};

/// Which file it is and in which state: what changes when somebody writes to it or puts another in its place.
struct FileIdentity {
    std::uint64_t device = 0;
    std::uint64_t inode = 0;
    std::uint64_t size = 0;
    std::int64_t modified_ns = 0; ///< since 1970
    std::int64_t changed_ns = 0;

    /// That of the file which `path` leads to now: one system call.
    static Result<FileIdentity> of(const std::string& path);
    friend bool operator==(const FileIdentity&, const FileIdentity&) = default;
};

/// Bytes of a file as the parser sees them; lets tests and fuzzers feed memory.
class ByteSource {
  public:
    virtual ~ByteSource() = default;
    [[nodiscard]] virtual std::uint64_t size() const = 0;
    /// Fills `size` bytes from `offset`, all or an Error.
    [[nodiscard]] virtual Result<void> read_at(std::uint64_t offset, void* buffer,
                                               std::size_t size) const = 0;
};

/// Parses a 64-bit x86 ELF executable. Everything in it is taken for hostile; the parser reads headers and
/// notes only.
Result<KernelHeaders> parse_elf_kernel(const ByteSource& source);

/// A kernel ready to be copied into guests: the open file and its headers. Move-only; safe to read from
/// several threads.
class Kernel {
  public:
    /// Opens `path`. A Linux bzImage is unpacked once into `cache_directory` (made if missing) and found
    /// there the next time; a changed file is unpacked again. Fails with ErrorKind::invalid_image, also if
    /// there is no such file.
    static Result<Kernel> open(const std::string& path,
                               const std::string& cache_directory = "/var/cache/chaos/kernels");

    [[nodiscard]] const KernelHeaders& headers() const { return headers_; }
    /// Reads a piece of the (unpacked) file straight into `destination`, which may be guest memory.
    [[nodiscard]] Result<void> read_at(std::uint64_t offset, void* destination, std::size_t size) const;
    /// The path that was asked for; messages name it.
    [[nodiscard]] const std::string& path() const { return path_; }
    /// The ELF file in use: `path()`, or its unpacked copy in the cache.
    [[nodiscard]] const std::string& elf_path() const { return elf_path_; }
    /// That of the file at path() when it was opened.
    [[nodiscard]] const FileIdentity& identity() const { return identity_; }

  private:
    Kernel() = default;

    UniqueFd file_;
    std::string path_;
    std::string elf_path_;
    KernelHeaders headers_;
    FileIdentity identity_;
};

} // namespace chaos
