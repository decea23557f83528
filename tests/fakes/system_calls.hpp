// SPDX-License-Identifier: BSD-3-Clause
// The file system calls of the code under test, led through here by the linker (--wrap): counted, made to
// fail, or made to be the last thing that a process does.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace chaos::fakes::system_calls {

/// From here on calls are counted from 1 and their names kept.
void start_counting();
/// The names of the calls made since, in order; counting ends.
std::vector<std::string> stop_counting();

/// While counting, call number `number` is not carried out but fails with `errno_value`.
void fail_at(std::size_t number, int errno_value);
/// While counting, every call of that name fails with `errno_value`.
void fail_all(std::string_view name, int errno_value);
/// While counting, the process is killed (SIGKILL) in place of call number `number`.
void die_at(std::size_t number);
/// While counting, `deed` is done before call number `number`: what another process does just then. Its own
/// calls are not counted.
void do_before(std::size_t number, std::function<void()> deed);

/// Called whenever sendmsg(2) has returned, by whomever it was called.
extern std::function<void()> after_send;

} // namespace chaos::fakes::system_calls
