// SPDX-License-Identifier: BSD-3-Clause
// An exception is a bug: says everything about it in under 1.5 KiB, what a console ring can take, and ends.
#include "console.hpp"
#include "power.hpp"

#include <cstdint>

extern "C" {
extern const char image_start[];
extern const char image_end[];

/// As vectors.S pushes it.
struct TrapFrame {
    std::uint64_t rax, rbx, rcx, rdx, rsi, rdi, rbp, r8, r9, r10, r11, r12, r13, r14, r15;
    std::uint64_t vector, error_code;
    std::uint64_t rip, cs, rflags, rsp, ss;
};
static_assert(sizeof(TrapFrame) == 22 * 8);

[[noreturn]] void handle_trap(const TrapFrame& frame);
}

namespace unikernel {

namespace {

constinit int dumps_begun = 0;

constexpr const char* names[] = {
    "divide error",
    "debug",
    "NMI",
    "breakpoint",
    "overflow",
    "bound range",
    "invalid opcode",
    "no FPU",
    "double fault",
    "coprocessor overrun",
    "invalid TSS",
    "segment not present",
    "stack segment fault",
    "general protection fault",
    "page fault",
    "reserved",
    "FPU error",
    "alignment check",
    "machine check",
    "SIMD error",
};

std::uint64_t fault_address() {
    std::uint64_t value = 0;
    asm volatile("movq %%cr2, %0" : "=r"(value));
    return value;
}

void dump_registers(const TrapFrame& frame) {
    const char* name = frame.vector < std::size(names) ? names[frame.vector] : "exception";
    print_at_any_cost("*** trap {}: {}, error code {x}, address {x}\n", frame.vector, name, frame.error_code,
                      fault_address());
    print_at_any_cost("rip {X}  rsp {X}  rflags {X}\n", frame.rip, frame.rsp, frame.rflags);
    print_at_any_cost("rax {X}  rbx {X}  rcx    {X}\n", frame.rax, frame.rbx, frame.rcx);
    print_at_any_cost("rdx {X}  rsi {X}  rdi    {X}\n", frame.rdx, frame.rsi, frame.rdi);
    print_at_any_cost("rbp {X}  r8  {X}  r9     {X}\n", frame.rbp, frame.r8, frame.r9);
    print_at_any_cost("r10 {X}  r11 {X}  r12    {X}\n", frame.r10, frame.r11, frame.r12);
    print_at_any_cost("r13 {X}  r14 {X}  r15    {X}\n", frame.r13, frame.r14, frame.r15);
    print_at_any_cost("cs  {x}  ss {x}\n", frame.cs, frame.ss);
}

/// The words at the stack pointer, if it points anywhere near the stack: return addresses are among them.
void dump_stack(const TrapFrame& frame) {
    const auto lowest = reinterpret_cast<std::uint64_t>(image_start);
    const auto end = reinterpret_cast<std::uint64_t>(image_end);
    for (std::uint64_t line = 0; line < 4; ++line) {
        const std::uint64_t address = frame.rsp + line * 24;
        if (address % 8 != 0 || address < lowest || address > end - 24) {
            return;
        }
        const auto* words = reinterpret_cast<const std::uint64_t*>(address);
        print_at_any_cost("stack +{}  {X}  {X}  {X}\n", line * 24, words[0], words[1], words[2]);
    }
}

} // namespace

} // namespace unikernel

/// Called by vectors.S on the trap stack, with interrupts off.
void handle_trap(const TrapFrame& frame) {
    using namespace unikernel;
    // A second trap may come from the console; after the third there is nothing left to try.
    if (++dumps_begun <= 2) {
        dump_registers(frame);
        dump_stack(frame);
    }
    end_as_crashed();
}
