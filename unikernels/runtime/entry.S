// SPDX-License-Identifier: BSD-3-Clause
// From the PVH entry (32-bit, flat, no paging, start info in %ebx) to start() in long mode.
//
// Every write to CR0, CR4 and EFER leaves the guest for the hypervisor and costs more than all the rest of this file,
// so each is done once. So would every CPUID: there is none.

        .set    PRESENT, 1
        .set    WRITABLE, 2

        .set    CR4_PAE, 1 << 5
        .set    MSR_EFER, 0xc0000080
        .set    EFER_LONG_MODE_ENABLE, 1 << 8
        .set    CR0_PROTECTED, 1 << 0
        .set    CR0_MONITOR, 1 << 1
        .set    CR0_EXTENSION_TYPE, 1 << 4
        .set    CR0_NUMERIC_ERROR, 1 << 5
        .set    CR0_WRITE_PROTECT, 1 << 16
        .set    CR0_PAGING, 1 << 31

        .set    CODE_SELECTOR, 0x08
        .set    DATA_SELECTOR, 0x10
        .set    TASK_SELECTOR, 0x18

        .section .text.entry, "ax", @progbits
        .code32
        .globl  pvh_entry
pvh_entry:
        lgdt    gdt_pointer
        lidt    idt_pointer
        movl    %ebx, %ebp

        // Four tables, cleared. Of the first 2 MiB what image.lds lays out is mapped for now.
        cld
        xorl    %eax, %eax
        movl    $page_map, %edi
        movl    $4 * 4096 / 4, %ecx
        rep stosl
        movl    $page_directory_pointers + PRESENT + WRITABLE, page_map
        movl    $first_page_directory + PRESENT + WRITABLE, page_directory_pointers
        movl    $first_page_table + PRESENT + WRITABLE, first_page_directory
        movl    $4096 + PRESENT + WRITABLE, %eax
        movl    $first_page_table + 8, %edi
1:      movl    %eax, (%edi)
        addl    $8, %edi
        addl    $4096, %eax
        cmpl    $image_end, %eax
        jb      1b
        movl    $code_start, %eax
2:      movl    %eax, %edi
        shrl    $9, %edi
        andb    $~WRITABLE, first_page_table(%edi)
        addl    $4096, %eax
        cmpl    $code_end, %eax
        jb      2b

        movl    $CR4_PAE, %eax
        movl    %eax, %cr4
        movl    $page_map, %eax
        movl    %eax, %cr3
        movl    $MSR_EFER, %ecx
        movl    $EFER_LONG_MODE_ENABLE, %eax
        xorl    %edx, %edx
        wrmsr
        movl    $CR0_PROTECTED + CR0_MONITOR + CR0_EXTENSION_TYPE + CR0_NUMERIC_ERROR + CR0_WRITE_PROTECT + CR0_PAGING, %eax
        movl    %eax, %cr0
        ljmpl   $CODE_SELECTOR, $long_mode

        .code64
long_mode:
        movl    $DATA_SELECTOR, %eax
        movl    %eax, %ss
        movl    $TASK_SELECTOR, %eax
        ltr     %ax
        movl    $stack_top, %esp
        movl    %ebp, %edi
        xorl    %ebp, %ebp
        call    start
        ud2

        // In long mode the TSS only says where the stack for traps is: interrupt stack 1, at offset 36.
        .balign 8
task_state:
        .zero   36
        .quad   trap_stack_top
        .zero   58
        .word   104                             // no I/O permission map
task_state_end:

gdt_pointer:
        .word   gdt_end - gdt - 1
        .long   gdt

        .globl  entry_code_end
entry_code_end:

        // Writable, for LTR marks the TSS busy. The TSS lies below 64 KiB (image.lds).
        .section .data.gdt, "aw", @progbits
        .balign 8
gdt:    .quad   0
        .quad   0x00af9b000000ffff              // 64-bit code
        .quad   0x00cf93000000ffff              // data
        .word   task_state_end - task_state - 1, task_state
        .byte   0x00, 0x89, 0x00, 0x00
        .quad   0
gdt_end:

        .section .bss.trap_stack, "aw", @nobits
        .balign 16
        .zero   2048
trap_stack_top:

        .section .note.GNU-stack, "", @progbits
