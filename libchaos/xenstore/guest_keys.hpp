// SPDX-License-Identifier: BSD-3-Clause
// What xl and its guests find about one guest in xenstored: the same keys, values and permissions as libxl writes.
#pragma once

#include <optional>
#include <string>

#include "libchaos/config/guest_config.hpp"
#include "libchaos/state/record.hpp"
#include "libchaos/xenstore/batch.hpp"

namespace chaos::xenstore {

/// "/local/domain/5"
std::string domain_path(DomainId domain);
/// "/libxl/5", where libxl keeps what no guest may change.
std::string libxl_path(DomainId domain);
/// "/vm/xxxxxxxx-…"
std::string vm_path(const Uuid& uuid);
/// The key that says whose a domain's directory is: the first that is written, the last that is removed.
std::string owner_key(DomainId domain);

struct GuestKeys {
    DomainId domain{};
    Uuid uuid;
    GuestType type = GuestType::pvh;
    std::uint64_t memory_kib = 0;
    std::uint32_t vcpus = 1;
};

/// All that does not depend on which guest it will be and where its rings are.
void add_guest(Batch& batch, const GuestKeys& guest);
/// What is kept under the guest's UUID, and who the domain is.
void add_vm(Batch& batch, DomainId domain, const Uuid& uuid);
void remove_vm(Batch& batch, const Uuid& uuid);
/// Its name; also later, if it gets another.
void add_name(Batch& batch, DomainId domain, const Uuid& uuid, std::string_view name);
/// What a PV guest runs, for whoever looks; libxl writes it for these only.
void add_image(Batch& batch, const Uuid& uuid, const GuestConfig& config);
/// The rings of console and store, and then the domain itself: xenstored and xenconsoled take their ends of them at once.
/// Of a PV guest the frames are machine frames.
void add_rings(Batch& batch, DomainId domain, const DeviceLocation& console, const DeviceLocation& store);

/// Takes away the front ends, on which the kernel's back-ends end by themselves.
void remove_front_ends(Batch& batch, DomainId domain);
/// Everything but what is under its UUID, once no back-end is left that could write there any more.
void remove_guest(Batch& batch, DomainId domain);

} // namespace chaos::xenstore
