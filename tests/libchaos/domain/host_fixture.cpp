// SPDX-License-Identifier: BSD-3-Clause
// A host on the pretend Xen.
#include "host_fixture.hpp"

#include <filesystem>

extern "C" {
#include <xen/elfnote.h>
}

#include "tests/libchaos/image/elf_builder.hpp"
#include "tests/libchaos/state/samples.hpp"

namespace chaos::test {
namespace {

std::string pattern(std::size_t size, unsigned step) {
    std::string bytes(size, '\0');
    for (std::size_t at = 0; at < size; ++at)
        bytes[at] = static_cast<char>(at * step + at / 256);
    return bytes;
}

enum class Speaks { noxs, nothing, pv };

std::string kernel_file(const std::string& code, const std::string& data, Speaks speaks) {
    ElfBuilder elf;
    elf.load(0x10000, code);
    elf.load(0x30080, data, 0x5000);
    std::string notes;
    if (speaks == Speaks::pv)
        notes += note("Xen", XEN_ELFNOTE_XEN_VERSION, std::string("xen-3.0\0", 8)) +
                 note("Xen", XEN_ELFNOTE_VIRT_BASE, bytes_of(std::uint64_t{0}));
    else
        notes += note("Xen", XEN_ELFNOTE_PHYS32_ENTRY, bytes_of(std::uint32_t{0x10010}));
    if (speaks == Speaks::noxs)
        notes += note(NOXS_ELF_NOTE_NAME, NOXS_ELF_NOTE_TYPE_VERSION, bytes_of(std::uint32_t{1} << 16));
    elf.notes(notes);
    return elf.build();
}

Host open_host(const std::string& state_directory, const std::string& cache_directory) {
    HostOptions options{state_directory, cache_directory, state_directory + "/xendevd.sock"};
    const std::string beside = state_directory.substr(0, state_directory.rfind('/'));
    options.xenstored_socket = beside + "/xenstored.sock";
    options.kernel_back_ends = beside + "/back-ends";
    auto opened = Host::open(options);
    EXPECT_TRUE(opened) << opened.error().story();
    return std::move(opened).value();
}

} // namespace

const std::string HostTest::code = pattern(10'000, 7);
const std::string HostTest::data = pattern(300, 11);

HostTest::HostTest(std::size_t frames)
    : xen(fakes::boot(frames)), guest(xen), host(open_host(state_directory(), directory / "cache")) {
    write_file(kernel_path(), kernel_file(code, data, Speaks::noxs));
    write_file(stock_kernel_path(), kernel_file(code, data, Speaks::nothing));
    write_file(pv_kernel_path(), kernel_file(code, data, Speaks::pv));
    xen.clear_calls();
}

HostTest::~HostTest() {
    for (const std::string& complaint : xen.complaints())
        ADD_FAILURE() << complaint;
}

GuestConfig HostTest::config(const std::string& name) const {
    GuestConfig config;
    config.name = name;
    config.kernel = kernel_path();
    config.memory_kib = 4096;
    return config;
}

std::string HostTest::image_path(const std::string& name) const {
    const std::string path = directory / name;
    if (!std::filesystem::exists(path)) {
        write_file(path, "");
        std::filesystem::resize_file(path, 1 << 20);
    }
    return path;
}

GuestConfig HostTest::config_with_devices(const std::string& name) const {
    GuestConfig wanted = config(name);
    wanted.vifs = {parse_vif("bridge=xenbr0,ip=10.0.0.2/16,gateway=10.0.0.1,mtu=9000").value(),
                   parse_vif("mac=02:00:00:00:00:07").value()};
    wanted.disks = {parse_disk(image_path("write-" + name) + ",raw,xvda,w").value(),
                    parse_disk(image_path("read") + ",raw,xvdb,r").value()};
    return wanted;
}

fakes::Xendevd& HostTest::start_xendevd() {
    xendevd = std::make_unique<fakes::Xendevd>(state_directory() + "/xendevd.sock");
    auto client = host.needed_devices();
    EXPECT_TRUE(client) << client.error().story();
    auto status = (*client)->forget(DomainId{1}); // accepted and answered
    EXPECT_TRUE(status) << status.error().story();
    xendevd->requests.clear();
    xen.clear_calls();
    return *xendevd;
}

Result<CreatedGuest> HostTest::try_create(const GuestConfig& config, const CreateOptions& options) {
    const Kernel kernel = TRY(Kernel::open(config.kernel, directory / "cache"));
    return create(host, config, kernel, options);
}

CreatedGuest HostTest::create_guest(const GuestConfig& config, const CreateOptions& options) {
    auto created = try_create(config, options);
    EXPECT_TRUE(created) << created.error().story();
    return std::move(created).value();
}

GuestInfo HostTest::find_guest(std::string_view name_id_or_uuid) {
    auto found = find(host, name_id_or_uuid);
    EXPECT_TRUE(found) << found.error().story();
    return std::move(found).value();
}

Host HostTest::second_host() const {
    return open_host(state_directory(), directory / "cache");
}

Traces HostTest::traces() const {
    return {xen.state(), contents_of(state_directory())};
}

std::ostream& operator<<(std::ostream& out, const Traces& traces) {
    out << traces.xen;
    for (const auto& [name, text] : traces.files)
        out << '\n' << name << ' ' << text;
    return out;
}

} // namespace chaos::test
