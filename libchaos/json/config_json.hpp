// SPDX-License-Identifier: BSD-3-Clause
// A guest's configuration as members of a JSON object: the same in records, in the API of chaosd and in what
// `chaos create --dry-run --json` prints.
#pragma once

#include <string>

#include "libchaos/config/guest_config.hpp"
#include "libchaos/json/fields.hpp"
#include "libchaos/json/writer.hpp"

namespace chaos::json {

/// Writes the members into the object that is open. Left out are name and kernel if empty, what is absent (UUID, vifs,
/// disks), and a store that is chosen by itself.
void write_members(Writer& writer, const GuestConfig& config);
/// The same as an object of its own.
std::string to_json(const GuestConfig& config);

/// Reads what write_members() wrote; what is missing has its usual value, and may leave name and kernel empty. What
/// comes out keeps every promise of GuestConfig for what it has. Members of other names are not looked at.
Result<GuestConfig> read_config(const Fields& fields);

/// For whom somebody asks.
enum class Asked : std::uint8_t {
    guest, ///< needs name, kernel and memory_kib
    shape, ///< of many guests: needs memory_kib, and may have nothing that only one guest can have
};

/// Reads a configuration that anybody may have sent: nothing unknown, every path absolute. Fails with invalid_config,
/// naming the member, what is wrong with it and what would be right.
Result<GuestConfig> read_asked_config(const Value& value, Asked asked);
/// The same for one device.
Result<VifConfig> read_asked_vif(const Value& value);
Result<DiskConfig> read_asked_disk(const Value& value);

} // namespace chaos::json
