// SPDX-License-Identifier: BSD-3-Clause
// What is read out of good kernels.
#include <gtest/gtest.h>
#include <xen/elfnote.h>

#include "../config/expect_error.hpp"
#include "elf_builder.hpp"
#include "noxs/noxs.h"

namespace chaos {
namespace {

using test::bytes_of;
using test::ElfBuilder;
using test::MemoryBytes;
using test::note;
using test::unikernel;

Result<KernelHeaders> parse(ElfBuilder& elf) {
    return parse_elf_kernel(MemoryBytes(elf.build()));
}

TEST(Elf, a_unikernel_is_understood_with_one_read) {
    const MemoryBytes source(unikernel().build());
    const auto headers = parse_elf_kernel(source);
    ASSERT_TRUE(headers) << headers.error().story();
    ASSERT_EQ(headers->segments.size(), 1u);
    EXPECT_EQ(headers->segments[0].address, 0x10000u);
    EXPECT_EQ(headers->segments[0].file_offset, sizeof(Elf64_Ehdr) + 2 * sizeof(Elf64_Phdr));
    EXPECT_EQ(headers->segments[0].file_size, 256u);
    EXPECT_EQ(headers->segments[0].memory_size, 4096u);
    EXPECT_EQ(headers->lowest_address, 0x10000u);
    EXPECT_EQ(headers->end_address, 0x11000u);
    EXPECT_EQ(headers->pvh_entry, 0x10000u);
    EXPECT_EQ(headers->noxs_version, 0x10000u);
    EXPECT_FALSE(headers->xen_pv);
    EXPECT_EQ(source.reads(), 1);
}

TEST(Elf, notes_beyond_the_first_page_cost_one_more_read) {
    ElfBuilder elf;
    elf.load(0x100000, std::string(8192, 'x'));
    elf.notes(note("Xen", XEN_ELFNOTE_PHYS32_ENTRY, bytes_of(std::uint32_t{0x101000})));
    const MemoryBytes source(elf.build());
    const auto headers = parse_elf_kernel(source);
    ASSERT_TRUE(headers) << headers.error().story();
    EXPECT_EQ(headers->pvh_entry, 0x101000u);
    EXPECT_EQ(source.reads(), 2);
}

TEST(Elf, program_headers_beyond_the_first_page_are_found) {
    ElfBuilder elf = unikernel();
    std::string file = elf.build();
    std::string programs = file.substr(sizeof(Elf64_Ehdr), 2 * sizeof(Elf64_Phdr));
    file.resize(10'000);
    elf.header.e_phoff = file.size();
    file.replace(0, sizeof(Elf64_Ehdr), bytes_of(elf.header));
    const auto headers = parse_elf_kernel(MemoryBytes(file + programs));
    ASSERT_TRUE(headers) << headers.error().story();
    EXPECT_EQ(headers->pvh_entry, 0x10000u);
}

TEST(Elf, segments_are_sorted_by_address) {
    ElfBuilder elf;
    elf.load(0x300000, "c", 0x1000);
    elf.load(0x100000, "aa", 0x1000);
    elf.load(0x101000, "b", 0x10);
    const auto headers = parse(elf);
    ASSERT_TRUE(headers) << headers.error().story();
    EXPECT_EQ(headers->segments[0].address, 0x100000u);
    EXPECT_EQ(headers->segments[0].file_size, 2u);
    EXPECT_EQ(headers->segments[1].address, 0x101000u); // they may touch
    EXPECT_EQ(headers->segments[2].address, 0x300000u);
    EXPECT_EQ(headers->lowest_address, 0x100000u);
    EXPECT_EQ(headers->end_address, 0x301000u);
}

TEST(Elf, empty_segments_and_other_program_headers_are_skipped) {
    ElfBuilder elf;
    elf.load(0x1000, "");
    elf.load(0x2000, "x");
    elf.load(0x2000, std::string("ignored")).p_type = PT_GNU_STACK;
    const auto headers = parse(elf);
    ASSERT_TRUE(headers) << headers.error().story();
    EXPECT_EQ(headers->segments.size(), 1u);
}

TEST(Elf, a_segment_of_zeroes_alone_is_kept) {
    ElfBuilder elf;
    elf.load(0x1000, "x");
    elf.load(0x2000, "", 0x5000);
    const auto headers = parse(elf);
    ASSERT_TRUE(headers);
    EXPECT_EQ(headers->segments.size(), 2u);
    EXPECT_EQ(headers->end_address, 0x7000u);
}

TEST(Elf, a_position_independent_kernel_is_loaded_where_it_was_linked) {
    ElfBuilder elf = unikernel();
    elf.header.e_type = ET_DYN;
    EXPECT_EQ(parse(elf)->pvh_entry, 0x10000u);
}

TEST(Elf, no_notes_mean_no_entry) {
    ElfBuilder elf;
    elf.load(0x1000, "x");
    const auto headers = parse(elf);
    ASSERT_TRUE(headers);
    EXPECT_FALSE(headers->pvh_entry);
    EXPECT_FALSE(headers->noxs_version);
    EXPECT_FALSE(headers->xen_pv);
}

TEST(ElfNotes, an_entry_may_have_eight_bytes) {
    ElfBuilder elf;
    elf.load(0x1000, "xyz");
    elf.notes(note("Xen", XEN_ELFNOTE_PHYS32_ENTRY, bytes_of(std::uint64_t{0x1002})));
    EXPECT_EQ(parse(elf)->pvh_entry, 0x1002u);
}

TEST(ElfNotes, notes_may_be_aligned_to_eight_bytes) {
    ElfBuilder elf;
    elf.load(0x1000, "xyz");
    // A descriptor of 4 bytes is followed by 4 bytes of padding; names start after 12 bytes, descriptors at a
    // multiple of 8.
    elf.notes(note("GNU", 5, bytes_of(std::uint32_t{1}), 8) +
                  note("Xen", XEN_ELFNOTE_PHYS32_ENTRY, bytes_of(std::uint64_t{0x1001}), 8),
              8);
    const auto headers = parse(elf);
    ASSERT_TRUE(headers) << headers.error().story();
    EXPECT_EQ(headers->pvh_entry, 0x1001u);
}

TEST(ElfNotes, several_note_segments_are_read_and_strangers_skipped) {
    ElfBuilder elf;
    elf.load(0x1000, "x");
    elf.notes(note("GNU", 3, "01234567890123456789"));
    elf.notes(note("Linux", XEN_ELFNOTE_PHYS32_ENTRY, "no") + note("", 1, "") +
              note("Xen", XEN_ELFNOTE_PHYS32_ENTRY, bytes_of(std::uint32_t{0x1000})) +
              note("Xen", 999, "new"));
    elf.notes(note("noxs", NOXS_ELF_NOTE_TYPE_VERSION, bytes_of(std::uint32_t{0x10002})) +
              note("noxs", 77, "future"));
    elf.notes("");
    const auto headers = parse(elf);
    ASSERT_TRUE(headers) << headers.error().story();
    EXPECT_EQ(headers->pvh_entry, 0x1000u);
    EXPECT_EQ(headers->noxs_version, 0x10002u);
}

TEST(ElfNotes, the_last_note_may_lack_its_padding) {
    ElfBuilder elf;
    elf.load(0x1000, "x");
    std::string last =
        note("noxs", NOXS_ELF_NOTE_TYPE_VERSION, bytes_of(std::uint32_t{7})) + note("ab", 1, "c");
    last.resize(last.size() - 3);
    elf.notes(last);
    EXPECT_EQ(parse(elf)->noxs_version, 7u);
}

bool is_pv(const std::string& notes) {
    ElfBuilder elf;
    elf.load(0x1000, "x");
    elf.notes(notes);
    const auto headers = parse(elf);
    EXPECT_TRUE(headers);
    return headers && headers->xen_pv;
}

TEST(ElfNotes, a_paravirtual_kernel_says_where_it_lives) {
    const auto version = note("Xen", XEN_ELFNOTE_XEN_VERSION, "xen-3.0");
    const auto base = note("Xen", XEN_ELFNOTE_VIRT_BASE, bytes_of(std::uint64_t{0}));
    const auto entry = note("Xen", XEN_ELFNOTE_ENTRY, bytes_of(std::uint64_t{0}));
    const auto hypercalls = note("Xen", XEN_ELFNOTE_HYPERCALL_PAGE, bytes_of(std::uint64_t{0}));
    const auto pvh = note("Xen", XEN_ELFNOTE_PHYS32_ENTRY, bytes_of(std::uint32_t{0x1000}));
    EXPECT_TRUE(is_pv(version + base + entry + hypercalls));
    EXPECT_TRUE(is_pv(version + base + entry + hypercalls + pvh)); // a kernel for both, as Debian's
    EXPECT_TRUE(is_pv(version + hypercalls));                      // an old one
    EXPECT_FALSE(is_pv(version + hypercalls + pvh));               // PVH only
    EXPECT_FALSE(is_pv(base + entry));
    EXPECT_FALSE(is_pv(version));
}

} // namespace
} // namespace chaos
