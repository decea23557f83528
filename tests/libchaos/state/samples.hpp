// SPDX-License-Identifier: BSD-3-Clause
// Records and state directories as the tests of the registry need them.
#pragma once

#include <map>
#include <string>

#include "libchaos/state/registry.hpp"

namespace chaos::test {

/// A finished record of `name` as a plain create makes it.
GuestRecord sample_record(DomainId id, const Uuid& uuid, const std::string& name);

/// A registry on `directory`; opening it must succeed.
Registry open_registry(const std::string& directory);

/// Reserves and commits; both must succeed.
DomainId make_guest(Registry& registry, const std::string& name, const Uuid& uuid);

/// Every file and link under `directory` with its contents or target, but for the counter of ids and the file that claims are locks on.
std::map<std::string, std::string> contents_of(const std::string& directory);

void write_file(const std::string& path, const std::string& text);

} // namespace chaos::test
