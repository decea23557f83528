// SPDX-License-Identifier: BSD-3-Clause
// Truncated, damaged and hostile kernels: each an Error, none a crash or a read outside of the file.
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

Result<KernelHeaders> parse(const std::string& file) {
    return parse_elf_kernel(MemoryBytes(file));
}

/// A good kernel of two segments and notes, spoilt by `spoil`.
template<typename Spoil>
Result<KernelHeaders> parse_spoilt(Spoil spoil) {
    ElfBuilder elf = unikernel();
    elf.load(0x20000, std::string(16, 'd'));
    spoil(elf);
    return parse(elf.build());
}

TEST(HostileElf, the_sample_is_good_before_it_is_spoilt) {
    EXPECT_TRUE(parse_spoilt([](ElfBuilder&) {}));
}

TEST(HostileElf, no_elf_files_are_named_so) {
    EXPECT_TRUE(fails_saying(parse(""), {"empty"}));
    EXPECT_TRUE(fails_saying(parse("#!/bin/sh\n"), {"no ELF file"}));
    EXPECT_TRUE(fails_saying(parse("\x7f"), {"no ELF file"}));
    EXPECT_TRUE(fails_saying(parse("\x7f"
                                   "ELF"),
                             {"inside its ELF header"}));
    EXPECT_EQ(parse("").error().kind(), ErrorKind::invalid_image);
}

TEST(HostileElf, every_truncation_is_refused) {
    ElfBuilder elf = unikernel();
    elf.load(0x20000, std::string(16, 'd'));
    const std::string file = elf.build();
    ASSERT_TRUE(parse(file));
    for (std::size_t size = 0; size < file.size(); ++size) {
        const auto headers = parse(file.substr(0, size));
        ASSERT_FALSE(headers) << size;
        EXPECT_EQ(headers.error().kind(), ErrorKind::invalid_image) << size;
        EXPECT_FALSE(fails_saying(headers, {"a check is missing"})) << size;
    }
}

TEST(HostileElf, wrong_file_headers_are_refused) {
    EXPECT_TRUE(fails_saying(parse_spoilt([](auto& elf) { elf.header.e_ident[0] = 0; }), {"no ELF"}));
    EXPECT_TRUE(
        fails_saying(parse_spoilt([](auto& elf) { elf.header.e_ident[EI_CLASS] = ELFCLASS32; }), {"64-bit"}));
    EXPECT_TRUE(
        fails_saying(parse_spoilt([](auto& elf) { elf.header.e_ident[EI_DATA] = ELFDATA2MSB; }), {"x86-64"}));
    EXPECT_TRUE(
        fails_saying(parse_spoilt([](auto& elf) { elf.header.e_ident[EI_VERSION] = 2; }), {"version"}));
    EXPECT_TRUE(fails_saying(parse_spoilt([](auto& elf) { elf.header.e_version = 2; }), {"version"}));
    EXPECT_TRUE(fails_saying(parse_spoilt([](auto& elf) { elf.header.e_machine = EM_AARCH64; }), {"x86-64"}));
    EXPECT_TRUE(fails_saying(parse_spoilt([](auto& elf) { elf.header.e_type = ET_REL; }), {"no executable"}));
    EXPECT_TRUE(
        fails_saying(parse_spoilt([](auto& elf) { elf.header.e_type = ET_CORE; }), {"no executable"}));
    EXPECT_TRUE(fails_saying(parse_spoilt([](auto& elf) { elf.header.e_phentsize = 32; }),
                             {"program headers", "56"}));
    EXPECT_TRUE(fails_saying(parse_spoilt([](auto& elf) { elf.header.e_phnum = 0; }), {"program headers"}));
    EXPECT_TRUE(fails_saying(parse_spoilt([](auto& elf) { elf.header.e_phnum = 65; }), {"program headers"}));
    EXPECT_TRUE(fails_saying(parse_spoilt([](auto& elf) { elf.header.e_phnum = 64; }), {"truncated"}));
    EXPECT_TRUE(
        fails_saying(parse_spoilt([](auto& elf) { elf.header.e_phoff = UINT64_MAX - 7; }), {"truncated"}));
}

TEST(HostileElf, wrong_segments_are_refused) {
    EXPECT_TRUE(
        fails_saying(parse_spoilt([](auto& elf) { elf.programs[0].p_filesz = 4097; }), {"in memory"}));
    EXPECT_TRUE(
        fails_saying(parse_spoilt([](auto& elf) { elf.programs[0].p_offset = UINT64_MAX; }), {"truncated"}));
    EXPECT_TRUE(fails_saying(parse_spoilt([](auto& elf) {
                                 elf.programs[0].p_memsz = UINT64_MAX;
                                 elf.programs[0].p_filesz = UINT64_MAX;
                             }),
                             {"truncated"}));
    EXPECT_TRUE(
        fails_saying(parse_spoilt([](auto& elf) { elf.programs[0].p_memsz = UINT64_MAX; }), {"4 GiB"}));
    EXPECT_TRUE(
        fails_saying(parse_spoilt([](auto& elf) { elf.programs[0].p_paddr = UINT64_MAX; }), {"4 GiB"}));
    EXPECT_TRUE(
        fails_saying(parse_spoilt([](auto& elf) { elf.programs[0].p_paddr = 0xfffff000; }), {"4 GiB"}));
    EXPECT_TRUE(
        fails_saying(parse_spoilt([](auto& elf) { elf.programs[0].p_memsz = 0x10001; }), {"overlap"}));
    EXPECT_TRUE(
        fails_saying(parse_spoilt([](auto& elf) { elf.programs[2].p_paddr = 0x10000; }), {"overlap"}));
    EXPECT_TRUE(fails_saying(parse_spoilt([](auto& elf) {
                                 elf.programs[0].p_type = PT_NULL;
                                 elf.programs[2].p_type = PT_NULL;
                             }),
                             {"no segment to load"}));
}

TEST(HostileElf, the_segment_may_end_just_below_4_gib) {
    const auto headers = parse_spoilt([](auto& elf) { elf.programs[2].p_paddr = 0xffffffff - 16; });
    ASSERT_TRUE(headers) << headers.error().story();
    EXPECT_EQ(headers->end_address, 0xffffffffu);
    EXPECT_FALSE(parse_spoilt([](auto& elf) { elf.programs[2].p_paddr = 0xffffffff - 15; }));
}

TEST(HostileElf, more_than_16_segments_are_refused) {
    ElfBuilder elf;
    for (std::uint64_t i = 0; i < 16; ++i)
        elf.load(0x1000 * i, "x");
    EXPECT_EQ(parse(elf.build())->segments.size(), 16u);
    elf.load(0x100000, "x");
    EXPECT_TRUE(fails_saying(parse(elf.build()), {"more than 16"}));
}

TEST(HostileElf, an_entry_outside_of_what_is_loaded_is_refused) {
    for (const std::uint32_t entry : {0u, 0xffffu, 0x10100u, 0x1ffffu, 0x20010u, 0xffffffffu}) {
        ElfBuilder elf;
        elf.load(0x10000, std::string(256, 'c'), 4096);
        elf.load(0x20000, std::string(16, 'd'));
        elf.notes(note("Xen", XEN_ELFNOTE_PHYS32_ENTRY, bytes_of(entry)));
        EXPECT_TRUE(fails_saying(parse(elf.build()), {"entry point"})) << entry;
    }
}

Result<KernelHeaders> parse_with_notes(const std::string& notes) {
    ElfBuilder elf;
    elf.load(0x1000, "x");
    elf.notes(notes);
    return parse(elf.build());
}

TEST(HostileElf, wrong_notes_are_refused) {
    const auto entry = [](const std::string& descriptor) {
        return parse_with_notes(note("Xen", XEN_ELFNOTE_PHYS32_ENTRY, descriptor));
    };
    EXPECT_TRUE(entry(bytes_of(std::uint32_t{0x1000})));
    EXPECT_TRUE(fails_saying(entry(""), {"PHYS32_ENTRY"}));
    EXPECT_TRUE(fails_saying(entry("ab"), {"PHYS32_ENTRY"}));
    EXPECT_TRUE(fails_saying(entry(bytes_of(std::uint64_t{1} << 32 | 0x1000)), {"PHYS32_ENTRY"}));
    EXPECT_TRUE(fails_saying(parse_with_notes(note("noxs", NOXS_ELF_NOTE_TYPE_VERSION, "12345")),
                             {"noxs", "5 bytes"}));

    const auto with_sizes = [](std::uint32_t name, std::uint32_t descriptor) {
        return parse_with_notes(bytes_of(name) + bytes_of(descriptor) + bytes_of(std::uint32_t{18}) + "Xen" +
                                '\0');
    };
    EXPECT_TRUE(fails_saying(with_sizes(5, 0), {"name is longer"}));
    EXPECT_TRUE(fails_saying(with_sizes(0xffffffff, 0), {"name is longer"}));
    EXPECT_TRUE(fails_saying(with_sizes(4, 1), {"note is longer"}));
    EXPECT_TRUE(fails_saying(with_sizes(4, 0xffffffff), {"note is longer"}));
}

TEST(HostileElf, endless_notes_are_refused) {
    ElfBuilder elf;
    elf.load(0x1000, "x");
    elf.notes(std::string(40'000, '\0'));
    EXPECT_TRUE(parse(elf.build()));
    elf.notes(std::string(40'000, '\0'));
    EXPECT_TRUE(fails_saying(parse(elf.build()), {"bytes of notes"}));
    EXPECT_TRUE(fails_saying(parse_spoilt([](auto& program) { program.programs[1].p_filesz = UINT64_MAX; }),
                             {"truncated"}));
}

/// Each byte of the headers and notes in turn takes values that are likely to hurt.
TEST(HostileElf, no_damaged_byte_leads_outside_of_the_file) {
    const std::string file = unikernel().build();
    for (std::size_t position = 0; position < file.size(); ++position) {
        for (const char value : {'\0', '\x01', '\x7f', '\x80', '\xff'}) {
            std::string damaged = file;
            damaged[position] = value;
            const auto headers = parse(damaged);
            EXPECT_FALSE(fails_saying(headers, {"a check is missing"})) << position;
            if (!headers)
                continue;
            for (const auto& segment : headers->segments) {
                ASSERT_LE(segment.file_size, segment.memory_size) << position;
                ASSERT_LE(segment.file_offset + segment.file_size, file.size()) << position;
                ASSERT_LT(segment.address + segment.memory_size, std::uint64_t{1} << 32) << position;
            }
        }
    }
}

} // namespace
} // namespace chaos
