// SPDX-License-Identifier: BSD-3-Clause
// Guest memory mapped into this process (libxenforeignmemory).
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <utility>

#include "libchaos/result.hpp"
#include "libchaos/xen/ids.hpp"

struct xenforeignmemory_handle;
struct xenforeignmemory_resource_handle;
struct xenforeignmemory_resource_handle;

namespace chaos::xen {

class ForeignMemory;

/// Pages of a guest, mapped read-write in the order they were asked for; unmapped when it goes. A domain that
/// is destroyed while mapped stays behind as a zombie until then. The guest may change the contents at any
/// moment.
class Mapping {
  public:
    Mapping() = default;
    Mapping(Mapping&& other) noexcept
        : handle_(other.handle_), address_(std::exchange(other.address_, nullptr)), pages_(other.pages_) {}
    Mapping& operator=(Mapping&& other) noexcept;
    ~Mapping() { unmap(); }

    [[nodiscard]] std::byte* data() const { return static_cast<std::byte*>(address_); }
    [[nodiscard]] std::byte* page(std::size_t index) const { return data() + index * page_size; }
    [[nodiscard]] std::size_t size() const { return address_ ? pages_ * page_size : 0; }
    void unmap();
    /// Goes on with another handle, which must outlive it then: one of the thread that has it now.
    void move_to(ForeignMemory& memory);

  private:
    friend class ForeignMemory;
    Mapping(xenforeignmemory_handle* handle, void* address, std::size_t pages)
        : handle_(handle), address_(address), pages_(pages) {}

    xenforeignmemory_handle* handle_ = nullptr;
    void* address_ = nullptr;
    std::size_t pages_ = 0;
};

/// A grant as the toolstack seeds it: `frame` is open, read-write, to `to`.
struct GrantSeed {
    GrantReference reference{};
    DomainId to{};
    Gfn frame;
};

/// The guest's grant table, mapped by seed_grants(). Only there because undoing a mapping takes time that the
/// guest need not wait for. As with a Mapping, a domain that is destroyed meanwhile stays behind as a zombie.
class GrantTableMapping {
  public:
    GrantTableMapping() = default;
    GrantTableMapping(GrantTableMapping&& other) noexcept
        : handle_(other.handle_), resource_(std::exchange(other.resource_, nullptr)) {}
    GrantTableMapping& operator=(GrantTableMapping&& other) noexcept {
        std::swap(handle_, other.handle_);
        std::swap(resource_, other.resource_);
        return *this;
    }
    ~GrantTableMapping();

  private:
    friend class ForeignMemory;
    GrantTableMapping(xenforeignmemory_handle* handle, xenforeignmemory_resource_handle* resource)
        : handle_(handle), resource_(resource) {}

    xenforeignmemory_handle* handle_ = nullptr;
    xenforeignmemory_resource_handle* resource_ = nullptr;
};

/// Move-only owner of a libxenforeignmemory handle. Not thread safe.
class ForeignMemory {
  public:
    static Result<ForeignMemory> open();

    Result<Mapping> map(DomainId domain, std::span<const std::uint64_t> gfns);
    /// Writes entries into the first page of the guest's version 1 grant table (references below 512).
    Result<GrantTableMapping> seed_grants(DomainId domain, std::span<const GrantSeed> grants);

  private:
    friend class Mapping;
    struct Close {
        void operator()(xenforeignmemory_handle* handle) const;
    };
    explicit ForeignMemory(xenforeignmemory_handle* handle) : handle_(handle) {}
    std::unique_ptr<xenforeignmemory_handle, Close> handle_;
};

} // namespace chaos::xen
