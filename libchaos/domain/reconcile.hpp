// SPDX-License-Identifier: BSD-3-Clause
// Making the registry agree with the hypervisor after guests died or a chaos was killed.
#pragma once

#include <string_view>

#include "libchaos/domain/host.hpp"

namespace chaos {

/// If nothing lives behind `id` any more - its domain is gone, or its maker was killed half-way - forgets it,
/// destroys what is left of its domain and returns true.
Result<bool> forget_if_gone(Host& host, DomainId id);

/// The same for the id that `name` stands for; true also if the name is free.
Result<bool> forget_if_gone(Host& host, std::string_view name);

} // namespace chaos
