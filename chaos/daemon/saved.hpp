// SPDX-License-Identifier: BSD-3-Clause
// Flavours and pools that were made, changed or deleted over the API: kept, so that chaosd knows them when it starts again.
//
// What is kept wins over what chaos.toml says of the same name.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "chaos/daemon/service.hpp"

namespace chaos::daemon {

/// By name; nothing stands for one that was deleted, though chaos.toml may have it.
struct SavedPools {
    std::map<std::string, std::optional<FlavourSpec>> flavours;
    std::map<std::string, std::optional<PoolSpec>> pools;
};

std::string to_json(const SavedPools& saved);
/// The file may have been damaged: fails with ErrorKind::system and says how.
Result<SavedPools> saved_from_json(std::string_view text);

/// Empty if there is no such file.
Result<SavedPools> load_saved(const std::string& path);
/// Replaces the file as a whole, or leaves it as it was.
Result<void> save(const SavedPools& saved, const std::string& path);

} // namespace chaos::daemon
