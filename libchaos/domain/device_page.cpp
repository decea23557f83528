// SPDX-License-Identifier: BSD-3-Clause
// The toolstack's half of the noxs contract.
#include "libchaos/domain/device_page.hpp"

#include <atomic>
#include <cstring>

#include "noxs/noxs.h"

namespace chaos {

namespace {

noxs_device_entry entry(noxs_device_type type, const DeviceLocation& device) {
    noxs_device_entry result{};
    result.type = static_cast<std::uint32_t>(type);
    result.backend_domain = raw(this_domain);
    result.event_channel = raw(device.port);
    result.grant_reference = raw(device.grant);
    result.control_gfn = device.frame.number;
    return result;
}

/// A 32-bit field of a page that a guest writes: read whole and once.
std::uint32_t read_once(const std::byte* page, std::size_t offset) {
    auto* field = reinterpret_cast<std::uint32_t*>(const_cast<std::byte*>(page) + offset);
    return std::atomic_ref<std::uint32_t>(*field).load(std::memory_order_acquire);
}

void write_once(std::byte* page, std::size_t offset, std::uint32_t value) {
    auto* field = reinterpret_cast<std::uint32_t*>(page + offset);
    std::atomic_ref<std::uint32_t>(*field).store(value, std::memory_order_release);
}

constexpr std::size_t guest_half = offsetof(noxs_system_page, guest);
constexpr std::size_t state_offset = guest_half + offsetof(noxs_system_guest_half, state);
constexpr std::size_t answer_offset = guest_half + offsetof(noxs_system_guest_half, answer);
constexpr std::size_t answer_sequence_offset = guest_half + offsetof(noxs_system_guest_half, answer_sequence);
constexpr std::size_t request_offset =
    offsetof(noxs_system_page, backend) + offsetof(noxs_system_backend_half, request);
constexpr std::size_t request_sequence_offset =
    offsetof(noxs_system_page, backend) + offsetof(noxs_system_backend_half, request_sequence);

} // namespace

void write_device_page(const DevicePageContents& contents, std::byte* device_page, std::byte* system_page,
                       std::byte* console_page) {
    std::memset(system_page, 0, page_size);
    std::memset(console_page, 0, page_size);
    std::memset(device_page, 0, page_size);
    auto* page = reinterpret_cast<noxs_device_page*>(device_page);
    page->header.magic = NOXS_MAGIC;
    page->header.version_major = NOXS_VERSION_MAJOR;
    page->header.version_minor = NOXS_VERSION_MINOR;
    page->header.domain = raw(contents.domain);
    std::uint16_t count = 0;
    page->entries[count++] = entry(NOXS_DEVICE_SYSTEM, contents.system);
    page->entries[count++] = entry(NOXS_DEVICE_CONSOLE, contents.console);
    page->header.entry_count = count;
}

SystemReport read_system_page(const std::byte* page, std::uint32_t sequence) {
    SystemReport report;
    report.ready = read_once(page, state_offset) == NOXS_STATE_READY;
    report.answered = sequence != 0 && read_once(page, answer_sequence_offset) == sequence;
    if (report.answered) {
        const std::uint32_t answer = read_once(page, answer_offset);
        report.answered = answer == NOXS_ANSWER_ACCEPTED || answer == NOXS_ANSWER_REFUSED;
        report.accepted = answer == NOXS_ANSWER_ACCEPTED;
    }
    return report;
}

std::uint32_t write_system_request(std::byte* page, std::uint32_t request) {
    // The number lives in the page because each request may come from another process. A guest that tampers
    // with it only confuses itself.
    std::uint32_t sequence = read_once(page, request_sequence_offset) + 1;
    if (sequence == 0)
        sequence = 1; // 0 means "no request yet"
    write_once(page, request_offset, request);
    write_once(page, request_sequence_offset, sequence);
    return sequence;
}

} // namespace chaos
