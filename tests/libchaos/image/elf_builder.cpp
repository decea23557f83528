// SPDX-License-Identifier: BSD-3-Clause
// Lays out what was added, back to back.
#include "elf_builder.hpp"

#include <xen/elfnote.h>

#include "noxs/noxs.h"

namespace chaos::test {
namespace {

std::string padded(std::string bytes, std::size_t alignment) {
    bytes.resize((bytes.size() + alignment - 1) / alignment * alignment);
    return bytes;
}

} // namespace

std::string note(std::string_view name, std::uint32_t type, std::string_view descriptor,
                 std::size_t alignment) {
    const auto name_size = static_cast<std::uint32_t>(name.size() + 1);
    const auto descriptor_size = static_cast<std::uint32_t>(descriptor.size());
    std::string bytes = bytes_of(name_size) + bytes_of(descriptor_size) + bytes_of(type);
    bytes += std::string(name) + '\0';
    bytes = padded(std::move(bytes), alignment);
    bytes += descriptor;
    return padded(std::move(bytes), alignment);
}

ElfBuilder::ElfBuilder() {
    std::memcpy(header.e_ident, ELFMAG, SELFMAG);
    header.e_ident[EI_CLASS] = ELFCLASS64;
    header.e_ident[EI_DATA] = ELFDATA2LSB;
    header.e_ident[EI_VERSION] = EV_CURRENT;
    header.e_type = ET_EXEC;
    header.e_machine = EM_X86_64;
    header.e_version = EV_CURRENT;
    header.e_phoff = sizeof header;
    header.e_ehsize = sizeof header;
    header.e_phentsize = sizeof(Elf64_Phdr);
}

Elf64_Phdr& ElfBuilder::add(std::uint32_t type, std::string content) {
    Elf64_Phdr program{};
    program.p_type = type;
    program.p_filesz = content.size();
    program.p_memsz = content.size();
    programs.push_back(program);
    contents_.push_back(std::move(content));
    header.e_phnum = static_cast<Elf64_Half>(programs.size());
    std::uint64_t offset = sizeof header + programs.size() * sizeof program;
    for (std::size_t i = 0; i < programs.size(); ++i) {
        programs[i].p_offset = offset;
        offset += contents_[i].size();
    }
    return programs.back();
}

Elf64_Phdr& ElfBuilder::load(std::uint64_t address, std::string content, std::uint64_t memory_size) {
    Elf64_Phdr& program = add(PT_LOAD, std::move(content));
    program.p_paddr = address;
    program.p_vaddr = address;
    program.p_memsz = memory_size;
    return program;
}

Elf64_Phdr& ElfBuilder::load(std::uint64_t address, std::string content) {
    const std::uint64_t size = content.size();
    return load(address, std::move(content), size);
}

Elf64_Phdr& ElfBuilder::notes(std::string content, std::uint64_t alignment) {
    Elf64_Phdr& program = add(PT_NOTE, std::move(content));
    program.p_align = alignment;
    return program;
}

std::string ElfBuilder::build() {
    std::string file = bytes_of(header);
    for (const Elf64_Phdr& program : programs)
        file += bytes_of(program);
    for (const std::string& content : contents_)
        file += content;
    return file;
}

ElfBuilder unikernel(std::uint64_t address) {
    ElfBuilder elf;
    elf.load(address, std::string(256, '\x90'), 4096);
    elf.notes(note("Xen", XEN_ELFNOTE_PHYS32_ENTRY, bytes_of(static_cast<std::uint32_t>(address))) +
              note(NOXS_ELF_NOTE_NAME, NOXS_ELF_NOTE_TYPE_VERSION, bytes_of(std::uint32_t{1} << 16)));
    return elf;
}

Result<void> MemoryBytes::read_at(std::uint64_t offset, void* buffer, std::size_t size) const {
    ++reads_;
    if (offset > bytes_.size() || size > bytes_.size() - offset)
        return Error(ErrorKind::invalid_image, "read beyond the end: a check is missing");
    std::memcpy(buffer, bytes_.data() + offset, size);
    return {};
}

} // namespace chaos::test
