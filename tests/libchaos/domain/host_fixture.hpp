// SPDX-License-Identifier: BSD-3-Clause
// A host on the pretend Xen, with a kernel to create guests from and a guest that speaks noxs played inside
// them.
#pragma once

#include <gtest/gtest.h>

#include <map>
#include <string>

#include "libchaos/domain/create.hpp"
#include "libchaos/domain/host.hpp"
#include "libchaos/domain/query.hpp"
#include "tests/fakes/noxs_guest.hpp"
#include "tests/fakes/xen.hpp"
#include "tests/fakes/xendevd.hpp"
#include "tests/libchaos/temporary_directory.hpp"

namespace chaos::test {

/// What a deed could leave behind, in the hypervisor and in the state directory.
struct Traces {
    fakes::State xen;
    std::map<std::string, std::string> files;
    friend bool operator==(const Traces&, const Traces&) = default;
};
std::ostream& operator<<(std::ostream& out, const Traces& traces);

class HostTest : public testing::Test {
  protected:
    explicit HostTest(std::size_t frames = 8192);
    ~HostTest() override;

    /// A guest of 4 MiB with the kernel of `kernel_path()`.
    GuestConfig config(const std::string& name = "web") const;
    /// Creates it; must succeed.
    CreatedGuest create_guest(const GuestConfig& config, const CreateOptions& options = {});
    CreatedGuest create_guest(const std::string& name = "web") { return create_guest(config(name)); }
    /// Finds it; must succeed.
    GuestInfo find_guest(std::string_view name_id_or_uuid);
    Result<CreatedGuest> try_create(const GuestConfig& config, const CreateOptions& options = {});

    /// A unikernel: code at 64 KiB, data with zeroes behind it at 192 KiB; PVH entry and noxs notes.
    std::string kernel_path() const { return directory / "kernel"; }
    /// The same without the noxs note.
    std::string stock_kernel_path() const { return directory / "stock-kernel"; }
    /// A paravirtual one.
    std::string pv_kernel_path() const { return directory / "pv-kernel"; }
    /// A disk image of 1 MiB, made when it is first asked for.
    std::string image_path(const std::string& name = "disk.img") const;
    /// A guest with two vifs and a disk that it writes and one that it reads.
    GuestConfig config_with_devices(const std::string& name = "web") const;
    /// Starts the pretend xendevd, and connects to it so that what that takes is part of every `before`.
    fakes::Xendevd& start_xendevd();
    std::string state_directory() const { return directory / "state"; }
    /// Another process's view of the same host.
    Host second_host() const;

    Traces traces() const;

    TemporaryDirectory directory;
    fakes::Xen& xen;
    fakes::NoxsGuest guest;
    Host host;
    std::unique_ptr<fakes::Xendevd> xendevd;

    static const std::string code;
    static const std::string data;
    static constexpr std::uint64_t code_address = 0x10000;
    static constexpr std::uint64_t data_address = 0x30080;
    static constexpr std::uint64_t data_memory_size = 0x5000;
    static constexpr std::uint32_t entry = 0x10010;
};

} // namespace chaos::test
