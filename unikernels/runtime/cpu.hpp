// SPDX-License-Identifier: BSD-3-Clause
// The instructions that C++ has no word for.
#pragma once

#include <cstdint>

namespace unikernel {

inline void disable_interrupts() {
    asm volatile("cli" ::: "memory");
}

inline void enable_interrupts() {
    asm volatile("sti" ::: "memory");
}

/// STI and HLT: sleeps until an interrupt, and none can slip in between (vectors.S).
extern "C" void enable_interrupts_and_halt();

/// Sleeps until `condition` holds; it is asked with interrupts off, first at once and then after each event.
template<typename Condition>
void wait_until(Condition condition) {
    disable_interrupts();
    while (!condition()) {
        enable_interrupts_and_halt();
        disable_interrupts();
    }
    enable_interrupts();
}

/// Keeps event handlers out of a few lines, and leaves the interrupt flag as it was.
class InterruptsOff {
  public:
    InterruptsOff() { asm volatile("pushfq; popq %0; cli" : "=r"(flags_)::"memory"); }
    ~InterruptsOff() { asm volatile("pushq %0; popfq" ::"r"(flags_) : "memory", "cc"); }
    InterruptsOff(const InterruptsOff&) = delete;
    InterruptsOff& operator=(const InterruptsOff&) = delete;

  private:
    std::uint64_t flags_;
};

inline std::uint64_t read_time_stamp_counter() {
    std::uint32_t low = 0;
    std::uint32_t high = 0;
    // LFENCE: the counter must not be read before the loads that precede it.
    asm volatile("lfence; rdtsc" : "=a"(low), "=d"(high)::"memory");
    return std::uint64_t{high} << 32 | low;
}

inline void write_port(std::uint16_t port, std::uint8_t value) {
    asm volatile("outb %0, %1" ::"a"(value), "Nd"(port));
}

} // namespace unikernel
