// SPDX-License-Identifier: BSD-3-Clause
// What a vif or a disk is, as members of a JSON object: the same in records and in requests to xendevd.
#pragma once

#include "libchaos/config/devices.hpp"
#include "libchaos/json/fields.hpp"
#include "libchaos/json/writer.hpp"

namespace chaos::json {

/// Writes the members into the object that is open; what has its usual value is left out.
void write_members(Writer& writer, const VifConfig& vif);
void write_members(Writer& writer, const DiskConfig& disk);

/// What comes out keeps every promise of VifConfig.
Result<VifConfig> read_vif(const Fields& fields);
Result<DiskConfig> read_disk(const Fields& fields);

} // namespace chaos::json
