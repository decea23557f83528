// SPDX-License-Identifier: BSD-3-Clause
// Reads an ELF kernel's program headers and notes. Nothing in the file is believed before it has been
// checked.
//
// Kernel::open() is on the path that is measured in microseconds, so the parser looks at the first page of
// the file with one read; only headers or notes that lie further on cost another.
#include <algorithm>
#include <array>
#include <cstring>
#include <elf.h>

#include "libchaos/image/elf_notes.hpp"
#include "libchaos/image/kernel.hpp"

namespace chaos {
namespace {

constexpr std::size_t first_read = 4096;
constexpr std::size_t maximum_program_headers = 64;
constexpr std::size_t maximum_segments = 16;
/// Bytes of all notes together; Linux has about 500.
constexpr std::size_t maximum_note_bytes = 64 * 1024;
constexpr std::uint64_t four_gib = std::uint64_t{1} << 32;

Unexpected bad_image(std::string cause) {
    return Unexpected{Error(ErrorKind::invalid_image, std::move(cause))};
}

bool within(std::uint64_t offset, std::uint64_t size, std::uint64_t limit) {
    return offset <= limit && size <= limit - offset;
}

/// The start of the file, kept so that what lies in it is not read twice.
struct FirstPage {
    std::array<unsigned char, first_read> bytes;
    std::size_t size = 0;

    /// Copies a range out of this page if it is there, out of the file otherwise.
    Result<void> copy(const ByteSource& source, std::uint64_t offset, void* to, std::size_t length) const {
        if (!within(offset, length, size))
            return source.read_at(offset, to, length);
        std::memcpy(to, bytes.data() + offset, length);
        return {};
    }
};

Result<Elf64_Ehdr> check_file_header(const FirstPage& page) {
    Elf64_Ehdr header;
    if (page.size < SELFMAG || std::memcmp(page.bytes.data(), ELFMAG, SELFMAG) != 0)
        return bad_image("this is no ELF file (it does not start with \\x7fELF)");
    if (page.size < sizeof header)
        return bad_image("the file ends inside its ELF header");
    std::memcpy(&header, page.bytes.data(), sizeof header);
    if (header.e_ident[EI_CLASS] != ELFCLASS64)
        return bad_image("this is no 64-bit ELF file");
    if (header.e_ident[EI_DATA] != ELFDATA2LSB || header.e_machine != EM_X86_64)
        return bad_image("this ELF file is not for x86-64");
    if (header.e_ident[EI_VERSION] != EV_CURRENT || header.e_version != EV_CURRENT)
        return bad_image("this ELF file has an unknown version");
    // A position-independent kernel is loaded where it was linked, as every Xen toolstack does.
    if (header.e_type != ET_EXEC && header.e_type != ET_DYN)
        return bad_image("this ELF file is no executable (type " + std::to_string(header.e_type) + ")");
    if (header.e_phentsize != sizeof(Elf64_Phdr))
        return bad_image("the program headers are " + std::to_string(header.e_phentsize) +
                         " bytes each instead of " + std::to_string(sizeof(Elf64_Phdr)));
    if (header.e_phnum == 0 || header.e_phnum > maximum_program_headers)
        return bad_image("the file has " + std::to_string(header.e_phnum) + " program headers, 1 to " +
                         std::to_string(maximum_program_headers) + " make sense");
    return header;
}

Result<void> add_segment(KernelHeaders& headers, const Elf64_Phdr& program, std::uint64_t file_size) {
    if (program.p_memsz == 0 && program.p_filesz == 0)
        return {};
    if (program.p_filesz > program.p_memsz)
        return bad_image("a segment takes more bytes in the file than in memory");
    if (!within(program.p_offset, program.p_filesz, file_size))
        return bad_image("the file is truncated: a segment of it ends beyond byte " +
                         std::to_string(file_size) + ", where the file ends");
    if (!within(program.p_paddr, program.p_memsz, four_gib - 1))
        return bad_image("a segment is to be loaded at or beyond 4 GiB");
    if (headers.segments.size() == maximum_segments)
        return bad_image("the file has more than " + std::to_string(maximum_segments) + " segments to load");
    headers.segments.push_back({program.p_paddr, program.p_offset, program.p_filesz, program.p_memsz});
    return {};
}

Result<void> order_segments(KernelHeaders& headers) {
    auto& segments = headers.segments;
    if (segments.empty())
        return bad_image("the file has no segment to load");
    std::sort(segments.begin(), segments.end(),
              [](const KernelSegment& a, const KernelSegment& b) { return a.address < b.address; });
    for (std::size_t i = 1; i < segments.size(); ++i)
        if (segments[i].address - segments[i - 1].address < segments[i - 1].memory_size)
            return bad_image("two segments overlap in memory");
    headers.lowest_address = segments.front().address;
    headers.end_address = segments.back().address + segments.back().memory_size;
    return {};
}

/// The entry must be code that comes from the file: zeroes are no program.
Result<void> check_entry(const KernelHeaders& headers) {
    if (!headers.pvh_entry)
        return {};
    for (const auto& segment : headers.segments)
        if (*headers.pvh_entry >= segment.address && *headers.pvh_entry - segment.address < segment.file_size)
            return {};
    return bad_image("the PVH entry point lies outside the loaded segments");
}

Result<void> read_notes(const ByteSource& source, const FirstPage& page, const Elf64_Phdr& program,
                        std::size_t& note_bytes_left, NoteFindings& findings) {
    if (!within(program.p_offset, program.p_filesz, source.size()))
        return bad_image("the file is truncated: its notes end beyond byte " + std::to_string(source.size()) +
                         ", where the file ends");
    if (program.p_filesz > note_bytes_left)
        return bad_image("the file has more than " + std::to_string(maximum_note_bytes) + " bytes of notes");
    note_bytes_left -= program.p_filesz;
    const std::size_t alignment = program.p_align == 8 ? 8 : 4;
    if (within(program.p_offset, program.p_filesz, page.size))
        return scan_notes({page.bytes.data() + program.p_offset, program.p_filesz}, alignment, findings);
    std::vector<unsigned char> notes(program.p_filesz);
    TRY(source.read_at(program.p_offset, notes.data(), notes.size()));
    return scan_notes({notes.data(), notes.size()}, alignment, findings);
}

} // namespace

Result<KernelHeaders> parse_elf_kernel(const ByteSource& source) {
    const std::uint64_t file_size = source.size();
    if (file_size == 0)
        return bad_image("the file is empty");

    FirstPage page;
    page.size = static_cast<std::size_t>(std::min<std::uint64_t>(file_size, first_read));
    TRY(source.read_at(0, page.bytes.data(), page.size));
    const Elf64_Ehdr file_header = TRY(check_file_header(page));

    std::array<Elf64_Phdr, maximum_program_headers> programs;
    const std::size_t program_bytes = file_header.e_phnum * sizeof(Elf64_Phdr);
    if (!within(file_header.e_phoff, program_bytes, file_size))
        return bad_image("the file is truncated: its program headers end beyond byte " +
                         std::to_string(file_size) + ", where the file ends");
    TRY(page.copy(source, file_header.e_phoff, programs.data(), program_bytes));

    KernelHeaders headers;
    headers.segments.reserve(std::min<std::size_t>(file_header.e_phnum, maximum_segments));
    NoteFindings findings;
    std::size_t note_bytes_left = maximum_note_bytes;
    for (std::size_t i = 0; i < file_header.e_phnum; ++i) {
        if (programs[i].p_type == PT_LOAD)
            TRY(add_segment(headers, programs[i], file_size));
        else if (programs[i].p_type == PT_NOTE)
            TRY(read_notes(source, page, programs[i], note_bytes_left, findings));
    }
    TRY(order_segments(headers));
    headers.pvh_entry = findings.pvh_entry;
    headers.xen_pv = findings.says_paravirtual();
    headers.noxs_version = findings.noxs_version;
    TRY(check_entry(headers));
    return headers;
}

} // namespace chaos
