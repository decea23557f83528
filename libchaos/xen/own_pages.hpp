// SPDX-License-Identifier: BSD-3-Clause
// Pages of this process that this domain has granted to itself, for copies from and to guests.
//
// The local end of a grant copy is an address, which the kernel looks up and pins for each page of each copy, or a grant
// reference. Giving a buffer references once spares that; docs/decisions/16 has what it saves.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "libchaos/result.hpp"
#include "libchaos/xen/grant_table.hpp"

namespace chaos::xen {

/// Move-only owner. Not thread safe. The pages are not inherited by a child process.
class OwnPages {
  public:
    /// Zeroed pages, resident from the start. Fails if the module xen-gntalloc is missing or its limit (1,024 pages of the
    /// host unless configured otherwise) does not allow so many.
    static Result<OwnPages> allocate(std::uint32_t count);

    OwnPages() = default;
    OwnPages(OwnPages&& other) noexcept
        : handle_(std::exchange(other.handle_, nullptr)), address_(std::exchange(other.address_, nullptr)),
          references_(std::move(other.references_)) {}
    OwnPages& operator=(OwnPages&& other) noexcept;
    ~OwnPages() { release(); }

    /// The first page; nullptr if this owns none.
    [[nodiscard]] std::byte* data() const { return static_cast<std::byte*>(address_); }
    /// Names `address` by its grant; nothing if it is in none of the pages. The piece must end with the page.
    [[nodiscard]] std::optional<GrantCopyEnd> find(const void* address) const;

  private:
    void release();

    xengntdev_handle* handle_ = nullptr;
    void* address_ = nullptr;
    std::vector<std::uint32_t> references_;
};

} // namespace chaos::xen
