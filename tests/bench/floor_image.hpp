// SPDX-License-Identifier: BSD-3-Clause
// The noop kernel as the floor program needs it: read and laid out before any clock starts.
#pragma once

#include <elf.h>
#include <xen/elfnote.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>

namespace bench {

constexpr std::uint64_t page_bytes = 4096;

[[noreturn]] inline void fail(const char* what) {
    std::fprintf(stderr, "floor: %s: %s\n", what, std::strerror(errno));
    std::exit(1);
}

inline void need(bool good, const char* what) {
    if (!good)
        fail(what);
}

/// The kernel as it will lie in memory: one run of pages, zeroes included, ready to be copied.
struct Image {
    std::uint64_t first_gfn = 0;
    std::uint32_t entry = 0;
    std::string bytes;
};

/// Trusts the file: a broken one is for libchaos to judge, the floor only boots our own noop.
inline Image read_image(const char* path) {
    std::FILE* file = std::fopen(path, "rbe");
    need(file != nullptr, path);
    std::string elf(1 << 20, '\0');
    elf.resize(std::fread(elf.data(), 1, elf.size(), file));
    std::fclose(file);
    errno = ENOEXEC;
    need(elf.size() > sizeof(Elf64_Ehdr) && std::memcmp(elf.data(), ELFMAG, SELFMAG) == 0, path);

    const auto* header = reinterpret_cast<const Elf64_Ehdr*>(elf.data());
    const auto* segments = reinterpret_cast<const Elf64_Phdr*>(elf.data() + header->e_phoff);
    std::uint64_t begin = UINT64_MAX;
    std::uint64_t end = 0;
    for (int i = 0; i < header->e_phnum; ++i) {
        if (segments[i].p_type == PT_LOAD) {
            begin = std::min(begin, segments[i].p_paddr / page_bytes * page_bytes);
            end = std::max(end, segments[i].p_paddr + segments[i].p_memsz);
        }
    }
    Image image;
    image.first_gfn = begin / page_bytes;
    image.bytes.resize((end - begin + page_bytes - 1) / page_bytes * page_bytes);
    for (int i = 0; i < header->e_phnum; ++i) {
        const char* data = elf.data() + segments[i].p_offset;
        if (segments[i].p_type == PT_LOAD)
            std::memcpy(image.bytes.data() + (segments[i].p_paddr - begin), data, segments[i].p_filesz);
        if (segments[i].p_type != PT_NOTE)
            continue;
        for (std::size_t at = 0; at < segments[i].p_filesz;) {
            Elf64_Nhdr note;
            std::memcpy(&note, data + at, sizeof(note));
            const char* name = data + at + sizeof(note);
            const char* descriptor = name + (note.n_namesz + 3) / 4 * 4;
            if (note.n_type == XEN_ELFNOTE_PHYS32_ENTRY && std::strcmp(name, "Xen") == 0)
                std::memcpy(&image.entry, descriptor, sizeof(image.entry));
            at = static_cast<std::size_t>(descriptor - data) + (note.n_descsz + 3) / 4 * 4;
        }
    }
    need(image.entry != 0, "no PVH entry note");
    return image;
}

} // namespace bench
