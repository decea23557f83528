// SPDX-License-Identifier: BSD-3-Clause
// Options by Boost.Program_options.
#include "chaos/daemon/options.hpp"

#include <boost/program_options.hpp>

#include <sstream>

namespace chaos::daemon {

namespace {

namespace po = boost::program_options;

po::options_description describe(Options& options) {
    po::options_description all("Options");
    auto add = all.add_options();
    const auto path = [](std::string& into, const char* name) {
        return po::value(&into)->value_name(name)->default_value(into);
    };
    add("config", path(options.config_file, "FILE"), "flavours, pools and limits (chaos.toml(5))");
    add("check", po::bool_switch(&options.check), "say whether the file is right and this host fit, and end");
    add("socket", po::value(&options.socket)->value_name("PATH"),
        "where it listens, instead of where the file says or /run/chaos/chaosd.sock");
    add("state-directory", path(options.state_directory, "DIR"), "records of guests; forgotten at reboot");
    add("library-directory", path(options.library_directory, "DIR"),
        "what outlives a reboot: flavours and pools made over the API, dumps of crashed guests");
    add("cache-directory", path(options.cache_directory, "DIR"), "unpacked kernels");
    add("xendevd-socket", path(options.xendevd_socket, "PATH"), "where xendevd(8) listens");
    add("help,h", po::bool_switch(&options.help), "print this");
    add("version", po::bool_switch(&options.version), "print the version");
    return all;
}

} // namespace

Result<Options> parse_options(int argument_count, const char* const* arguments) {
    // The library reports by exceptions; this is the one place that meets them.
    try {
        Options options;
        const auto described = describe(options);
        po::variables_map values;
        const int style = po::command_line_style::unix_style & ~po::command_line_style::allow_guessing;
        po::store(po::command_line_parser(argument_count, arguments)
                      .options(described)
                      .positional(po::positional_options_description{})
                      .style(style)
                      .run(),
                  values);
        po::notify(values);
        options.config_named = !values["config"].defaulted();
        return options;
    } catch (const po::error& problem) {
        return Error(ErrorKind::invalid_argument, problem.what())
            .advise("`chaosd --help` lists the options.");
    }
}

std::string help_text() {
    Options options;
    std::ostringstream text;
    text << "Usage: chaosd [OPTION...]\n\n"
            "Makes guests out of shells that it has prepared before anybody asked, watches over guests, and\n"
            "answers over HTTP on a socket. It stays in the foreground and reports to standard error.\n\n"
         << describe(options) << "\nExample:\n  chaosd --config /etc/chaos/chaos.toml --check\n";
    return text.str();
}

} // namespace chaos::daemon
