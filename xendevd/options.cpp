// SPDX-License-Identifier: BSD-3-Clause
// Options by Boost.Program_options, which also reads the file.
#include "xendevd/options.hpp"

#include <boost/program_options.hpp>

#include <fstream>
#include <sstream>

namespace xendevd {

using chaos::Error;
using chaos::ErrorKind;
using chaos::Result;

namespace {

namespace po = boost::program_options;

po::options_description of_both(Options& options) {
    po::options_description both("Options, also for the configuration file (name = value, one a line)");
    auto add = both.add_options();
    add("switch", po::value(&options.switches)->value_name("NAME[=ADDRESS/PREFIX]"),
        "a switch of xendevd's own, for more guests than a Linux bridge has ports; NAME is also the host's own "
        "interface on it, with that address. May be given several times");
    add("default-bridge", po::value(&options.default_bridge)->value_name("NAME"),
        "where vifs go that name no bridge (default: the only switch, else xenbr0)");
    add("user", po::value(&options.user)->value_name("NAME")->default_value(options.user),
        "the user to work as once everything is open");
    add("socket", po::value(&options.socket)->value_name("PATH")->default_value(options.socket),
        "where chaos finds it");
    add("xenstored-socket",
        po::value(&options.xenstored_socket)->value_name("PATH")->default_value(options.xenstored_socket),
        "where xenstored listens, if it runs: vifs of guests that chaos registers there are connected to bridges; "
        "empty: they are not");
    add("state-directory",
        po::value(&options.state_directory)->value_name("DIR")->default_value(options.state_directory),
        "what it must know after a restart; forgotten at reboot");
    add("log-directory",
        po::value(&options.log_directory)->value_name("DIR")->default_value(options.log_directory),
        "of the guests' consoles");
    add("debug", po::bool_switch(&options.debug), "say more");
    return both;
}

po::options_description of_command_line(Options& options) {
    po::options_description only("On the command line only");
    auto add = only.add_options();
    add("config", po::value(&options.config_file)->value_name("FILE")->default_value(options.config_file),
        "options to read first; those on the command line win");
    add("check", po::bool_switch(&options.check), "say whether this host has what xendevd needs, and end");
    add("help,h", po::bool_switch(&options.help), "print this");
    add("version", po::bool_switch(&options.version), "print the version");
    return only;
}

} // namespace

Result<Options> parse_options(int argument_count, const char* const* arguments) {
    // The library reports by exceptions; this is the one place that meets them.
    try {
        Options options;
        const auto both = of_both(options);
        po::options_description all;
        all.add(both).add(of_command_line(options));
        po::variables_map values;
        const int style = po::command_line_style::unix_style & ~po::command_line_style::allow_guessing;
        po::store(po::command_line_parser(argument_count, arguments)
                      .options(all)
                      .positional(po::positional_options_description{})
                      .style(style)
                      .run(),
                  values);
        const std::string file = values["config"].as<std::string>();
        std::ifstream stream(file);
        if (stream)
            po::store(po::parse_config_file(stream, both), values);
        else if (!values["config"].defaulted())
            return Error(ErrorKind::invalid_argument, "cannot read the configuration file " + file);
        po::notify(values);
        return options;
    } catch (const po::error& problem) {
        return Error(ErrorKind::invalid_argument, problem.what())
            .advise("`xendevd --help` lists the options.");
    }
}

std::string help_text() {
    Options options;
    std::ostringstream text;
    text
        << "Usage: xendevd [OPTION...]\n\n"
           "Serves the network, disk and console devices of guests made by chaos. It stays in the foreground and\n"
           "reports to standard error; after it was killed, start it again: guests see a pause.\n\n"
        << of_both(options) << '\n'
        << of_command_line(options) << "\nExample:\n  xendevd --switch chaos0=10.7.0.1/16\n";
    return text.str();
}

} // namespace xendevd
