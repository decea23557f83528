// SPDX-License-Identifier: BSD-3-Clause
// A short list, searched by path.
#include "chaos/daemon/kernels.hpp"

#include <algorithm>

namespace chaos::daemon {

SharedKernel Kernels::find(const std::string& path) {
    const auto found = std::find_if(kernels_.begin(), kernels_.end(),
                                    [&](const SharedKernel& known) { return known->path() == path; });
    if (found == kernels_.end())
        return nullptr;
    const auto now = FileIdentity::of(path);
    if (!now || *now != (*found)->identity()) {
        kernels_.erase(found);
        return nullptr;
    }
    kernels_.splice(kernels_.begin(), kernels_, found);
    return *found;
}

void Kernels::put(SharedKernel kernel) {
    std::erase_if(kernels_, [&](const SharedKernel& known) { return known->path() == kernel->path(); });
    kernels_.push_front(std::move(kernel));
    if (kernels_.size() > most)
        kernels_.pop_back();
}

} // namespace chaos::daemon
