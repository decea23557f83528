// SPDX-License-Identifier: BSD-3-Clause
// Making the one engine.
#include "xendevd/vbd/engine.hpp"

namespace xendevd {

chaos::Result<std::shared_ptr<Engine>> Engine::get(EventLoop& loop) {
    static std::weak_ptr<Engine> existing;
    if (auto engine = existing.lock())
        return engine;
    auto engine = std::make_shared<Engine>();
    engine->ring = TRY(IoRing::open(loop));
    existing = engine;
    return engine;
}

} // namespace xendevd
