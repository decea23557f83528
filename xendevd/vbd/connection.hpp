// SPDX-License-Identifier: BSD-3-Clause
// A disk while a front end is connected: takes requests off the ring, has them carried out, and answers.
//
// Everything that the kernel may still write to - mapped pages of the guest, buffers - belongs to the connection, and the
// connection lives until the last operation is finished, even if the device was disconnected before.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "xendevd/backend.hpp"
#include "xendevd/daemon.hpp"
#include "xendevd/rate_limiter.hpp"
#include "xendevd/vbd/disk_ring.hpp"
#include "xendevd/vbd/engine.hpp"
#include "xendevd/vbd/image.hpp"
#include "xendevd/vbd/persistent_grants.hpp"
#include "xendevd/vbd/request.hpp"
#include "xendevd/vbd/transfer.hpp"

namespace xendevd {

class Connection;

/// What outlives a connection.
struct Disk {
    Daemon& daemon;
    chaos::DomainId domain;
    VbdSettings settings;
    std::shared_ptr<Engine> engine;
    Image image;
    RateLimiter rate;
    Counters counters{};
    LogAllowance log_allowance{};
    /// Operations of former connections that are still under way. What they write must not come after what the next
    /// connection writes, so that one waits.
    std::uint32_t left_behind = 0;
    Connection* waiting = nullptr;
};

class Connection final : public std::enable_shared_from_this<Connection>,
                         TransferOwner,
                         IoBatchHandler,
                         Task,
                         Timer {
  public:
    static chaos::Result<std::shared_ptr<Connection>> make(std::shared_ptr<Disk> disk, const Offer& offer,
                                                           std::uint32_t features,
                                                           chaos::EventChannelPort local,
                                                           BackendOwner& owner);
    ~Connection();

    /// Looks at the ring.
    void handle_event() { serve(); }
    void stop_taking_requests() { taking_ = false; }
    [[nodiscard]] bool is_idle() const;
    /// The device is disconnected: no more is taken, answered or told.
    void abandon();

  private:
    Connection(std::shared_ptr<Disk> disk, DiskRing ring, std::uint32_t features,
               chaos::EventChannelPort local, BackendOwner& owner);

    void run_task() override { serve(); }
    void run_timer() override { serve(); }
    Request& request_at(std::uint32_t place) override { return requests_[place & (requests_.size() - 1)]; }
    void image_failed(Request::Kind kind, int error) override;
    void transfer_finished(Transfer& transfer) override;
    void batch_finished() override;

    // taking.cpp
    /// Takes and starts what the front end asks for, at most one turn's worth; tells the owner if it broke the protocol.
    void serve();
    chaos::Result<void> take_and_start();
    bool may_take();
    chaos::Result<void> take_batch(std::uint32_t available);
    chaos::Result<void> fetch_segments();
    chaos::Result<void> check_batch();
    chaos::Result<void> place_data();
    bool place_in_guest(const Request& request);
    bool place_in_buffer(Request& request);
    void start_batch();
    void start_flush();
    Transfer& idle_transfer();
    void start(Transfer& transfer);

    // connection.cpp
    void add_copies(const Request& request, bool to_guest);
    chaos::Result<void> copy();
    chaos::Result<void> deliver_reads();
    void answer();
    void count(const Request& request);
    void give_back_buffer(Request& request);
    void fail(chaos::Error reason);

    /// A request of the batch that is being taken, and its pieces among pieces_.
    struct Taken {
        std::uint32_t place = 0;
        std::size_t first_piece = 0;
        std::size_t pieces = 0;
        bool carry_out = false;
    };

    std::shared_ptr<Disk> disk_;
    std::optional<DiskRing> ring_;
    RequestLimits limits_;
    chaos::EventChannelPort local_;
    BackendOwner* owner_; // null: abandoned
    std::optional<PersistentGrants> persistent_;
    std::vector<Request> requests_; // by place in the ring
    std::vector<std::unique_ptr<Transfer>> transfers_;
    std::vector<Transfer*> idle_transfers_;
    std::shared_ptr<Connection> keep_; // this, while something is under way

    bool taking_ = true;
    std::uint64_t taken_ = 0;     // requests
    std::uint64_t answered_ = 0;  // requests
    std::uint32_t under_way_ = 0; // transfers
    std::uint32_t changes_under_way_ = 0;
    std::uint64_t bytes_under_way_ = 0;
    std::uint32_t finished_ = 0;         // transfers that batch_finished() has not dealt with
    std::optional<std::uint32_t> flush_; // place of a flush that waits for the changes before it

    // Of the batch at hand; kept for their memory.
    std::vector<Taken> batch_;
    std::uint64_t batch_bytes_ = 0; // at most
    std::vector<iovec> pieces_;
    std::vector<chaos::xen::GrantCopy> copies_;
    std::vector<std::byte> segment_pages_;
    std::vector<std::uint32_t> references_;
    std::vector<std::uint32_t> read_places_; // reads whose buffers are to be copied to the guest
};

} // namespace xendevd
