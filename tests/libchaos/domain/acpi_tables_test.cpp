// SPDX-License-Identifier: BSD-3-Clause
// The ACPI tables as a kernel reads them: by following addresses and offsets of the specification.
#include "libchaos/domain/acpi_tables.hpp"

#include <gtest/gtest.h>

#include <cstring>
#include <string>
#include <vector>

#include "libchaos/config/guest_config.hpp"

namespace chaos {
namespace {

constexpr std::uint64_t page_address = 0x07ffb000;

class AcpiTables : public testing::Test {
  protected:
    std::vector<std::byte> page = std::vector<std::byte>(page_size, std::byte{0xa5});

    void write(std::uint32_t vcpus) {
        write_acpi_tables(std::span<std::byte, page_size>(page.data(), page_size), page_address, vcpus);
    }

    template<typename T>
    T at(std::uint64_t offset) const {
        T value{};
        EXPECT_LE(offset + sizeof(T), page.size());
        std::memcpy(&value, page.data() + offset, sizeof(T));
        return value;
    }
    std::string text(std::uint64_t offset, std::size_t size) const {
        return {reinterpret_cast<const char*>(page.data() + offset), size};
    }
    int sum(std::uint64_t offset, std::size_t size) const {
        int total = 0;
        for (std::size_t index = 0; index < size; ++index)
            total += std::to_integer<int>(page[offset + index]);
        return total & 0xff;
    }
    /// The page offset of the table at guest address `address`, after checking its header.
    std::uint64_t table(std::uint64_t address, const std::string& signature) const {
        EXPECT_GE(address, page_address);
        const std::uint64_t offset = address - page_address;
        EXPECT_EQ(text(offset, 4), signature);
        const auto length = at<std::uint32_t>(offset + 4);
        EXPECT_LE(offset + length, page_size);
        EXPECT_EQ(sum(offset, length), 0) << "checksum of " << signature;
        return offset;
    }
    std::uint64_t xsdt() const { return table(at<std::uint64_t>(24), "XSDT"); }
    std::uint64_t fadt() const { return table(at<std::uint64_t>(xsdt() + 36), "FACP"); }
    std::uint64_t madt() const { return table(at<std::uint64_t>(xsdt() + 44), "APIC"); }
};

TEST_F(AcpiTables, root_pointer_starts_the_page_and_both_its_checksums_hold) {
    write(1);
    EXPECT_EQ(text(0, 8), "RSD PTR ");
    EXPECT_EQ(at<std::uint8_t>(15), 2);
    EXPECT_EQ(at<std::uint32_t>(20), 36u);
    EXPECT_EQ(sum(0, 20), 0);
    EXPECT_EQ(sum(0, 36), 0);
}

TEST_F(AcpiTables, extended_table_names_exactly_fadt_and_madt) {
    write(1);
    EXPECT_EQ(at<std::uint32_t>(xsdt() + 4), 36u + 2 * 8);
    fadt();
    madt();
}

TEST_F(AcpiTables, fadt_is_hardware_reduced_and_names_an_empty_dsdt) {
    write(1);
    EXPECT_EQ(at<std::uint8_t>(fadt() + 8), 5);
    EXPECT_EQ(at<std::uint32_t>(fadt() + 4), 268u);
    EXPECT_TRUE(at<std::uint32_t>(fadt() + 112) & 1u << 20);
    EXPECT_EQ(at<std::uint32_t>(fadt() + 40), at<std::uint64_t>(fadt() + 140));
    const std::uint64_t dsdt = table(at<std::uint64_t>(fadt() + 140), "DSDT");
    EXPECT_EQ(at<std::uint32_t>(dsdt + 4), 36u);
}

TEST_F(AcpiTables, madt_has_one_enabled_local_apic_per_vcpu_with_even_ids) {
    for (const std::uint32_t vcpus : {1u, 2u, 8u, maximum_vcpus}) {
        write(vcpus);
        EXPECT_EQ(at<std::uint32_t>(madt() + 4), 44 + 8 * vcpus);
        EXPECT_EQ(at<std::uint32_t>(madt() + 36), 0xfee00000u);
        for (std::uint32_t vcpu = 0; vcpu < vcpus; ++vcpu) {
            const std::uint64_t entry = madt() + 44 + 8 * vcpu;
            EXPECT_EQ(at<std::uint8_t>(entry), 0);
            EXPECT_EQ(at<std::uint8_t>(entry + 1), 8);
            EXPECT_EQ(at<std::uint8_t>(entry + 2), vcpu);
            EXPECT_EQ(at<std::uint8_t>(entry + 3), 2 * vcpu);
            EXPECT_EQ(at<std::uint32_t>(entry + 4), 1u);
        }
    }
}

TEST_F(AcpiTables, nothing_of_the_page_before_shows_through) {
    write(1);
    const std::uint64_t end = madt() + at<std::uint32_t>(madt() + 4);
    for (std::uint64_t offset = end; offset < page_size; ++offset)
        ASSERT_EQ(at<std::uint8_t>(offset), 0) << "at " << offset;
}

} // namespace
} // namespace chaos
