// SPDX-License-Identifier: BSD-3-Clause
// A guest made: in a shell of a pool, on the loop, or on a worker where no pool has one for it.
//
// A create that fails for want of memory makes shells give theirs, and is tried again as long as there are any.
#include "chaos/daemon/engine.hpp"

namespace chaos::daemon {

namespace {

constexpr int most_shells_tried = 3;

/// Failures that another shell would meet as well, because they are the request's own.
bool is_of_the_request(const Error& error) {
    switch (error.kind()) {
    case ErrorKind::invalid_argument:
    case ErrorKind::invalid_config:
    case ErrorKind::invalid_image:
    case ErrorKind::name_taken:
    case ErrorKind::not_permitted:
    case ErrorKind::interrupted:
        return true;
    default:
        return false;
    }
}

} // namespace

struct Engine::Making {
    CreateRequest request;
    Done<MadeGuest> done;
    SteadyClock::time_point arrived = SteadyClock::now();
    MadeGuest made;
    int shells_tried = 0;
    bool was_patient = false; // it has waited for memory that comes late
    int times_starved = 0;    // it has made pools give memory back, so often
    std::string missed;       // the flavour of a pool that suits, but was empty
};

void Engine::create(CreateRequest request, Done<MadeGuest> done) {
    auto making = std::make_shared<Making>();
    making->request = std::move(request);
    making->done = std::move(done);
    const std::string& flavour = making->request.flavour;
    if (!flavour.empty() && !pools_.find(flavour)) {
        conclude(making, Error(ErrorKind::not_found, "there is no flavour " + flavour)
                             .while_doing("creating guest " + making->request.config.name));
        return;
    }
    make(std::move(making));
}

void Engine::make(std::shared_ptr<Making> making) {
    making->made.queued_us = microseconds_since(making->arrived);
    if (!make_hot(making))
        make_cold(making);
}

/// True if the guest is made, failed for good, or will be answered for when it is ready.
bool Engine::make_hot(const std::shared_ptr<Making>& making) {
    const GuestConfig& config = making->request.config;
    const auto kernel = kernels_.find(config.kernel);
    if (!kernel)
        return false;
    auto server = host_.devices();
    while (making->shells_tried < most_shells_tried) {
        Pool* pool = pools_.suiting(config, *kernel, making->request.flavour, server.has_value() && *server);
        if (!pool)
            return false;
        making->missed = pool->flavour.name;
        auto shell = pools_.take(*pool);
        if (!shell) {
            ++pool->misses;
            pools_.refill();
            return false;
        }
        ++making->shells_tried;
        ++pool->hits;
        const bool done = make_in(std::move(*shell), making, *kernel);
        // Whoever was answered may have done anything to the pool by now.
        if (pool = pools_.find(making->missed); pool && !done) {
            --pool->hits;
            ++pool->dropped;
        }
        if (done) {
            pools_.refill();
            return true;
        }
    }
    return false;
}

bool Engine::make_in(ReadyShell shell, const std::shared_ptr<Making>& making, const Kernel& kernel) {
    const auto start = SteadyClock::now();
    const CreateOptions options{making->request.paused, making->request.wait_ready, -1};
    auto running = create_in(host_, std::move(shell), making->request.config, kernel, options);
    if (!running) {
        if (!is_of_the_request(running.error()))
            return false;
        conclude(making, std::move(running).error());
        return true;
    }
    making->made.hit = true;
    making->made.pool = making->missed;
    running->created.times.prepare_us = 0;
    running->created.times.execute_us = microseconds_since(start);
    if (!options.wait_ready || options.paused) {
        running->started.keep();
        conclude(making, std::move(running->created));
        return true;
    }
    const auto runs = SteadyClock::now();
    life_cycle_.keep_off(running->created.uuid); // if it dies, it is undone here
    ready_watch_.wait(std::move(running->started), *options.wait_ready,
                      [this, making, runs, created = std::move(running->created)](
                          Result<void> outcome, StartedGuest guest) mutable {
                          life_cycle_.leave(created.uuid);
                          if (outcome) {
                              guest.keep();
                              created.times.ready_us = microseconds_since(runs);
                              conclude(making, std::move(created));
                              return;
                          }
                          { const StartedGuest gone = std::move(guest); }
                          conclude(making,
                                   std::move(outcome).error().while_doing("creating guest " + created.name));
                      });
    return true;
}

void Engine::make_cold(const std::shared_ptr<Making>& making) {
    const auto& request = making->request;
    const auto opened = std::make_shared<SharedKernel>(kernels_.find(request.config.kernel));
    // A guest that is waited for takes its thread as long.
    const bool waits = request.wait_ready && !request.paused;
    WorkThreads& threads = waits ? waiters_ : workers_;
    const CreateOptions options{request.paused, request.wait_ready, threads.stop_fd()};
    threads.ask<CreatedGuest>(
        [making, opened, options](Host& host) -> Result<CreatedGuest> {
            const GuestConfig& config = making->request.config;
            if (!*opened)
                *opened = std::make_shared<const Kernel>(
                    TRY(Kernel::open(config.kernel, host.options().cache_directory + "/kernels")
                            .while_doing("creating guest " + config.name)));
            TRY(check_creatable(config, **opened).while_doing("creating guest " + config.name));
            return chaos::create(host, config, **opened, options);
        },
        [this, making, opened](Result<CreatedGuest> result) {
            if (*opened) {
                kernels_.put(*opened);
                pools_.notice(**opened);
            }
            if (!result && result.error().kind() == ErrorKind::out_of_memory)
                find_memory(making, std::move(result).error());
            else
                conclude(making, std::move(result));
        });
}

/// Memory that shells hold is no reason to refuse a guest.
void Engine::find_memory(const std::shared_ptr<Making>& making, Error failure) {
    ++making->times_starved;
    pools_.give_back(making->request.config.memory_kib,
                     [this, making, failure = std::move(failure)](bool gave) {
                         if (gave)
                             make_cold(making);
                         else if (making->times_starved > 1 && !making->was_patient)
                             make_cold_later(making);
                         else
                             conclude(making, failure);
                     });
}

/// Xen frees a dead domain's last pages a moment after it is gone.
void Engine::make_cold_later(const std::shared_ptr<Making>& making) {
    making->was_patient = true;
    auto timer = std::make_shared<boost::asio::steady_timer>(loop_, std::chrono::milliseconds(200));
    timer->async_wait([this, making, timer](const boost::system::error_code& error) {
        if (!error)
            make_cold(making);
    });
}

void Engine::conclude(const std::shared_ptr<Making>& making, Result<CreatedGuest> result) {
    for (; making->times_starved > 0; --making->times_starved)
        pools_.release();
    const Done<MadeGuest> done = std::move(making->done);
    if (!result) {
        done(std::move(result).error());
        return;
    }
    MadeGuest& made = making->made;
    made.guest = std::move(*result);
    if (made.pool.empty())
        made.pool = making->missed;
    made.total_us = microseconds_since(making->arrived);
    const CreatedGuest guest = made.guest;
    const std::string pool = made.pool;
    done(std::move(made));
    tell(EventKind::created, guest, pool);
    if (guest.times.ready_us > 0)
        tell(EventKind::ready, guest, pool);
}

void Engine::tell(EventKind kind, const CreatedGuest& guest, const std::string& flavour) {
    Event event;
    event.kind = kind;
    event.unix_ms = now_unix_ms();
    event.guest = guest.name;
    event.id = guest.id;
    event.uuid = guest.uuid;
    event.flavour = flavour;
    events_.tell(event);
}

} // namespace chaos::daemon
