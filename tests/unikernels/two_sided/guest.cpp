// SPDX-License-Identifier: BSD-3-Clause
// The runtime's hypercalls, carried out on the pretend machine.
#include "tests/unikernels/two_sided/guest.hpp"

#include "unikernels/runtime/devices.hpp"
#include "unikernels/runtime/grant_table.hpp"
#include "unikernels/runtime/page_allocator.hpp"

namespace two_sided {

namespace {

/// The guest that the drivers run in now.
struct Machine {
    chaos::fakes::Xen* xen = nullptr;
    chaos::fakes::Domain* domain = nullptr;
    chaos::xen::ForeignMemory* memory = nullptr;
    std::uint64_t next_gfn = 0;
    std::uint32_t next_reference = 0;
};
Machine machine;

} // namespace

GuestFixture::GuestFixture() {
    machine = {&xen, &domain, &memory, 64, NOXS_FIRST_GUEST_GRANT};
}

GuestFixture::~GuestFixture() {
    door.reset();
    turn_for(std::chrono::milliseconds(1));
    EXPECT_EQ(domain.mapped, 0u) << "pages of the guest stayed mapped";
}

unikernel::Device GuestFixture::device() {
    return {.control_page = page(control_gfn), .port = port, .id = 0, .backend_domain = 0, .instance = 1};
}

void GuestFixture::open_door(std::unique_ptr<xendevd::Backend> backend) {
    auto opened = xendevd::NoxsDoor::open(daemon, "the device", guest_id, chaos::EventChannelPort{port},
                                          control_reference, std::move(backend));
    ASSERT_TRUE(opened) << opened.error().story();
    door = std::move(*opened);
}

bool GuestFixture::wait_for(const std::function<bool()>& condition) {
    for (const auto end = xendevd::Clock::now() + std::chrono::seconds(5); xendevd::Clock::now() < end;) {
        if (condition())
            return true;
        EXPECT_TRUE(loop->turn(std::chrono::milliseconds(5)));
    }
    return condition();
}

} // namespace two_sided

namespace unikernel {

using two_sided::machine;

void* allocate_pages(std::size_t count) {
    // The machine's frames lie one behind the other, because they were asked for in order.
    void* pages = machine.xen->page(machine.domain->id, machine.next_gfn);
    machine.next_gfn += count;
    return pages;
}

void free_pages(void*, std::size_t) {}

// No test here changes the device page: a device stays listed.
std::uint32_t device_generation() {
    return 2;
}

std::optional<Device> find_device(noxs_device_type, std::uint16_t) {
    return std::nullopt;
}

GrantReference grant_pages(std::uint16_t domain, const void* memory, std::size_t count) {
    const auto* first = static_cast<const std::byte*>(memory);
    std::uint64_t gfn = 0;
    while (machine.xen->page(machine.domain->id, gfn) != first)
        ++gfn;
    const GrantReference reference = machine.next_reference;
    for (std::size_t index = 0; index < count; ++index) {
        EXPECT_EQ(machine.xen->page(machine.domain->id, gfn + index), first + index * 4096);
        const chaos::xen::GrantSeed seeds[] = {{chaos::GrantReference{machine.next_reference++},
                                                chaos::DomainId{domain}, chaos::Gfn{gfn + index}}};
        EXPECT_TRUE(machine.memory->seed_grants(chaos::DomainId{machine.domain->id}, seeds));
    }
    return reference;
}

bool end_grants(GrantReference first, std::size_t count) {
    for (std::size_t index = 0; index < count; ++index) {
        const auto found = machine.domain->grants_in_use.find(static_cast<std::uint32_t>(first + index));
        if (found != machine.domain->grants_in_use.end() && found->second != 0)
            return false;
    }
    return true;
}

void EventHandler::bind(EventPort port) {
    port_ = port;
}
void EventHandler::unbind() {
    port_ = 0;
}

void notify(EventPort port) {
    machine.xen->notify_from(*machine.domain, port);
}

} // namespace unikernel
