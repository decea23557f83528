// SPDX-License-Identifier: BSD-3-Clause
// The front end's end of the ring.
#include "tests/xendevd/vbd/vbd_fixture.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>

namespace xendevd {

using chaos::GrantReference;

chaos::UniqueFd make_image(std::size_t bytes) {
    chaos::UniqueFd file(::open("/tmp", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600));
    EXPECT_TRUE(file.is_open());
    EXPECT_EQ(::ftruncate(file.get(), static_cast<off_t>(bytes)), 0);
    return file;
}

chaos::UniqueFd duplicate(const chaos::UniqueFd& file) {
    return chaos::UniqueFd(::fcntl(file.get(), F_DUPFD_CLOEXEC, 0));
}

std::string contents(const chaos::UniqueFd& file, std::size_t offset, std::size_t bytes) {
    std::string result(bytes, '\0');
    EXPECT_EQ(::pread(file.get(), result.data(), bytes, static_cast<off_t>(offset)),
              static_cast<ssize_t>(bytes));
    return result;
}

void fill(const chaos::UniqueFd& file, std::size_t offset, std::string_view bytes) {
    EXPECT_EQ(::pwrite(file.get(), bytes.data(), bytes.size(), static_cast<off_t>(offset)),
              static_cast<ssize_t>(bytes.size()));
}

std::string pattern(std::size_t bytes, unsigned seed) {
    std::string result(bytes, '\0');
    std::uint32_t state = seed * 2654435761u + 1;
    for (char& byte : result) {
        state = state * 1664525u + 1013904223u;
        byte = static_cast<char>(state >> 24);
    }
    return result;
}

VbdFixture::VbdFixture() {
    for (std::uint32_t number = 0; number < NOXS_MAXIMUM_RING_PAGES; ++number)
        grant(GrantReference{first_ring_reference + number}, first_ring_gfn + number);
    for (std::uint32_t number = 0; number < data_pages; ++number)
        grant(GrantReference{reference(number)}, first_data_gfn + number);
}

VbdFixture::~VbdFixture() {
    device.reset();
    turn_for(std::chrono::milliseconds(1));
    if (raw(local))
        loop->unbind(local);
    EXPECT_EQ(domain.mapped, 0u) << "pages of the guest stayed mapped";
}

void VbdFixture::make_device() {
    auto made = make_vbd(daemon, guest_id, settings, duplicate(image));
    ASSERT_TRUE(made) << made.error().story();
    device = std::move(*made);
}

void VbdFixture::fresh_ring(std::uint32_t ring_pages, bool is_32_bit) {
    ring_pages_ = ring_pages;
    is_32_bit_ = is_32_bit;
    entries_ = 32 * ring_pages;
    produced_ = consumed_ = 0;
    for (std::uint32_t number = 0; number < ring_pages; ++number)
        std::memset(page(first_ring_gfn + number), 0, chaos::page_size);
    SHARED_RING_INIT(&shared());
}

chaos::Result<std::uint32_t> VbdFixture::connect(std::uint32_t features) {
    if (!raw(local))
        local = *loop->bind(guest_id, chaos::EventChannelPort{1}, *this);
    Offer offer;
    offer.domain = guest_id;
    for (std::uint32_t number = 0; number < ring_pages_; ++number)
        offer.rings.push_back(GrantReference{first_ring_reference + number});
    offer.features = features;
    offer.ring_is_32_bit = is_32_bit_;
    return device->connect(offer, local, *this);
}

void VbdFixture::start(std::uint32_t features, std::uint32_t ring_pages, bool is_32_bit) {
    make_device();
    ASSERT_TRUE(device);
    fresh_ring(ring_pages, is_32_bit);
    auto in_use = connect(features);
    ASSERT_TRUE(in_use) << in_use.error().story();
    EXPECT_EQ(*in_use, features & device->features());
    turn();
}

std::vector<blkif_request_segment> VbdFixture::pages(std::uint32_t first, std::uint32_t count) {
    std::vector<blkif_request_segment> segments;
    for (std::uint32_t number = first; number < first + count; ++number)
        segments.push_back({reference(number), 0, 7});
    return segments;
}

/// The pages of the ring lie one behind the other in the pretend machine too, because it was asked for them in order.
std::byte* VbdFixture::entry(std::uint32_t place) {
    return page(first_ring_gfn) + 64 + (place & (entries_ - 1)) * (is_32_bit_ ? 108u : 112u);
}

std::uint64_t VbdFixture::put(blkif_request request) {
    request.id = next_id_++;
    std::byte* to = entry(produced_++);
    const auto* from = reinterpret_cast<const std::byte*>(&request);
    if (is_32_bit_) {
        std::memcpy(to, from, 4);
        std::memcpy(to + 4, from + 8, 104);
    } else {
        std::memcpy(to, from, sizeof request);
    }
    operations_[request.id] = request.operation;
    return request.id;
}

std::uint64_t VbdFixture::put_data(std::uint8_t operation, std::uint64_t sector,
                                   const std::vector<blkif_request_segment>& segments) {
    blkif_request request{};
    request.operation = operation;
    request.nr_segments = static_cast<std::uint8_t>(segments.size());
    request.sector_number = sector;
    std::copy(segments.begin(), segments.end(), request.seg);
    return put(request);
}

std::uint64_t VbdFixture::put_indirect(std::uint8_t operation, std::uint64_t sector,
                                       const std::vector<blkif_request_segment>& segments) {
    std::memcpy(data(data_pages - 1), segments.data(), segments.size() * sizeof segments[0]);
    blkif_request_indirect indirect{};
    indirect.operation = BLKIF_OP_INDIRECT;
    indirect.indirect_op = operation;
    indirect.nr_segments = static_cast<std::uint16_t>(segments.size());
    indirect.sector_number = sector;
    indirect.indirect_grefs[0] = reference(data_pages - 1);
    blkif_request request{};
    std::memcpy(&request, &indirect, sizeof indirect);
    const std::uint64_t id = put(request);
    operations_[id] = operation;
    return id;
}

std::uint64_t VbdFixture::put_discard(std::uint64_t sector, std::uint64_t count) {
    blkif_request_discard discard{};
    discard.operation = BLKIF_OP_DISCARD;
    discard.sector_number = sector;
    discard.nr_sectors = count;
    blkif_request request{};
    std::memcpy(&request, &discard, sizeof discard);
    return put(request);
}

std::uint64_t VbdFixture::put_flush() {
    blkif_request request{};
    request.operation = BLKIF_OP_FLUSH_DISKCACHE;
    return put(request);
}

void VbdFixture::push() {
    const std::uint32_t before = shared().req_prod;
    std::atomic_ref(shared().req_prod).store(produced_);
    if (produced_ - shared().req_event < produced_ - before)
        xen.notify_from(domain, 1);
    turn();
}

void VbdFixture::take_answers() {
    while (consumed_ != std::atomic_ref(shared().rsp_prod).load()) {
        blkif_response response;
        std::memcpy(&response, entry(consumed_++), sizeof response);
        answered.push_back(response.id);
        ASSERT_TRUE(operations_.count(response.id)) << "an answer to nothing";
        EXPECT_EQ(response.operation, operations_[response.id]);
        operations_.erase(response.id);
        answers_[response.id] = response.status;
    }
    shared().rsp_event = consumed_ + 1;
}

std::int16_t VbdFixture::answer_to(std::uint64_t id) {
    EXPECT_TRUE(wait_for([&] {
        take_answers();
        return answers_.count(id) != 0;
    })) << "no answer";
    const std::int16_t status = answers_.count(id) ? answers_[id] : std::int16_t{-99};
    answers_.erase(id);
    return status;
}

bool VbdFixture::wait_for(const std::function<bool()>& condition) {
    for (const auto end = Clock::now() + std::chrono::seconds(5); Clock::now() < end;) {
        if (condition())
            return true;
        EXPECT_TRUE(loop->turn(std::chrono::milliseconds(5)));
    }
    return condition();
}

std::size_t VbdFixture::calls(std::string_view name) {
    return static_cast<std::size_t>(std::count(xen.calls().begin(), xen.calls().end(), name));
}

void VbdFixture::backend_failed(chaos::Error reason) {
    EXPECT_FALSE(failure) << "failed twice: " << reason.story();
    failure = reason.story();
    device->disconnect();
}

void VbdFixture::handle_event() {
    device->handle_event();
}

} // namespace xendevd
