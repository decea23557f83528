// SPDX-License-Identifier: BSD-3-Clause
// Kinds of shells and of guests in them, and what their tests do with them.
#pragma once

#include "libchaos/domain/ahead.hpp"

#include <cerrno>
#include <filesystem>
#include <optional>

#include "libchaos/domain/lifecycle.hpp"
#include "tests/fakes/headers.hpp"
#include "tests/fakes/system_calls.hpp"
#include "tests/libchaos/domain/host_fixture.hpp"
#include "tests/libchaos/state/samples.hpp"

namespace chaos {

using namespace std::chrono_literals;
using devices::AttachRequest;
using devices::DeviceType;
using devices::SettleRequest;
namespace system_calls = fakes::system_calls;

/// One kind of shell, and of guest in it.
struct ShellKind {
    const char* name;
    bool hot = false;
    bool noxs = true;
    bool devices = false;
    bool ramdisk = false;
    bool xendevd = false;
    bool uuid = false;
    bool pv = false;
    bool watch = false;
    bool watch_ahead = false;
};

inline std::ostream& operator<<(std::ostream& out, const ShellKind& kind) {
    return out << kind.name;
}

class AheadTest : public test::HostTest {
  protected:
    GuestConfig config_of(const ShellKind& kind) const {
        GuestConfig wanted = kind.devices ? config_with_devices() : config();
        if (kind.pv)
            wanted.type = GuestType::pv;
        wanted.kernel = kind.pv ? pv_kernel_path() : kind.noxs ? kernel_path() : stock_kernel_path();
        if (kind.ramdisk) {
            wanted.ramdisk = directory / "ramdisk";
            test::write_file(wanted.ramdisk, std::string(5000, 'r'));
        }
        if (kind.uuid)
            wanted.uuid = Uuid::parse("01234567-89ab-4cde-8f01-23456789abcd").value();
        wanted.command_line = "one two";
        return wanted;
    }
    const Kernel& open_kernel(const std::string& path) {
        if (!kernel || kernel->path() != path)
            kernel.emplace(*Kernel::open(path, directory / "cache"));
        return *kernel;
    }
    ShellPlan plan_for(const GuestConfig& wanted, bool hot) {
        ShellPlan plan;
        plan.shape = wanted;
        plan.shape.name = "nobody";
        plan.shape.command_line = "nothing";
        plan.shape.disks.clear();
        plan.disks = static_cast<std::uint32_t>(wanted.disks.size());
        plan.kernel = &open_kernel(wanted.kernel);
        plan.hot = hot;
        return plan;
    }
    ReadyShell prepare_shell(const ShellPlan& plan) {
        auto ready = prepare_ahead(host, plan);
        EXPECT_TRUE(ready) << ready.error().story();
        return std::move(ready).value();
    }
    Result<CreatedGuest> try_create_in(ReadyShell shell, const GuestConfig& wanted,
                                       const CreateOptions& options = {}) {
        auto made = TRY(create_in(host, std::move(shell), wanted, *kernel, options));
        made.started.keep();
        return made.created;
    }
    void undo(const CreatedGuest& created) {
        if (xendevd) {
            ASSERT_TRUE((*host.needed_devices())->forget(created.id));
        }
        ASSERT_TRUE(host.control().destroy(created.id) && host.registry().remove(created.id, created.uuid));
    }
    void play(const ShellKind& kind) {
        if (kind.xendevd)
            start_xendevd();
        if (!kind.noxs)
            xen.on_start = nullptr;
        ASSERT_TRUE(host.events()); // stay open between creations
    }
    std::optional<Kernel> kernel;
};

} // namespace chaos
