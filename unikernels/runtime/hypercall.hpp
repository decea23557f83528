// SPDX-License-Identifier: BSD-3-Clause
// Calls to the hypervisor. Each costs about as much as a few thousand instructions: think before adding one.
#pragma once

#include <cstdint>

#include <xen/event_channel.h>
#include <xen/hvm/hvm_op.h>
#include <xen/hvm/params.h>
#include <xen/memory.h>
#include <xen/sched.h>
#include <xen/vcpu.h>
#include <xen/xen.h>

namespace unikernel {

/// Arguments lie in %rdi, %rsi and %rdx; the result, negative on failure, in %rax.
inline long hypercall(std::uint64_t number, std::uint64_t first, const void* second = nullptr,
                      const void* third = nullptr) {
    long result = static_cast<long>(number);
    asm volatile("call hypercall_instruction"
                 : "+a"(result), "+D"(first), "+S"(second), "+d"(third)
                 :
                 : "memory");
    return result;
}

inline long event_channel_op(unsigned int command, void* arguments) {
    return hypercall(__HYPERVISOR_event_channel_op, command, arguments);
}

inline long memory_op(unsigned int command, void* arguments) {
    return hypercall(__HYPERVISOR_memory_op, command, arguments);
}

inline long hvm_op(unsigned int command, void* arguments) {
    return hypercall(__HYPERVISOR_hvm_op, command, arguments);
}

inline long scheduler_op(unsigned int command, void* arguments) {
    return hypercall(__HYPERVISOR_sched_op, command, arguments);
}

/// An operation on our only vCPU.
inline long vcpu_op(unsigned int command, void* arguments) {
    return hypercall(__HYPERVISOR_vcpu_op, command, nullptr, arguments);
}

} // namespace unikernel
