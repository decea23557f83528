// SPDX-License-Identifier: BSD-3-Clause
// A guest whose drivers are the unikernels' own, in the pretend machine that xendevd's back-ends run on: what the runtime
// would do by hypercalls is done to the machine's memory.
#pragma once

#include <functional>

#include "tests/xendevd/daemon_fixture.hpp"
#include "unikernels/runtime/devices.hpp"
#include "xendevd/backend.hpp"
#include "xendevd/noxs_door.hpp"

namespace two_sided {

class GuestFixture : public xendevd::DaemonFixture {
  protected:
    GuestFixture();
    ~GuestFixture() override;

    /// The device as the guest finds it on its device page.
    unikernel::Device device();
    /// Opens the back-end's door, as after an attach or a restart.
    void open_door(std::unique_ptr<xendevd::Backend> backend);
    /// Turns until `condition` holds; false if it does not within a few seconds.
    bool wait_for(const std::function<bool()>& condition);

    std::unique_ptr<xendevd::NoxsDoor> door;

  private:
    static constexpr std::uint32_t port = 1;
};

} // namespace two_sided
