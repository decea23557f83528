// SPDX-License-Identifier: BSD-3-Clause
// The ELF notes by which a toolstack knows where to enter this kernel, and that it speaks noxs.
#include "noxs/noxs.h"

#include <cstdint>

#include <xen/elfnote.h>

extern "C" void pvh_entry();

namespace {

// Notes are padded to four bytes, whatever their fields would like.
template<unsigned long name_size, typename Descriptor>
struct [[gnu::packed]] Note {
    std::uint32_t size_of_name;
    std::uint32_t size_of_descriptor;
    std::uint32_t type;
    char name[name_size];
    Descriptor descriptor;
};

[[gnu::used, gnu::aligned(4), gnu::section(".note.Xen")]] const Note<4, void (*)()> xen_note = {
    4, sizeof(void (*)()), XEN_ELFNOTE_PHYS32_ENTRY, "Xen", pvh_entry};

[[gnu::used, gnu::aligned(4), gnu::section(".note.noxs")]] const Note<8, std::uint32_t> noxs_note = {
    sizeof(NOXS_ELF_NOTE_NAME), sizeof(std::uint32_t), NOXS_ELF_NOTE_TYPE_VERSION, NOXS_ELF_NOTE_NAME,
    std::uint32_t{NOXS_VERSION_MAJOR} << 16 | NOXS_VERSION_MINOR};

} // namespace
