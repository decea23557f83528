// SPDX-License-Identifier: BSD-3-Clause
// The pretend hypervisor's own doings; what its calls do is beside it, one file per library.
#include "tests/fakes/xen.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <ostream>

namespace chaos::fakes {
namespace {

std::unique_ptr<Xen> the_one;

std::size_t count_descriptors() {
    std::size_t count = 0;
    for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator("/proc/self/fd"))
        ++count;
    return count;
}

} // namespace

Xen& xen() {
    if (!the_one)
        std::abort();
    return *the_one;
}

Xen& boot(std::size_t frames) {
    the_one.reset();
    the_one = std::make_unique<Xen>(frames);
    return *the_one;
}

std::ostream& operator<<(std::ostream& out, const State& state) {
    out << "domains";
    for (const std::string& domain : state.domains)
        out << ' ' << domain;
    return out << ", " << state.free_frames << " free frames, " << state.claimed_pages << " claimed, "
               << state.mapped_pages << " mapped, " << state.local_ports << " local ports, " << state.handles
               << " handles, " << state.descriptors << " descriptors";
}

namespace {

constexpr std::uint64_t high_start = std::uint64_t{1} << 20; // 4 GiB

} // namespace

std::optional<Frame> GuestMemory::find(std::uint64_t gfn) const {
    const auto& half = halves_[gfn >= high_start];
    const std::uint64_t index = gfn % high_start;
    return index < half.size() && gfn < 2 * high_start ? half[index] : std::nullopt;
}

bool GuestMemory::owns(Frame frame) const {
    return std::any_of(halves_.begin(), halves_.end(), [&](const auto& half) {
        return std::find(half.begin(), half.end(), frame) != half.end();
    });
}

void GuestMemory::add(std::uint64_t gfn, Frame frame) {
    auto& half = halves_.at(gfn / high_start);
    if (half.size() <= gfn % high_start)
        half.resize(gfn % high_start + 1);
    half[gfn % high_start] = frame;
    ++size_;
}

void GuestMemory::release(MachineMemory& machine) {
    for (auto& half : halves_) {
        for (const auto& frame : half) {
            if (frame)
                machine.release(*frame);
        }
        half.clear();
    }
    size_ = 0;
}

Xen::Xen(std::size_t frames) : memory(frames) {
    Domain& dom0 = add_domain(0, {});
    dom0.hvm = false;
}

Domain* Xen::find(std::uint16_t id) {
    const auto found = domains.find(id);
    return found == domains.end() ? nullptr : &found->second;
}

std::byte* Xen::page(std::uint16_t id, std::uint64_t gfn) {
    Domain* domain = find(id);
    const auto frame = domain ? domain->memory.find(gfn) : std::nullopt;
    if (!frame)
        std::abort(); // a test asks for what is not there
    return memory.page(*frame);
}

std::string Xen::read(std::uint16_t id, std::uint64_t address, std::size_t size) {
    std::string bytes;
    while (bytes.size() < size) {
        const std::uint64_t at = address + bytes.size();
        const std::size_t offset = at % frame_size;
        const std::size_t count = std::min(size - bytes.size(), frame_size - offset);
        bytes.append(reinterpret_cast<const char*>(page(id, at / frame_size)) + offset, count);
    }
    return bytes;
}

State Xen::state() const {
    State state;
    for (const auto& [id, domain] : domains) {
        state.domains.push_back(std::to_string(id) + (domain.dying ? " (dying)" : ""));
        state.mapped_pages += domain.mapped;
    }
    state.free_frames = memory.free_frames();
    state.claimed_pages = outstanding_pages();
    state.local_ports = local_ports.size();
    state.handles = handles;
    state.descriptors = count_descriptors();
    return state;
}

void Xen::notify_from(Domain& domain, std::uint32_t port) {
    if (port < domain.ports.size() && domain.ports[port].bound_to)
        raise(domain.ports[port].bound_to);
}

Domain& Xen::add_domain(std::uint16_t id, const std::array<std::uint8_t, 16>& handle) {
    Domain& domain = domains[id];
    domain.id = id;
    domain.handle = handle;
    domain.hvm = true;
    domain.max_vcpus = domain.vcpus = 1;
    domain.pauses = 0;
    return domain;
}

void Xen::leave_free(std::size_t frames) {
    while (memory.free_frames() > frames)
        (void)memory.allocate();
}

bool Xen::fails(const char* call) {
    note(call);
    if (calls_.size() != failing_call_)
        return false;
    errno = failing_errno_;
    return true;
}

void Xen::note(const char* call) {
    calls_.emplace_back(call);
    if (before_call)
        before_call(call);
}

Domain* Xen::target(std::uint32_t id) {
    Domain* domain = id <= UINT16_MAX ? find(static_cast<std::uint16_t>(id)) : nullptr;
    if (domain && !domain->dying)
        return domain;
    errno = ESRCH;
    return nullptr;
}

void Xen::destroy(Domain& domain) {
    for (const Port& port : domain.ports) {
        if (port.bound_to)
            local_ports[port.bound_to].remote = 0; // dom0's end stays, bound to nothing
    }
    domain.ports.clear();
    domain.claimed_pages = 0;
    domain.dying = true;
    forget_if_unmapped(domain);
}

void Xen::forget_if_unmapped(Domain& domain) {
    if (!domain.dying || domain.mapped > 0)
        return;
    domain.memory.release(memory);
    if (domain.grant_table)
        memory.release(*domain.grant_table);
    domains.erase(domain.id);
    if (domain_exception)
        raise(domain_exception);
}

std::uint64_t Xen::outstanding_pages() const {
    std::uint64_t pages = 0;
    for (const auto& [id, domain] : domains)
        pages += domain.claimed_pages;
    return pages;
}

void Xen::raise(std::uint32_t local) {
    LocalPort& port = local_ports.at(local);
    if (port.masked)
        port.latched = true;
    else
        deliver.at(port.handle)(local);
    port.masked = true;
}

void Xen::unbind(std::uint32_t local) {
    const LocalPort port = local_ports.at(local);
    local_ports.erase(local);
    if (local == domain_exception)
        domain_exception = 0;
    if (Domain* domain = port.remote ? find(port.domain) : nullptr)
        domain->ports[port.remote].bound_to = 0;
}

} // namespace chaos::fakes
