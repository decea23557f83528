// SPDX-License-Identifier: BSD-3-Clause
// The unikernels' disk driver and xendevd's disk back-end, with a real file behind them.
#include <fcntl.h>
#include <unistd.h>

#include <cstring>
#include <optional>
#include <vector>

#include "tests/unikernels/two_sided/guest.hpp"
#include "unikernels/apps/blkcheck/pattern.hpp"
#include "unikernels/runtime/vbd.hpp"
#include "xendevd/vbd/vbd.hpp"

namespace {

using unikernel::FrontEnd;
using unikernel::Vbd;
using Operation = Vbd::Operation;

class TwoSidedVbd : public two_sided::GuestFixture {
  protected:
    static constexpr std::uint64_t image_bytes = 4 << 20;

    TwoSidedVbd() : image(::open("/tmp", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600)) {
        EXPECT_EQ(::ftruncate(image.get(), image_bytes), 0);
    }
    /// A back-end that knows nothing of an earlier one but the image.
    void start_back_end() {
        door.reset();
        const xendevd::VbdSettings settings{.id = 0, .device_name = "xvda", .path = "/srv/test.img"};
        auto made = xendevd::make_vbd(daemon, guest_id, settings,
                                      chaos::UniqueFd(::fcntl(image.get(), F_DUPFD_CLOEXEC, 0)));
        ASSERT_TRUE(made) << made.error().story();
        open_door(std::move(*made));
    }
    void start_guest(std::uint8_t requests, std::uint16_t pages) {
        vbd = Vbd::open(device(), {.requests = requests, .pages = pages});
        ASSERT_TRUE(vbd);
    }
    /// Waits for the next request to be done, and gives it back.
    Vbd::Completion complete() {
        std::optional<Vbd::Completion> completion;
        EXPECT_TRUE(wait_for([&] { return (completion = vbd->complete()).has_value(); }));
        if (completion)
            vbd->give_back(completion->request);
        return completion.value_or(Vbd::Completion{0, Vbd::Outcome::error});
    }
    std::span<std::uint64_t> words(Vbd::Request request, std::uint64_t bytes) {
        return {reinterpret_cast<std::uint64_t*>(vbd->buffer(request)), bytes / 8};
    }
    void write_all(std::uint64_t seed, std::uint64_t job) {
        for (std::uint64_t at = 0; at < image_bytes; at += job) {
            auto request = vbd->take();
            if (!request) {
                vbd->publish();
                EXPECT_EQ(complete().outcome, Vbd::Outcome::success);
                request = vbd->take();
            }
            fill_pattern(words(*request, job), at, seed);
            vbd->submit(*request, Operation::write, at / 512, job);
        }
        vbd->publish();
        while (vbd->in_flight() > 0)
            EXPECT_EQ(complete().outcome, Vbd::Outcome::success);
    }
    void expect_on_image(std::uint64_t seed) {
        std::vector<std::uint64_t> contents(image_bytes / 8);
        ASSERT_EQ(::pread(image.get(), contents.data(), image_bytes, 0), static_cast<ssize_t>(image_bytes));
        EXPECT_EQ(check_pattern(contents, 0, seed), contents.size());
    }

    chaos::UniqueFd image;
    std::unique_ptr<Vbd> vbd;
};

TEST_F(TwoSidedVbd, carries_data_both_ways) {
    start_back_end();
    start_guest(4, 60);
    ASSERT_TRUE(wait_for([&] { return vbd->state() == FrontEnd::State::connected; }));
    EXPECT_EQ(vbd->features(),
              std::uint32_t{NOXS_VBD_FLUSH | NOXS_VBD_DISCARD | NOXS_VBD_INDIRECT | NOXS_VBD_PERSISTENT});
    for (const std::uint64_t job : {4096u, 32768u, 131072u}) {
        write_all(job, job);
        expect_on_image(job);
    }
    const auto request = vbd->take();
    vbd->submit(*request, Operation::read, 100, 8192);
    vbd->publish();
    EXPECT_EQ(complete().outcome, Vbd::Outcome::success);
    EXPECT_EQ(check_pattern(words(*request, 8192), 51200, 131072), 1024u);
    vbd->submit(*vbd->take(), Operation::flush, 0, 0);
    vbd->submit(*vbd->take(), Operation::discard, 0, 4096);
    vbd->publish();
    EXPECT_EQ(complete().outcome, Vbd::Outcome::success);
    EXPECT_EQ(complete().outcome, Vbd::Outcome::success);
    vbd->submit(*vbd->take(), Operation::read, image_bytes / 512, 512);
    vbd->publish();
    EXPECT_EQ(complete().outcome, Vbd::Outcome::error);
}

TEST_F(TwoSidedVbd, is_served_when_the_guest_was_there_first) {
    start_guest(4, 11);
    const auto request = vbd->take();
    fill_pattern(words(*request, 4096), 0, 3);
    vbd->submit(*request, Operation::write, 0, 4096);
    vbd->publish();
    EXPECT_EQ(vbd->state(), FrontEnd::State::waiting);
    start_back_end();
    EXPECT_EQ(complete().outcome, Vbd::Outcome::success);
}

TEST_F(TwoSidedVbd, outlives_back_ends_that_end_with_requests_under_way) {
    start_back_end();
    start_guest(16, 11);
    ASSERT_TRUE(wait_for([&] { return vbd->state() == FrontEnd::State::connected; }));
    std::uint64_t done = 0;
    std::uint64_t at = 0;
    for (int round = 0; round < 40; ++round) {
        for (auto request = vbd->take(); request; request = vbd->take(), at += 8192) {
            const std::uint64_t offset = at % image_bytes;
            fill_pattern(words(*request, 8192), offset, 9);
            vbd->submit(*request, Operation::write, offset / 512, 8192);
        }
        vbd->publish();
        turn(); // it takes some of them
        start_back_end();
        for (int some = 0; some < 8; ++some, ++done)
            EXPECT_EQ(complete().outcome, Vbd::Outcome::success);
    }
    while (vbd->in_flight() > 0)
        EXPECT_EQ(complete().outcome, Vbd::Outcome::success);
    write_all(10, 32768);
    expect_on_image(10);
}

TEST_F(TwoSidedVbd, goes_when_it_is_asked_to) {
    start_back_end();
    start_guest(4, 11);
    ASSERT_TRUE(wait_for([&] { return vbd->state() == FrontEnd::State::connected; }));
    write_all(1, 32768);
    bool removed = false;
    door->remove(false, std::chrono::seconds(5), [&](chaos::Result<void> result) {
        EXPECT_TRUE(result);
        removed = true;
    });
    EXPECT_EQ(vbd->state(), FrontEnd::State::closing);
    vbd->close();
    ASSERT_TRUE(wait_for([&] { return removed; }));
    EXPECT_EQ(vbd->state(), FrontEnd::State::closed);
    EXPECT_TRUE(unikernel::end_grants(NOXS_FIRST_GUEST_GRANT, 300));
}

} // namespace
