// SPDX-License-Identifier: BSD-3-Clause
// Requests to xenstored that are sent together. It carries them out in their order, so what others must not see before the
// rest is there comes last; no transaction is needed for that, and none can be in conflict with another.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "libchaos/xen/ids.hpp"
#include "libchaos/xenstore/message.hpp"

namespace chaos::xenstore {

/// A value: it can be carried out again.
class Batch {
  public:
    /// Makes what is missing of `path`, with the permissions of what it lies in.
    void write(std::string_view path, std::string_view value);
    void write(std::string_view path, std::uint64_t value) { write(path, std::to_string(value)); }
    /// An empty node that belongs to `owner` and that `reader` may read; nobody but its owner if they are the same.
    void make(std::string_view path, DomainId owner, DomainId reader);
    /// An empty node with the permissions of what it lies in.
    void make(std::string_view path);
    /// Gives a node to `owner`, for `reader` to read.
    void allow(std::string_view path, DomainId owner, DomainId reader);
    /// With all that is in it. What is not there does not matter.
    void remove(std::string_view path);
    /// Has xenstored serve the ring in `frame` (of a PV guest: a machine frame).
    void introduce(DomainId domain, Gfn frame, EventChannelPort port);
    /// A domain that xenstored does not know does not matter.
    void release(DomainId domain);
    /// The answer is the value, if there is one.
    void read(std::string_view path);
    /// The answer is the names of what is in it, each ended by a zero.
    void list(std::string_view path);
    void watch(std::string_view path, std::string_view token);
    void unwatch(std::string_view path, std::string_view token);

    [[nodiscard]] std::size_t size() const { return starts_.size(); }
    /// As they go to xenstored; the number of each request is its place.
    [[nodiscard]] const std::string& bytes() const { return bytes_; }
    [[nodiscard]] Message request(std::size_t place) const;

  private:
    void add(Operation operation, std::string_view payload);

    std::string bytes_;
    std::vector<std::uint32_t> starts_;
};

} // namespace chaos::xenstore
