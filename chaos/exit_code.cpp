// SPDX-License-Identifier: BSD-3-Clause
// The table of exit codes, and which kind of failure ends in which.
#include "chaos/exit_code.hpp"

namespace chaos::cli {

namespace {

constexpr ExitCodeMeaning meanings[] = {
    {ExitCode::success, "Done."},
    {ExitCode::failure, "Failed for a reason that has no code of its own; the message says which."},
    {ExitCode::usage, "The command line is wrong."},
    {ExitCode::configuration,
     "A configuration file, an override, a kernel, a ramdisk, an image or a bridge is wrong or missing."},
    {ExitCode::host,
     "This host cannot do it: not a Xen control domain, another Xen release, or not permitted."},
    {ExitCode::no_such_guest,
     "No guest has that name, id or UUID, it has no such device, or there is no such flavour or pool."},
    {ExitCode::name_taken, "A guest of that name, or a pool of that flavour, exists already."},
    {ExitCode::out_of_memory, "The host has too little memory left."},
    {ExitCode::guest_failed, "The guest died, crashed, or refused what was asked of it."},
    {ExitCode::timed_out, "The time given has passed."},
    {ExitCode::interrupted, "Interrupted by SIGINT, SIGTERM or SIGHUP; what was half done has been undone."},
};

} // namespace

std::span<const ExitCodeMeaning> exit_codes() {
    return meanings;
}

ExitCode exit_code_of(ErrorKind kind) {
    switch (kind) {
    case ErrorKind::system:
        return ExitCode::failure;
    case ErrorKind::invalid_argument:
        return ExitCode::usage;
    case ErrorKind::invalid_config:
    case ErrorKind::invalid_image:
        return ExitCode::configuration;
    case ErrorKind::not_permitted:
    case ErrorKind::not_on_xen:
    case ErrorKind::wrong_version:
        return ExitCode::host;
    case ErrorKind::not_found:
        return ExitCode::no_such_guest;
    case ErrorKind::name_taken:
        return ExitCode::name_taken;
    case ErrorKind::out_of_memory:
        return ExitCode::out_of_memory;
    case ErrorKind::guest_failed:
        return ExitCode::guest_failed;
    case ErrorKind::timed_out:
        return ExitCode::timed_out;
    case ErrorKind::interrupted:
        return ExitCode::interrupted;
    }
    return ExitCode::failure;
}

std::string_view name_of(ErrorKind kind) {
    switch (kind) {
    case ErrorKind::system:
        return "system";
    case ErrorKind::invalid_argument:
        return "invalid_argument";
    case ErrorKind::invalid_config:
        return "invalid_config";
    case ErrorKind::invalid_image:
        return "invalid_image";
    case ErrorKind::not_found:
        return "not_found";
    case ErrorKind::name_taken:
        return "name_taken";
    case ErrorKind::not_permitted:
        return "not_permitted";
    case ErrorKind::not_on_xen:
        return "not_on_xen";
    case ErrorKind::wrong_version:
        return "wrong_version";
    case ErrorKind::out_of_memory:
        return "out_of_memory";
    case ErrorKind::guest_failed:
        return "guest_failed";
    case ErrorKind::timed_out:
        return "timed_out";
    case ErrorKind::interrupted:
        return "interrupted";
    }
    return "system";
}

} // namespace chaos::cli
