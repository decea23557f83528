// SPDX-License-Identifier: BSD-3-Clause
// Xen's console ring (xen/io/console.h). The other side may write what it likes into its indices.
#include "console.hpp"

#include "boot_info.hpp"
#include "cpu.hpp"
#include "devices.hpp"
#include "hypercall.hpp"
#include "page_table.hpp"

#include <atomic>
#include <optional>

#include <xen/io/console.h>

namespace unikernel {

namespace {

constexpr std::uint16_t debug_port = 0xe9;

enum class State { unknown, absent, present };

constinit State state = State::unknown;
constinit bool listening = false;
constinit bool at_any_cost = false;
constinit xencons_interface* ring = nullptr;
constinit EventPort port = 0;

std::uint64_t hvm_param(std::uint32_t index) {
    xen_hvm_param request{};
    request.domid = DOMID_SELF;
    request.index = index;
    return hvm_op(HVMOP_get_param, &request) == 0 ? request.value : 0;
}

/// What a toolstack without noxs provides.
std::optional<Device> hvm_console() {
    const std::uint64_t gfn = hvm_param(HVM_PARAM_CONSOLE_PFN);
    const std::uint64_t event_channel = hvm_param(HVM_PARAM_CONSOLE_EVTCHN);
    if (gfn == 0 || gfn >= 512 * gibibyte / page_size || event_channel == 0 || event_channel >= 4096 ||
        !map_identity({gfn * page_size, (gfn + 1) * page_size})) {
        return std::nullopt;
    }
    return Device{reinterpret_cast<void*>(gfn * page_size), static_cast<EventPort>(event_channel)};
}

bool is_present() {
    if (state == State::unknown) {
        // Set first: should a fault come from here, its dump must not come here again.
        state = State::absent;
        auto device = find_device(NOXS_DEVICE_CONSOLE);
        if (!device) {
            device = hvm_console();
        }
        if (device) {
            ring = static_cast<xencons_interface*>(device->control_page);
            port = device->port;
            state = State::present;
        }
    }
    return state == State::present;
}

/// Our end of the output ring, while text goes into it.
class RingWriter {
  public:
    RingWriter() : producer_(std::atomic_ref(ring->out_prod).load(std::memory_order_relaxed)) {
        const auto consumer = std::atomic_ref(ring->out_cons).load(std::memory_order_acquire);
        const std::uint32_t used = producer_ - consumer;
        free_ = used <= sizeof(ring->out) ? sizeof(ring->out) - used : 0;
    }

    void put(char character) {
        if (free_ > 0) {
            --free_;
            static_cast<volatile char&>(ring->out[MASK_XENCONS_IDX(producer_++, ring->out)]) = character;
        }
    }

    void publish() {
        // Whoever sees the index sees the text too.
        std::atomic_ref(ring->out_prod).store(producer_, std::memory_order_release);
        notify(port);
    }

  private:
    std::uint32_t producer_;
    std::uint32_t free_ = 0;
};

/// The next character of the input ring, if any.
std::optional<char> take_character() {
    const std::uint32_t consumer = std::atomic_ref(ring->in_cons).load(std::memory_order_relaxed);
    const std::uint32_t producer = std::atomic_ref(ring->in_prod).load(std::memory_order_acquire);
    if (producer == consumer) {
        return std::nullopt;
    }
    if (producer - consumer > sizeof(ring->in)) {
        // Not a possible state of the ring: forget what it claims to hold.
        std::atomic_ref(ring->in_cons).store(producer, std::memory_order_release);
        return std::nullopt;
    }
    const char character = static_cast<volatile char&>(ring->in[MASK_XENCONS_IDX(consumer, ring->in)]);
    std::atomic_ref(ring->in_cons).store(consumer + 1, std::memory_order_release);
    return character;
}

bool has_input() {
    return std::atomic_ref(ring->in_prod).load(std::memory_order_acquire) !=
           std::atomic_ref(ring->in_cons).load(std::memory_order_relaxed);
}

char wait_for_character() {
    for (;;) {
        if (const auto character = take_character()) {
            if (!has_input()) {
                notify(port);
            }
            return *character;
        }
        wait_until(has_input);
    }
}

// The event's only work is to end the HLT of wait_until().
constinit EventHandler handler{[] {}};

} // namespace

void write(std::string_view text) {
    if (!is_present()) {
        for (std::size_t i = 0; at_any_cost && i < text.size(); ++i) {
            write_port(debug_port, static_cast<std::uint8_t>(text[i]));
        }
        return;
    }
    RingWriter writer;
    for (const char character : text) {
        if (character == '\n') {
            writer.put('\r');
        }
        writer.put(character);
    }
    writer.publish();
}

std::string_view read_line(std::span<char> buffer) {
    if (!is_present()) {
        wait_until([] { return false; });
    }
    if (!listening) {
        listening = true;
        handler.bind(port);
    }
    constinit static bool after_return = false;
    for (std::size_t length = 0;;) {
        const char character = wait_for_character();
        const bool second_half = character == '\n' && after_return;
        after_return = character == '\r';
        if (second_half) {
            continue; // of "\r\n", whose first half ended the line before
        }
        if (character == '\r' || character == '\n') {
            return {buffer.data(), length};
        }
        if (length < buffer.size()) {
            buffer[length++] = character;
        }
    }
}

void print_list(std::string_view pattern, FormatArguments arguments) {
    char buffer[256];
    write(format(buffer, pattern, arguments));
}

void speak_at_any_cost() {
    at_any_cost = true;
}

} // namespace unikernel
