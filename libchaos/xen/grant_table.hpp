// SPDX-License-Identifier: BSD-3-Clause
// Pages that guests granted to this domain (libxengnttab): mapped, or copied from and to.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <utility>

#include "libchaos/result.hpp"
#include "libchaos/xen/ids.hpp"

struct xengntdev_handle;

namespace chaos::xen {

enum class GrantAccess : std::uint8_t { read_only, read_write };

/// Granted pages, mapped side by side in the order they were asked for; unmapped when it goes. The guest may change
/// the contents at any moment. A domain that is destroyed while mapped stays behind as a zombie until then.
class GrantMapping {
  public:
    GrantMapping() = default;
    GrantMapping(GrantMapping&& other) noexcept
        : handle_(other.handle_), address_(std::exchange(other.address_, nullptr)), pages_(other.pages_) {}
    GrantMapping& operator=(GrantMapping&& other) noexcept;
    ~GrantMapping() { unmap(); }

    [[nodiscard]] std::byte* data() const { return static_cast<std::byte*>(address_); }
    [[nodiscard]] std::size_t pages() const { return address_ ? pages_ : 0; }
    explicit operator bool() const { return address_ != nullptr; }
    void unmap();

  private:
    friend class GrantTable;
    GrantMapping(xengntdev_handle* handle, void* address, std::uint32_t pages)
        : handle_(handle), address_(address), pages_(pages) {}

    xengntdev_handle* handle_ = nullptr;
    void* address_ = nullptr;
    std::uint32_t pages_ = 0;
};

/// One end of a copy: bytes of ours, or of a page that a guest granted.
union GrantCopyEnd {
    void* local;
    struct {
        std::uint32_t reference;
        std::uint16_t offset; ///< offset + length stay within the page
        std::uint16_t domain;
    } granted;
};

/// One piece of a batch of copies; laid out as libxengnttab's xengnttab_grant_copy_segment, so that a batch is handed
/// on as it is.
struct GrantCopy {
    GrantCopyEnd source;
    GrantCopyEnd destination;
    std::uint16_t length; ///< bytes, at most 4096
    std::uint16_t flags;  ///< source_granted, destination_granted, or both
    std::int16_t
        status; ///< out: 0, or negative if the reference or the piece was bad (GNTST_*, xen/grant_table.h)

    static constexpr std::uint16_t source_granted = 1;      // GNTCOPY_source_gref
    static constexpr std::uint16_t destination_granted = 2; // GNTCOPY_dest_gref
};

/// Move-only owner of a libxengnttab handle; must outlive its mappings. Not thread safe.
class GrantTable {
  public:
    static Result<GrantTable> open();

    /// Maps `references` of `domain`; at most 512. Fails as a whole.
    Result<GrantMapping> map(DomainId domain, std::span<const GrantReference> references, GrantAccess access);
    /// Carries out all of `copies` in one system call and fills in each `status`. Fails itself only if nothing could be
    /// tried.
    Result<void> copy(std::span<GrantCopy> copies);

  private:
    struct Close {
        void operator()(xengntdev_handle* handle) const;
    };
    explicit GrantTable(xengntdev_handle* handle) : handle_(handle) {}
    std::unique_ptr<xengntdev_handle, Close> handle_;
};

} // namespace chaos::xen
