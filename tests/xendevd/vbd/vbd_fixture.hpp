// SPDX-License-Identifier: BSD-3-Clause
// A front end against the disk back-end, in one process: the ring and the data are pages of a pretend guest, the image is a
// real file, and the kernel's io_uring is the real one.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include <xen/xen.h>

#include <xen/io/blkif.h>

#include "noxs/noxs.h"
#include "tests/xendevd/daemon_fixture.hpp"
#include "xendevd/backend.hpp"
#include "xendevd/vbd/vbd.hpp"

namespace xendevd {

/// A file that is gone when its descriptors are.
chaos::UniqueFd make_image(std::size_t bytes);
chaos::UniqueFd duplicate(const chaos::UniqueFd& file);
std::string contents(const chaos::UniqueFd& file, std::size_t offset, std::size_t bytes);
void fill(const chaos::UniqueFd& file, std::size_t offset, std::string_view bytes);
/// Bytes that are different everywhere.
std::string pattern(std::size_t bytes, unsigned seed);

class VbdFixture : public DaemonFixture, protected BackendOwner, PortHandler {
  protected:
    static constexpr std::uint32_t every_feature =
        NOXS_VBD_FLUSH | NOXS_VBD_DISCARD | NOXS_VBD_INDIRECT | NOXS_VBD_PERSISTENT;
    static constexpr std::uint32_t first_ring_reference = 20, first_data_reference = 134;
    static constexpr std::uint64_t first_ring_gfn = 16, first_data_gfn = 64;
    static constexpr std::uint32_t data_pages = 300;
    static constexpr std::size_t image_bytes = 4 << 20;

    VbdFixture();
    ~VbdFixture() override;

    /// Makes the device and connects it to a fresh ring.
    void start(std::uint32_t features = 0, std::uint32_t ring_pages = 1, bool is_32_bit = false);
    void make_device();
    void fresh_ring(std::uint32_t ring_pages, bool is_32_bit);
    chaos::Result<std::uint32_t> connect(std::uint32_t features);

    /// Data page `number` of the guest, and the reference that grants it.
    char* data(std::uint32_t number) { return reinterpret_cast<char*>(page(first_data_gfn + number)); }
    static std::uint32_t reference(std::uint32_t number) { return first_data_reference + number; }
    /// `count` whole pages from data page `first`.
    static std::vector<blkif_request_segment> pages(std::uint32_t first, std::uint32_t count);

    // What the front end puts on the ring; not seen by the back-end before push(). Each returns the request's id.
    std::uint64_t put(blkif_request request);
    std::uint64_t put_data(std::uint8_t operation, std::uint64_t sector,
                           const std::vector<blkif_request_segment>& segments);
    /// The answer to `id` repeats `operation` rather than the one that was put.
    void expect_operation(std::uint64_t id, std::uint8_t operation) { operations_[id] = operation; }
    /// The segments go to data page 299.
    std::uint64_t put_indirect(std::uint8_t operation, std::uint64_t sector,
                               const std::vector<blkif_request_segment>& segments);
    std::uint64_t put_discard(std::uint64_t sector, std::uint64_t count);
    std::uint64_t put_flush();
    void push();
    /// Takes what was answered.
    void take_answers();
    /// Waits until `id` is answered, and returns its status; the operation has to be the request's.
    std::int16_t answer_to(std::uint64_t id);
    std::int16_t carry_out(std::uint64_t id) {
        push();
        return answer_to(id);
    }
    /// Turns until `condition` holds; false if it does not within a few seconds.
    bool wait_for(const std::function<bool()>& condition);
    blkif_sring& shared() { return *reinterpret_cast<blkif_sring*>(page(first_ring_gfn)); }
    std::size_t calls(std::string_view name);

    // BackendOwner, PortHandler
    void backend_failed(chaos::Error reason) override;
    void handle_event() override;

    VbdSettings settings{.id = 0, .device_name = "xvda", .path = "/srv/test.img"};
    chaos::UniqueFd image = make_image(image_bytes);
    std::unique_ptr<Backend> device;
    chaos::EventChannelPort local{};
    std::optional<std::string> failure;
    std::vector<std::uint64_t> answered; ///< ids in the order of the answers

  private:
    std::byte* entry(std::uint32_t place);

    std::uint32_t ring_pages_ = 1;
    bool is_32_bit_ = false;
    std::uint32_t entries_ = 0;
    std::uint32_t produced_ = 0, consumed_ = 0;
    std::uint64_t next_id_ = 0x1000000000;
    std::map<std::uint64_t, std::uint8_t> operations_; // of those not answered
    std::map<std::uint64_t, std::int16_t> answers_;
};

} // namespace xendevd
