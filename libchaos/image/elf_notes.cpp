// SPDX-License-Identifier: BSD-3-Clause
// Walks ELF notes with every length checked against what is left of the segment.
#include "libchaos/image/elf_notes.hpp"

#include <algorithm>
#include <cstring>
#include <elf.h>
#include <string>
#include <string_view>
#include <xen/elfnote.h>

#include "noxs/noxs.h"

namespace chaos {
namespace {

using Bytes = std::span<const unsigned char>;

Unexpected bad_note(std::string cause) {
    return Unexpected{Error(ErrorKind::invalid_image, std::move(cause))};
}

/// Where the next part starts; the padding after the last one may be missing.
std::size_t aligned(std::size_t position, std::size_t alignment, std::size_t end) {
    return std::min((position + alignment - 1) / alignment * alignment, end);
}

/// The note's integer, written with 4 or 8 bytes, as long as it fits in 32 bits.
std::optional<std::uint32_t> small_number(Bytes descriptor) {
    std::uint64_t wide = 0;
    if (descriptor.size() != 4 && descriptor.size() != 8)
        return std::nullopt;
    std::memcpy(&wide, descriptor.data(), descriptor.size());
    if (wide > UINT32_MAX)
        return std::nullopt;
    return static_cast<std::uint32_t>(wide);
}

Result<void> take_xen_note(std::uint32_t type, Bytes descriptor, NoteFindings& findings) {
    switch (type) {
    case XEN_ELFNOTE_PHYS32_ENTRY:
        findings.pvh_entry = small_number(descriptor);
        if (!findings.pvh_entry)
            return bad_note("the PVH entry note (PHYS32_ENTRY) holds no 32-bit address");
        break;
    case XEN_ELFNOTE_XEN_VERSION:
        findings.xen_version = true;
        break;
    case XEN_ELFNOTE_VIRT_BASE:
        findings.virtual_base = true;
        break;
    case XEN_ELFNOTE_ENTRY:
        findings.entry = true;
        break;
    case XEN_ELFNOTE_HYPERCALL_PAGE:
        findings.hypercall_page = true;
        break;
    default:
        break;
    }
    return {};
}

Result<void> take_noxs_note(std::uint32_t type, Bytes descriptor, NoteFindings& findings) {
    if (type != NOXS_ELF_NOTE_TYPE_VERSION)
        return {};
    if (descriptor.size() != sizeof(std::uint32_t))
        return bad_note("the noxs version note holds " + std::to_string(descriptor.size()) +
                        " bytes instead of 4");
    findings.noxs_version = small_number(descriptor);
    return {};
}

} // namespace

Result<void> scan_notes(Bytes notes, std::size_t alignment, NoteFindings& findings) {
    std::size_t position = 0;
    while (notes.size() - position >= sizeof(Elf64_Nhdr)) {
        Elf64_Nhdr note;
        std::memcpy(&note, notes.data() + position, sizeof note);
        position += sizeof note;
        if (note.n_namesz > notes.size() - position)
            return bad_note("a note's name is longer than the notes");
        const Bytes name_bytes = notes.subspan(position, note.n_namesz);
        position = aligned(position + note.n_namesz, alignment, notes.size());
        if (note.n_descsz > notes.size() - position)
            return bad_note("a note is longer than the notes");
        const Bytes descriptor = notes.subspan(position, note.n_descsz);
        position = aligned(position + note.n_descsz, alignment, notes.size());

        // The name's terminating zero is counted in its size.
        std::string_view name(reinterpret_cast<const char*>(name_bytes.data()), name_bytes.size());
        name = name.substr(0, name.find('\0'));
        if (name == "Xen")
            TRY(take_xen_note(note.n_type, descriptor, findings));
        else if (name == NOXS_ELF_NOTE_NAME)
            TRY(take_noxs_note(note.n_type, descriptor, findings));
    }
    return {};
}

} // namespace chaos
