// SPDX-License-Identifier: BSD-3-Clause
// An exception is a bug: says everything about it in under 1.5 KiB, what a console ring can take, and ends.
#include "boot_info.hpp"
#include "console.hpp"
#include "power.hpp"

#include <cstdint>
#include <iterator>

extern "C" {
extern const char stack_top[];

/// As vectors.S pushes it.
struct TrapFrame {
    std::uint64_t general[15]; // in the order of general_names
    std::uint64_t vector, error_code;
    std::uint64_t rip, cs, rflags, rsp, ss;
};
static_assert(sizeof(TrapFrame) == 22 * 8);

[[noreturn]] void handle_trap(const TrapFrame& frame);
}

namespace unikernel {

namespace {

constinit int dumps_begun = 0;

constexpr const char* exception_names[] = {
    "divide error",
    "debug",
    "non-maskable interrupt",
    "breakpoint",
    "overflow",
    "bound range exceeded",
    "invalid opcode",
    "no floating point unit",
    "double fault",
    "reserved",
    "invalid TSS",
    "segment not present",
    "stack fault",
    "general protection fault",
    "page fault",
};

constexpr char general_names[][4] = {"rax", "rbx", "rcx", "rdx", "rsi", "rdi", "rbp", "r8 ",
                                     "r9 ", "r10", "r11", "r12", "r13", "r14", "r15"};

std::uint64_t fault_address() {
    std::uint64_t value = 0;
    asm volatile("movq %%cr2, %0" : "=r"(value));
    return value;
}

void dump_registers(const TrapFrame& frame) {
    const char* name =
        frame.vector < std::size(exception_names) ? exception_names[frame.vector] : "exception";
    print("*** trap {}: {}, error code {x}, address {x}\n", frame.vector, name, frame.error_code,
          fault_address());
    print("rip {X}  rsp {X}  cs {x}, ss {x}, rflags {x}\n", frame.rip, frame.rsp, frame.cs, frame.ss,
          frame.rflags);
    for (std::size_t i = 0; i < std::size(frame.general); ++i) {
        print("{} {X}{}", general_names[i], frame.general[i], i % 3 == 2 ? "\n" : "  ");
    }
}

/// The words at the stack pointer, if it points into the stack: return addresses are among them.
void dump_stack(const TrapFrame& frame) {
    const auto end = reinterpret_cast<std::uint64_t>(stack_top);
    for (std::uint64_t line = 0; line < 4; ++line) {
        const std::uint64_t address = frame.rsp + line * 24;
        if (address % 8 != 0 || address < page_size || address > end - 24) {
            return;
        }
        const auto* words = reinterpret_cast<const std::uint64_t*>(address);
        print("stack +{}  {X}  {X}  {X}\n", line * 24, words[0], words[1], words[2]);
    }
}

} // namespace

} // namespace unikernel

/// Called by vectors.S on the trap stack, with interrupts off.
void handle_trap(const TrapFrame& frame) {
    using namespace unikernel;
    // A second trap may come from the console; after the third there is nothing left to try.
    if (++dumps_begun <= 2) {
        speak_at_any_cost();
        dump_registers(frame);
        dump_stack(frame);
    }
    end_as_crashed();
}
