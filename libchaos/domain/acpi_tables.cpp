// SPDX-License-Identifier: BSD-3-Clause
// The tables of the ACPI specification 5.0, chapter 5.2, byte for byte as it numbers them.
#include "libchaos/domain/acpi_tables.hpp"

#include <cstring>
#include <string_view>

#include "libchaos/config/guest_config.hpp"

namespace chaos {

namespace {

#pragma pack(push, 1)

struct RootPointer {
    char signature[8];
    std::uint8_t checksum; // of the first 20 bytes
    char oem_id[6];
    std::uint8_t revision;
    std::uint32_t rsdt_address;
    std::uint32_t length;
    std::uint64_t xsdt_address;
    std::uint8_t extended_checksum;
    std::uint8_t reserved[3];
};
constexpr std::size_t root_pointer_first_part = 20;
static_assert(sizeof(RootPointer) == 36);

struct Header {
    char signature[4];
    std::uint32_t length;
    std::uint8_t revision;
    std::uint8_t checksum;
    char oem_id[6];
    char oem_table_id[8];
    std::uint32_t oem_revision;
    char creator_id[4];
    std::uint32_t creator_revision;
};
static_assert(sizeof(Header) == 36);

struct Xsdt {
    Header header;
    std::uint64_t tables[2];
};

/// Hardware-reduced: all register blocks stay zero.
struct Fadt {
    Header header;
    std::uint32_t firmware_control;
    std::uint32_t dsdt;
    std::uint8_t fixed_hardware_of_old[65];
    std::uint16_t boot_architecture_flags;
    std::uint8_t reserved;
    std::uint32_t flags;
    std::uint8_t reset_register[16];
    std::uint64_t extended_firmware_control;
    std::uint64_t extended_dsdt;
    std::uint8_t register_blocks[120];
};
static_assert(offsetof(Fadt, boot_architecture_flags) == 109 && offsetof(Fadt, flags) == 112);
static_assert(offsetof(Fadt, extended_dsdt) == 140 && sizeof(Fadt) == 268);

struct LocalApic {
    std::uint8_t type;
    std::uint8_t length;
    std::uint8_t processor_uid;
    std::uint8_t apic_id;
    std::uint32_t flags;
};

struct Madt {
    Header header;
    std::uint32_t local_apic_address;
    std::uint32_t flags;
    LocalApic processors[maximum_vcpus];
};
static_assert(offsetof(Madt, processors) == 44);

/// What lies where in the page.
struct Tables {
    RootPointer root;
    std::uint8_t alignment_of_xsdt[4];
    Xsdt xsdt;
    std::uint8_t alignment_of_fadt[4];
    Fadt fadt;
    std::uint8_t alignment_of_dsdt[4];
    Header dsdt;
    std::uint8_t alignment_of_madt[4];
    Madt madt; // last, because its length varies
};

#pragma pack(pop)

static_assert(sizeof(Tables) <= page_size);
static_assert(offsetof(Tables, xsdt) % 8 == 0 && offsetof(Tables, fadt) % 8 == 0);
static_assert(offsetof(Tables, dsdt) % 8 == 0 && offsetof(Tables, madt) % 8 == 0);

constexpr std::uint16_t no_vga = 1 << 2;
constexpr std::uint16_t no_cmos_clock = 1 << 5;
constexpr std::uint32_t wbinvd_works = 1 << 0;
constexpr std::uint32_t no_fixed_power_button = 1 << 4;
constexpr std::uint32_t no_fixed_sleep_button = 1 << 5;
constexpr std::uint32_t hardware_reduced = 1 << 20;
constexpr std::uint32_t local_apic_base = 0xfee00000;
constexpr std::uint32_t processor_enabled = 1;

/// The byte that makes the sum of all of them zero, if it is zero itself so far.
std::uint8_t checksum(const void* bytes, std::size_t size) {
    std::uint8_t sum = 0;
    for (std::size_t index = 0; index < size; ++index)
        sum = static_cast<std::uint8_t>(sum + static_cast<const std::uint8_t*>(bytes)[index]);
    return static_cast<std::uint8_t>(-sum);
}

template<std::size_t size>
void copy_text(char (&field)[size], std::string_view text) {
    std::memcpy(field, text.data(), size);
}

/// Fills in the header and then the checksum of a table whose body is complete.
void finish(Header& header, std::string_view signature, std::uint8_t revision, std::size_t length) {
    copy_text(header.signature, signature);
    header.length = static_cast<std::uint32_t>(length);
    header.revision = revision;
    copy_text(header.oem_id, "CHAOS ");
    copy_text(header.oem_table_id, "CHAOSPVH");
    header.oem_revision = 1;
    copy_text(header.creator_id, "CHAO");
    header.creator_revision = 1;
    header.checksum = checksum(&header, length);
}

} // namespace

void write_acpi_tables(std::span<std::byte, page_size> page, std::uint64_t address, std::uint32_t vcpus) {
    // Built beside and copied once: a foreign page is slow to touch.
    Tables tables;
    std::memset(&tables, 0, sizeof(tables));

    finish(tables.dsdt, "DSDT", 2, sizeof(tables.dsdt));

    Fadt& fadt = tables.fadt;
    fadt.extended_dsdt = address + offsetof(Tables, dsdt);
    fadt.dsdt = static_cast<std::uint32_t>(fadt.extended_dsdt);
    fadt.boot_architecture_flags = no_vga | no_cmos_clock;
    fadt.flags = wbinvd_works | no_fixed_power_button | no_fixed_sleep_button | hardware_reduced;
    finish(fadt.header, "FACP", 5, sizeof(fadt));

    Madt& madt = tables.madt;
    madt.local_apic_address = local_apic_base;
    for (std::uint32_t vcpu = 0; vcpu < vcpus; ++vcpu)
        // Xen gives vCPU n the APIC id 2n; Linux takes the processor's UID for the number of the vCPU.
        madt.processors[vcpu] = {0, sizeof(LocalApic), static_cast<std::uint8_t>(vcpu),
                                 static_cast<std::uint8_t>(2 * vcpu), processor_enabled};
    finish(madt.header, "APIC", 3, offsetof(Madt, processors) + vcpus * sizeof(LocalApic));

    tables.xsdt.tables[0] = address + offsetof(Tables, fadt);
    tables.xsdt.tables[1] = address + offsetof(Tables, madt);
    finish(tables.xsdt.header, "XSDT", 1, sizeof(tables.xsdt));

    RootPointer& root = tables.root;
    copy_text(root.signature, "RSD PTR ");
    copy_text(root.oem_id, "CHAOS ");
    root.revision = 2;
    root.length = sizeof(root);
    root.xsdt_address = address + offsetof(Tables, xsdt);
    root.checksum = checksum(&root, root_pointer_first_part);
    root.extended_checksum = checksum(&root, sizeof(root));

    std::memset(page.data() + sizeof(tables), 0, page.size() - sizeof(tables));
    std::memcpy(page.data(), &tables, sizeof(tables));
}

} // namespace chaos
