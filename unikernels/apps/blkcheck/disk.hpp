// SPDX-License-Identifier: BSD-3-Clause
// A disk kept busy: as many requests at once as it takes, whatever they are.
#pragma once

#include "runtime.hpp"
#include "vbd.hpp"

#include <span>

/// One thing for the disk to do. `offset` and `bytes` count bytes and are whole sectors.
struct Job {
    unikernel::Vbd::Operation operation = unikernel::Vbd::Operation::read;
    std::uint64_t offset = 0;
    std::uint64_t bytes = 0;
};

/// What is asked to fill a job, and told when it is done. `data` is the job's buffer, as long as its bytes; a discard and a
/// flush have none.
class Work {
  public:
    /// The next job, whose data is to be put into `buffer` if it is a write; false when there is none left.
    virtual bool next(Job& job, std::span<std::byte> buffer) = 0;
    virtual void done(const Job& job, std::span<const std::byte> data) = 0;

  protected:
    ~Work() = default;
};

class Disk {
  public:
    /// Waits for disk `id` to be there and to be served. With room for `requests` of `pages` each, or less if memory is short.
    Disk(std::uint16_t id, std::uint8_t requests, std::uint16_t pages);

    [[nodiscard]] std::uint64_t bytes() const { return config_.sectors * unikernel::Vbd::sector; }
    [[nodiscard]] const noxs_vbd_config& config() const { return config_; }
    [[nodiscard]] bool has(std::uint32_t feature) const { return (vbd_->features() & feature) != 0; }

    /// It was taken away: nothing is to be done with it any more.
    [[nodiscard]] bool is_gone() const { return !vbd_; }

    /// Does all of `work`, or what it can before the disk is taken away. Ends the guest when a request fails.
    void run(Work& work);
    /// Makes what was written durable; nothing if the back-end does not know how.
    void flush();
    /// Follows the disk's fate until it is taken away.
    void attend();

    std::uint64_t requests_done = 0;

  private:
    /// True if it has let go of the disk.
    bool let_go_if_asked();

    std::unique_ptr<unikernel::Vbd> vbd_;
    noxs_vbd_config config_{};
};

/// Says why on the console and ends as crashed.
[[noreturn]] void fail(const char* what, std::uint64_t offset);
