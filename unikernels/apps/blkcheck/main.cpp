// SPDX-License-Identifier: BSD-3-Clause
// Verifies a disk. The command line says how:
//
//   mode=write    writes a pattern over the disk, flushes, reads it back, compares (this is what is done unless said)
//   mode=verify   only compares with what mode=write wrote
//   mode=random   writes as above, then reads and writes blocks of 4 KiB at random and compares, then all of it once more
//   mode=discard  discards all of the disk
//   mode=read     reads without comparing, for measurements: the whole disk in order, or with block=4 at random
//   mode=watch    reads the first 64 KiB of each disk that comes, until it goes; for ever
//   seed=1  size=MIB (all)  seconds=5 (of random, read)  block=256 (KiB)  depth=8 (requests at once)  disk=0
//   serve         stays when it is done, rather than power off
//
// Ends with "blkcheck: SUCCESS" and the CRC-32 of all that it read last, or as crashed with "blkcheck: FAILED".
#include "command_line.hpp"
#include "disk.hpp"
#include "pattern.hpp"

#include <algorithm>

using namespace unikernel;

namespace {

using Operation = Vbd::Operation;

constexpr std::uint64_t second = 1'000'000'000;
constexpr std::uint64_t block = 4096;

std::span<std::uint64_t> words_of(std::span<std::byte> bytes, std::uint64_t size) {
    return {reinterpret_cast<std::uint64_t*>(bytes.data()), size / 8};
}

std::span<const std::uint64_t> words_of(std::span<const std::byte> bytes) {
    return {reinterpret_cast<const std::uint64_t*>(bytes.data()), bytes.size() / 8};
}

/// What one 4 KiB block of the disk should hold: the first pattern, or the second one once it was written at random.
class Contents {
  public:
    Contents(std::uint64_t seed, std::uint64_t bytes) : seed_(seed), changed_((bytes / block + 63) / 64) {}
    /// For mode=random only; without it nothing ever changes.
    void allow_changes() {
        bits_ = new std::uint64_t[changed_];
        for (std::uint64_t i = 0; i < changed_; ++i) {
            bits_[i] = 0;
        }
    }
    [[nodiscard]] std::uint64_t seed_at(std::uint64_t offset) const {
        const std::uint64_t number = offset / block;
        return seed_ + (bits_ != nullptr ? bits_[number / 64] >> number % 64 & 1 : 0);
    }
    void change(std::uint64_t offset) {
        bits_[offset / block / 64] |= std::uint64_t{1} << offset / block % 64;
    }

  private:
    std::uint64_t seed_;
    std::uint64_t changed_; // words of bits_
    std::uint64_t* bits_ = nullptr;
};

/// All of the disk in order, in jobs of the same size.
class Sequence : public Work {
  public:
    Sequence(Operation operation, std::uint64_t bytes, std::uint64_t job_bytes)
        : operation_(operation), bytes_(bytes), job_bytes_(job_bytes) {}

    bool next(Job& job, std::span<std::byte> buffer) override {
        if (at_ >= bytes_) {
            return false;
        }
        const std::uint64_t most = operation_ == Operation::discard
                                       ? job_bytes_
                                       : std::min<std::uint64_t>(job_bytes_, buffer.size());
        job = {operation_, at_, std::min(most, bytes_ - at_)};
        at_ += job.bytes;
        return true;
    }
    void done(const Job&, std::span<const std::byte>) override {}

  private:
    Operation operation_;
    std::uint64_t bytes_;
    std::uint64_t job_bytes_;
    std::uint64_t at_ = 0;
};

class Writing final : public Sequence {
  public:
    Writing(std::uint64_t bytes, std::uint64_t job_bytes, std::uint64_t seed)
        : Sequence(Operation::write, bytes, job_bytes), seed_(seed) {}
    bool next(Job& job, std::span<std::byte> buffer) override {
        const bool more = Sequence::next(job, buffer);
        if (more) {
            fill_pattern(words_of(buffer, job.bytes), job.offset, seed_);
        }
        return more;
    }

  private:
    std::uint64_t seed_;
};

/// Compares all of it.
class Verifying final : public Sequence {
  public:
    Verifying(std::uint64_t bytes, std::uint64_t job_bytes, const Contents& contents)
        : Sequence(Operation::read, bytes, job_bytes), contents_(contents) {}
    void done(const Job& job, std::span<const std::byte> data) override {
        for (std::uint64_t offset = 0; offset < job.bytes; offset += block) {
            const auto words = words_of(data.subspan(offset, std::min(block, job.bytes - offset)));
            const std::uint64_t at = job.offset + offset;
            const std::size_t wrong = check_pattern(words, at, contents_.seed_at(at));
            if (wrong < words.size()) {
                fail("what was read is not what was written", at + wrong * 8);
            }
        }
    }

  private:
    const Contents& contents_;
};

/// The sum of what the pattern is, which after Verifying is the sum of what the disk holds.
std::uint32_t sum_of(std::uint64_t bytes, const Contents& contents) {
    Crc32 sum;
    std::uint64_t words[block / 8];
    for (std::uint64_t offset = 0; offset < bytes; offset += block) {
        const std::span part(words, std::min(block, bytes - offset) / 8);
        fill_pattern(part, offset, contents.seed_at(offset));
        sum.add(std::as_bytes(part));
    }
    return sum.value();
}

/// Blocks of 4 KiB anywhere, until the time is up; never two jobs on the same block at once.
class Random final : public Work {
  public:
    Random(std::uint64_t bytes, std::uint64_t seed, std::uint64_t seconds, bool writes, Contents* contents)
        : blocks_(bytes / block), seed_(seed), end_(monotonic_ns() + seconds * second), writes_(writes),
          contents_(contents) {}

    bool next(Job& job, std::span<std::byte> buffer) override {
        if (blocks_ == 0 || monotonic_ns() >= end_) {
            return false;
        }
        do {
            state_ = state_ * 6'364'136'223'846'793'005 + 1'442'695'040'888'963'407;
            job = {writes_ && (state_ >> 20) % 3 == 0 ? Operation::write : Operation::read,
                   (state_ >> 24) % blocks_ * block, block};
        } while (blocks_ > Vbd::most_requests && is_busy(job.offset));
        if (job.operation == Operation::write) {
            contents_->change(job.offset);
            fill_pattern(words_of(buffer, job.bytes), job.offset, contents_->seed_at(job.offset));
        }
        busy_[busy_count_++] = job.offset;
        return true;
    }
    void done(const Job& job, std::span<const std::byte> data) override {
        for (std::size_t i = 0; i < busy_count_; ++i) {
            if (busy_[i] == job.offset) {
                busy_[i] = busy_[--busy_count_];
                break;
            }
        }
        const auto words = words_of(data);
        if (contents_ != nullptr && job.operation == Operation::read &&
            check_pattern(words, job.offset, contents_->seed_at(job.offset)) < words.size()) {
            fail("what was read is not what was written", job.offset);
        }
    }

  private:
    [[nodiscard]] bool is_busy(std::uint64_t offset) const {
        for (std::size_t i = 0; i < busy_count_; ++i) {
            if (busy_[i] == offset) {
                return true;
            }
        }
        return false;
    }

    std::uint64_t blocks_;
    std::uint64_t seed_;
    std::uint64_t end_;
    std::uint64_t state_ = seed_ + 1;
    bool writes_;
    Contents* contents_;
    std::uint64_t busy_[Vbd::most_requests];
    std::size_t busy_count_ = 0;
};

/// Runs and says how long it took.
void run_and_tell(Disk& disk, Work& work, const char* what) {
    const std::uint64_t requests = disk.requests_done;
    const std::uint64_t start = monotonic_ns();
    disk.run(work);
    if (disk.is_gone()) {
        block_forever();
    }
    print("blkcheck: {}: {} requests in {} us\n", what, disk.requests_done - requests,
          (monotonic_ns() - start) / 1000);
}

/// Reads a little of each disk that comes, and lets it go.
[[noreturn]] void watch(std::uint16_t id, std::uint8_t depth, std::uint16_t pages) {
    for (;;) {
        Disk disk(id, depth, pages);
        if (!disk.is_gone()) {
            Sequence reads(Operation::read, std::min<std::uint64_t>(disk.bytes(), 64 * kibibyte), block);
            disk.run(reads);
            disk.attend();
        }
    }
}

} // namespace

void unikernel::app_main(const BootInfo& boot) {
    const auto line = boot.command_line();
    const auto mode = find_value(line, "mode").value_or("write");
    const std::uint64_t seed = number_or(line, "seed", 1);
    const std::uint64_t job_bytes = std::max<std::uint64_t>(number_or(line, "block", 256), 4) * kibibyte;
    const std::uint64_t depth =
        std::clamp<std::uint64_t>(number_or(line, "depth", mode == "random" ? 32 : 6), 1, 32);
    const std::uint64_t seconds = number_or(line, "seconds", 5);
    const std::uint64_t pages =
        mode == "random" ? 8 : std::min<std::uint64_t>(job_bytes / page_size, Vbd::most_pages);
    const auto id = static_cast<std::uint16_t>(number_or(line, "disk", 0));
    if (mode == "watch") {
        watch(id, static_cast<std::uint8_t>(depth), static_cast<std::uint16_t>(pages));
    }
    Disk disk(id, static_cast<std::uint8_t>(depth), static_cast<std::uint16_t>(pages));
    if (disk.is_gone()) {
        block_forever();
    }
    std::uint64_t bytes = disk.bytes();
    if (const std::uint64_t size = number_or(line, "size", 0); size != 0) {
        bytes = std::min(bytes, size * kibibyte * kibibyte);
    }
    const bool read_only = (disk.config().flags & NOXS_VBD_READ_ONLY) != 0;
    print("blkcheck: disk of {} bytes{}, mode {}\n", disk.bytes(), read_only ? ", read-only" : "", mode);

    Contents contents(seed, bytes);
    if (mode == "read") {
        if (job_bytes == block) {
            Random reads(bytes, seed, seconds, false, nullptr);
            run_and_tell(disk, reads, "read at random");
        } else {
            Sequence reads(Operation::read, bytes, job_bytes);
            run_and_tell(disk, reads, "read in order");
        }
        write("blkcheck: SUCCESS\n");
    } else if (mode == "discard") {
        Sequence discards(Operation::discard, bytes, 64 * kibibyte * kibibyte);
        run_and_tell(disk, discards, disk.has(NOXS_VBD_DISCARD) ? "discard" : "discard, in vain");
        disk.flush();
        write("blkcheck: SUCCESS\n");
    } else {
        if (mode != "verify") {
            Writing writes(bytes, job_bytes, seed);
            run_and_tell(disk, writes, "write");
            disk.flush();
        }
        if (mode == "random") {
            contents.allow_changes();
            Random load(bytes, seed, seconds, !read_only, &contents);
            run_and_tell(disk, load, "read and write at random");
            disk.flush();
        }
        Verifying reads(bytes, job_bytes, contents);
        run_and_tell(disk, reads, "verify");
        print("blkcheck: SUCCESS, crc32 {x}\n", sum_of(bytes, contents));
    }
    if (boot.has_option("serve")) {
        disk.attend();
        block_forever();
    }
}
