// SPDX-License-Identifier: BSD-3-Clause
// The loop between the work and the ring.
#include "disk.hpp"

#include "page_allocator.hpp"

#include <utility>

using namespace unikernel;

void fail(const char* what, std::uint64_t offset) {
    print("blkcheck: FAILED: {} at byte {}\n", what, offset);
    panic("the disk is not as it should be");
}

Disk::Disk(std::uint16_t id, std::uint8_t requests, std::uint16_t pages) {
    follow_devices();
    const auto room = largest_free_run() / 2;
    while (std::size_t{requests} * (pages + 1u) > room && (requests > 1 || pages > 1)) {
        requests > 1 ? requests /= 2 : pages /= 2;
    }
    auto device = find_device(NOXS_DEVICE_VBD, id);
    if (!device) {
        print("blkcheck: waiting for disk {}\n", id);
        ready();
        wait_until([&] {
            device = find_device(NOXS_DEVICE_VBD, id);
            return device.has_value();
        });
    }
    vbd_ = Vbd::open(*device, {.requests = requests, .pages = pages});
    if (!vbd_) {
        panic("no memory for the disk's buffers");
    }
    wait_until([this] { return vbd_->state() != FrontEnd::State::waiting; });
    config_ = vbd_->config();
    if (!let_go_if_asked()) {
        ready();
    }
}

bool Disk::let_go_if_asked() {
    switch (vbd_->state()) {
    case FrontEnd::State::closing:
        vbd_->close();
        wait_until([this] { return vbd_->state() == FrontEnd::State::closed; });
        [[fallthrough]];
    case FrontEnd::State::closed:
        write("blkcheck: the disk was taken away\n");
        vbd_.reset();
        return true;
    case FrontEnd::State::failed:
        fail("the back-end gave up on us", 0);
    default:
        return false;
    }
}

void Disk::run(Work& work) {
    Job jobs[Vbd::most_requests];
    for (bool more = true; more || vbd_->in_flight() > 0;) {
        while (more && vbd_->state() != FrontEnd::State::closing) {
            const auto request = vbd_->take();
            if (!request) {
                break;
            }
            Job& job = jobs[*request];
            more = work.next(job, {vbd_->buffer(*request), vbd_->most_bytes()});
            if (!more) {
                vbd_->give_back(*request);
                break;
            }
            vbd_->submit(*request, job.operation, job.offset / Vbd::sector, job.bytes);
        }
        vbd_->publish();
        // Only what completes makes room for more.
        wait_until([this] { return vbd_->has_work() || vbd_->in_flight() == 0; });
        while (const auto completion = vbd_->complete()) {
            const Job& job = jobs[completion->request];
            const bool hint =
                job.operation == Vbd::Operation::discard || job.operation == Vbd::Operation::flush;
            if (completion->outcome == Vbd::Outcome::error ||
                (completion->outcome == Vbd::Outcome::not_supported && !hint)) {
                fail(job.operation == Vbd::Operation::read ? "reading" : "writing", job.offset);
            }
            work.done(job, {vbd_->buffer(completion->request), hint ? 0 : job.bytes});
            vbd_->give_back(completion->request);
            ++requests_done;
        }
        // It finishes what is under way before it goes, unless the other side has gone.
        if (vbd_->in_flight() == 0 || vbd_->state() != FrontEnd::State::closing) {
            if (let_go_if_asked()) {
                return;
            }
        }
    }
}

void Disk::flush() {
    struct Once final : Work {
        bool left = true;
        bool next(Job& job, std::span<std::byte>) override {
            job = {Vbd::Operation::flush, 0, 0};
            return std::exchange(left, false);
        }
        void done(const Job&, std::span<const std::byte>) override {}
    } once;
    if (!is_gone() && has(NOXS_VBD_FLUSH)) {
        run(once);
    }
}

void Disk::attend() {
    while (!is_gone() && !let_go_if_asked()) {
        wait_until([this] { return vbd_->has_work(); });
        static_cast<void>(vbd_->complete());
    }
}
