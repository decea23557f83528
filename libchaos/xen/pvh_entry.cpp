// SPDX-License-Identifier: BSD-3-Clause
// The first register state of a PVH guest, handed to Xen as HVM save records (xen/hvm/save.h).
#include <cerrno>
#include <cstring>

#include "libchaos/xen/control.hpp"
#include "libchaos/xen/headers.hpp"

extern "C" {
#include <xen/hvm/save.h>
}

namespace chaos::xen {

namespace {

// Segment attributes as the processor's manual packs them: type, S, DPL, P, then AVL, L, D/B, G four bits up.
constexpr std::uint32_t flat_code = 0xc9b; // execute/read, accessed, 32 bit, 4 KiB granular
constexpr std::uint32_t flat_data = 0xc93; // read/write, accessed, 32 bit, 4 KiB granular
constexpr std::uint32_t busy_tss = 0x08b;
constexpr std::uint64_t cr0_pe_et = 0x11;

#pragma pack(push, 1)
struct Records {
    hvm_save_descriptor header_descriptor;
    HVM_SAVE_TYPE(HEADER) header;
    hvm_save_descriptor cpu_descriptor;
    HVM_SAVE_TYPE(CPU) cpu;
    hvm_save_descriptor mtrr_descriptor;
    HVM_SAVE_TYPE(MTRR) mtrr;
    hvm_save_descriptor end_descriptor; // its record is empty
};
#pragma pack(pop)

constexpr std::uint32_t segment_limit = 0xffffffff;
constexpr std::uint64_t mtrr_enabled_write_back = 0x806; // MTRR_DEF_TYPE: enabled, default type 6
constexpr std::uint64_t mtrr_capabilities = 0x508; // MTRRCAP: write-combining, fixed ranges, 8 variable ones

} // namespace

Result<void> Control::set_pvh_entry(DomainId domain, std::uint32_t entry, std::uint32_t start_info_address) {
    Records records;
    std::memset(&records, 0, sizeof(records));

    records.header_descriptor = {HVM_SAVE_CODE(HEADER), 0, HVM_SAVE_LENGTH(HEADER)};
    records.header.magic = HVM_FILE_MAGIC;
    records.header.version = HVM_FILE_VERSION;

    records.cpu_descriptor = {HVM_SAVE_CODE(CPU), 0, HVM_SAVE_LENGTH(CPU)};
    auto& cpu = records.cpu;
    cpu.rip = entry;
    cpu.rbx = start_info_address;
    cpu.rflags = 2; // the bit that is always set
    cpu.cr0 = cr0_pe_et;
    cpu.cs_limit = cpu.ds_limit = cpu.es_limit = cpu.fs_limit = cpu.gs_limit = cpu.ss_limit = segment_limit;
    cpu.cs_arbytes = flat_code;
    cpu.ds_arbytes = cpu.es_arbytes = cpu.fs_arbytes = cpu.gs_arbytes = cpu.ss_arbytes = flat_data;
    cpu.tr_limit = 0x67; // the smallest 32-bit TSS
    cpu.tr_arbytes = busy_tss;

    // Without this record the default memory type is uncached, which a stock kernel takes to heart.
    records.mtrr_descriptor = {HVM_SAVE_CODE(MTRR), 0, HVM_SAVE_LENGTH(MTRR)};
    records.mtrr.msr_pat_cr = 0x0007040600070406; // the processor's reset value
    records.mtrr.msr_mtrr_cap = mtrr_capabilities;
    records.mtrr.msr_mtrr_def_type = mtrr_enabled_write_back;

    records.end_descriptor = {HVM_SAVE_CODE(END), 0, 0};

    if (xc_domain_hvm_setcontext(handle(), raw(domain), reinterpret_cast<std::uint8_t*>(&records),
                                 sizeof(records)) < 0)
        return Error::from_errno("setting the vCPU's registers", errno);
    return {};
}

} // namespace chaos::xen
