// SPDX-License-Identifier: BSD-3-Clause
// The interrupt descriptor table, and the few instructions between a vector and its C++ function.

        .set    UPCALL_VECTOR, 32               // also in events.cpp
        .set    GATE_ON_TRAP_STACK, 0x8e01
        .set    GATE_ON_THIS_STACK, 0x8e00
        // Exceptions for which the CPU pushes an error code: 8, 10 to 14, 17, 21, 29, 30.
        .set    WITH_ERROR_CODE, 0x60227d00

        .set    VMCALL_LAST_BYTE, 0xc1
        .set    VMMCALL_LAST_BYTE, 0xd9

        .section .text.entry, "ax", @progbits
        .balign 16
exception_stubs:
        .set    vector, 0
        .rept   32
        .balign 16
        .if     (WITH_ERROR_CODE >> vector) & 1 == 0
        pushq   $0
        .endif
        pushq   $vector
        jmp     exception
        .set    vector, vector + 1
        .endr

        // Intel calls the hypervisor by VMCALL, AMD by VMMCALL; each takes the other's for an invalid opcode. So the
        // first call finds out, which costs less than asking CPUID, where it leaves the guest.
invalid_opcode:
        cmpq    $hypercall_instruction, (%rsp)
        jne     exception_stubs + 16 * 6
        cmpb    $VMMCALL_LAST_BYTE, hypercall_instruction + 2
        jne     exception_stubs + 16 * 6
        movb    $VMCALL_LAST_BYTE, hypercall_instruction + 2
        iretq

        // Called from hypercall.hpp. In .data, because it is written to.
        .section .data.hypercall, "aw", @progbits
        .globl  hypercall_instruction
hypercall_instruction:
        vmmcall
        ret
        .section .text.entry

        // Builds the TrapFrame of traps.cpp. Nothing returns from there.
exception:
        pushq   %r15
        pushq   %r14
        pushq   %r13
        pushq   %r12
        pushq   %r11
        pushq   %r10
        pushq   %r9
        pushq   %r8
        pushq   %rbp
        pushq   %rdi
        pushq   %rsi
        pushq   %rdx
        pushq   %rcx
        pushq   %rbx
        pushq   %rax
        cld
        movq    %rsp, %rdi
        andq    $-16, %rsp
        call    handle_trap
        ud2

        // STI takes effect after the next instruction, so no interrupt should come before the HLT. But an emulated processor
        // may forget that when it leaves the guest in between and comes back, as QEMU 7.2 does: then an event would be handled
        // before the sleep that should have waited for it, and the guest would sleep for ever.
        .globl  enable_interrupts_and_halt
enable_interrupts_and_halt:
        sti
halt:
        hlt
        ret

        .balign 16
upcall:
        cmpq    $halt, (%rsp)
        jne     1f
        incq    (%rsp)                          // past the HLT, which is one byte long
1:
        pushq   %rax
        pushq   %rcx
        pushq   %rdx
        pushq   %rsi
        pushq   %rdi
        pushq   %r8
        pushq   %r9
        pushq   %r10
        pushq   %r11
        cld
        // The CPU aligned the stack to 16 before its five words: with nine more it is aligned again.
        call    handle_upcall
        popq    %r11
        popq    %r10
        popq    %r9
        popq    %r8
        popq    %rdi
        popq    %rsi
        popq    %rdx
        popq    %rcx
        popq    %rax
        iretq

        // Linked below 64 KiB (image.lds), an address is its lowest 16 bits.
        .macro  gate handler, kind
        .word   \handler, 0x08, \kind, 0
        .quad   0
        .endm

        .section .rodata.idt, "a", @progbits
        .balign 16
idt:
        .set    vector, 0
        .rept   6
        gate    (exception_stubs + 16 * vector), GATE_ON_TRAP_STACK
        .set    vector, vector + 1
        .endr
        // On the stack in use, for the first hypercall may come from a dump, which has its frame on the other one.
        gate    invalid_opcode, GATE_ON_THIS_STACK
        .set    vector, vector + 1
        .rept   25
        gate    (exception_stubs + 16 * vector), GATE_ON_TRAP_STACK
        .set    vector, vector + 1
        .endr
        gate    upcall, GATE_ON_THIS_STACK
idt_end:

        .globl  idt_pointer
idt_pointer:
        .word   idt_end - idt - 1
        .long   idt

        .section .note.GNU-stack, "", @progbits
