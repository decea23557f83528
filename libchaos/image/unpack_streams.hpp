// SPDX-License-Identifier: BSD-3-Clause
// What the decompressors share: a reader of the payload, a bounded writer, and the loop between them.
#pragma once

#include <algorithm>
#include <array>
#include <memory>
#include <span>

#include "libchaos/image/unpack.hpp"

namespace chaos::unpacking {

using Bytes = std::span<const unsigned char>;

constexpr std::size_t chunk_size = 128 * 1024;
/// What a decompressor may take for its dictionary; Linux packs with 128 MiB at most.
constexpr std::uint64_t maximum_dictionary = 256 * 1024 * 1024;

inline Unexpected bad_payload(std::string cause) {
    return Unexpected{Error(ErrorKind::invalid_image, std::move(cause))};
}

/// Hands out the payload piece by piece.
class Reader {
  public:
    Reader(const ByteSource& source, std::uint64_t offset, std::uint64_t length)
        : source_(source), offset_(offset), left_(length) {}

    /// The next piece; empty at the end.
    Result<Bytes> next() {
        const auto size = static_cast<std::size_t>(std::min<std::uint64_t>(chunk_size, left_));
        TRY(read({buffer_.get(), size}));
        return Bytes(buffer_.get(), size);
    }
    /// Fills `to`, which must not be larger than left().
    Result<void> read(std::span<unsigned char> to) {
        TRY(source_.read_at(offset_, to.data(), to.size()));
        offset_ += to.size();
        left_ -= to.size();
        return {};
    }
    [[nodiscard]] std::uint64_t left() const { return left_; }

  private:
    const ByteSource& source_;
    std::uint64_t offset_;
    std::uint64_t left_;
    std::unique_ptr<unsigned char[]> buffer_ = std::make_unique_for_overwrite<unsigned char[]>(chunk_size);
};

/// Lets no more bytes through than the file promised, whatever a decompressor makes of hostile input.
class Writer {
  public:
    Writer(ByteSink& sink, std::uint64_t promised) : sink_(sink), left_(promised) {}

    Result<void> write(Bytes bytes) {
        if (bytes.size() > left_)
            return bad_payload("it unpacks to more bytes than its header says");
        left_ -= bytes.size();
        return bytes.empty() ? Result<void>() : sink_.write(bytes);
    }
    [[nodiscard]] std::uint64_t left() const { return left_; }

  private:
    ByteSink& sink_;
    std::uint64_t left_;
};

/// One call into a decompressor: what it used, what it made, and how it goes on.
struct Step {
    std::size_t consumed = 0;
    std::size_t produced = 0;
    bool finished = false;
    const char* broken = nullptr; ///< the decompressor's complaint
};

/// Calls `step(input, output)` until it has finished.
template<typename StepFunction>
Result<void> pump(Reader& reader, Writer& writer, StepFunction step) {
    const auto output = std::make_unique_for_overwrite<unsigned char[]>(chunk_size);
    Bytes input;
    for (;;) {
        if (input.empty())
            input = TRY(reader.next());
        const Step made = step(input, std::span<unsigned char>(output.get(), chunk_size));
        if (made.broken != nullptr)
            return bad_payload(std::string("its compressed data is damaged: ") + made.broken);
        TRY(writer.write({output.get(), made.produced}));
        if (made.finished)
            return {};
        if (made.consumed == 0 && made.produced == 0)
            return bad_payload(input.empty() ? "its compressed data ends too early"
                                             : "its compressed data is damaged: it leads nowhere");
        input = input.subspan(made.consumed);
    }
}

Result<void> unpack_gzip(Reader& reader, Writer& writer);
Result<void> unpack_xz(Reader& reader, Writer& writer);
Result<void> unpack_lzma(Reader& reader, Writer& writer);
Result<void> unpack_bzip2(Reader& reader, Writer& writer);
Result<void> unpack_zstd(Reader& reader, Writer& writer);
Result<void> unpack_lz4(Reader& reader, Writer& writer);

} // namespace chaos::unpacking
