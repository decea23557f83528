// SPDX-License-Identifier: BSD-3-Clause
// Records and state directories as the tests of the registry need them.
#include "samples.hpp"

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

namespace chaos::test {
namespace {

/// Children of the tests use these too, so a failure ends the process rather than a test.
template<typename T>
T must(Result<T> result) {
    if (!result) {
        std::fprintf(stderr, "%s\n", result.error().story().c_str());
        std::abort();
    }
    return std::move(result).value();
}

} // namespace

GuestRecord sample_record(DomainId id, const Uuid& uuid, const std::string& name) {
    GuestRecord record;
    record.id = id;
    record.uuid = uuid;
    record.config.name = name;
    record.config.kernel = "/usr/lib/chaos/noop";
    record.config.memory_kib = 4096;
    record.created_unix_ms = 1'790'000'000'000;
    record.system = DeviceLocation{Gfn{1022}, EventChannelPort{1}, GrantReference{8}};
    record.console = DeviceLocation{Gfn{1023}, EventChannelPort{2}, GrantReference{9}};
    return record;
}

Registry open_registry(const std::string& directory) {
    return must(Registry::open(directory));
}

DomainId make_guest(Registry& registry, const std::string& name, const Uuid& uuid) {
    Reservation reservation = must(registry.reserve(name, uuid));
    auto committed = reservation.commit(sample_record(reservation.id(), uuid, name));
    if (!committed) {
        std::fprintf(stderr, "%s\n", committed.error().story().c_str());
        std::abort();
    }
    return reservation.id();
}

std::map<std::string, std::string> contents_of(const std::string& directory) {
    std::map<std::string, std::string> found;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(directory)) {
        const std::string name = entry.path().lexically_relative(directory);
        if (entry.is_symlink()) {
            found[name] = "-> " + std::filesystem::read_symlink(entry.path()).string();
        } else if (entry.is_regular_file() && name != "next-domain" && name != "claims") {
            std::stringstream text;
            text << std::ifstream(entry.path()).rdbuf();
            found[name] = text.str();
        }
    }
    return found;
}

void write_file(const std::string& path, const std::string& text) {
    std::ofstream(path, std::ios::trunc) << text;
}

} // namespace chaos::test
