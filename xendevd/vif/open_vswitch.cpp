// SPDX-License-Identifier: BSD-3-Clause
// The few transactions on Open vSwitch's database (ovs-vswitchd.conf.db(5)).
#include "xendevd/vif/open_vswitch.hpp"

#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>

#include <array>
#include <cerrno>
#include <cstring>

#include <nlohmann/json.hpp>

namespace xendevd {

using chaos::Error;
using chaos::ErrorKind;
using chaos::Result;
using nlohmann::json;

namespace {

constexpr timeval longest_wait{1, 0}; // for a database on the same host
constexpr std::size_t longest_answer = 1 << 20;

json equals(const char* column, const std::string& value) {
    return json::array({json::array({column, "==", value})});
}

} // namespace

Result<void> OpenVswitch::connect() {
    if (connection_.is_open())
        return {};
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (socket_.size() >= sizeof address.sun_path)
        return Error(ErrorKind::invalid_argument, "the path " + socket_ + " is too long for a socket");
    std::memcpy(address.sun_path, socket_.data(), socket_.size());
    chaos::UniqueFd connection(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (!connection.is_open())
        return Error::from_errno("socket", errno);
    (void)::setsockopt(connection.get(), SOL_SOCKET, SO_RCVTIMEO, &longest_wait, sizeof longest_wait);
    (void)::setsockopt(connection.get(), SOL_SOCKET, SO_SNDTIMEO, &longest_wait, sizeof longest_wait);
    if (::connect(connection.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
        return Error::from_errno("connecting to " + socket_, errno)
            .advise("Restart xendevd after Open vSwitch: it connects while it is still root.");
    connection_ = std::move(connection);
    return {};
}

Result<json> OpenVswitch::exchange(const std::string& request) {
    for (std::size_t sent = 0; sent < request.size();) {
        const ssize_t part =
            ::send(connection_.get(), request.data() + sent, request.size() - sent, MSG_NOSIGNAL);
        if (part < 0)
            return Error::from_errno("asking Open vSwitch's database", errno);
        sent += static_cast<std::size_t>(part);
    }
    std::string answer;
    while (answer.size() < longest_answer) {
        std::array<char, 4096> buffer;
        const ssize_t part = ::recv(connection_.get(), buffer.data(), buffer.size(), 0);
        if (part == 0)
            return Error::from_errno("waiting for Open vSwitch's database", ECONNRESET);
        if (part < 0)
            return Error::from_errno("waiting for Open vSwitch's database", errno);
        answer.append(buffer.data(), static_cast<std::size_t>(part));
        // Nothing but its own end says where a message ends.
        json message = json::parse(answer, nullptr, false);
        if (message.is_discarded())
            continue;
        if (message.is_object() && message.contains("result"))
            return message;
        answer.clear(); // a notification, or a request that needs no answer
    }
    return Error(ErrorKind::system, "Open vSwitch's database answers without end");
}

Result<json> OpenVswitch::transact(const json& operations) {
    json request{{"method", "transact"}, {"id", ++id_}, {"params", json::array({"Open_vSwitch"})}};
    for (const json& operation : operations)
        request["params"].push_back(operation);
    const bool is_new = !connection_.is_open();
    TRY(connect());
    auto answer = exchange(request.dump());
    if (!answer && !is_new) {
        // The database was restarted since.
        connection_.reset();
        TRY(connect());
        answer = exchange(request.dump());
    }
    if (!answer) {
        connection_.reset();
        return answer;
    }
    json& results = (*answer)["result"];
    if (!results.is_array() || results.size() < operations.size())
        return Error(ErrorKind::system, "Open vSwitch's database answers " + answer->dump());
    for (const json& result : results) {
        if (result.is_object() && result.contains("error"))
            return Error(ErrorKind::system, "Open vSwitch refuses: " + result.dump());
    }
    return std::move(results);
}

Result<bool> OpenVswitch::has_bridge(const std::string& name) {
    if (!connection_.is_open() && !connect())
        return false;
    const json rows = TRY(transact(json::array(
        {{{"op", "select"}, {"table", "Bridge"}, {"where", equals("name", name)}, {"columns", {"name"}}}})));
    return rows[0].contains("rows") && !rows[0]["rows"].empty();
}

Result<json> OpenVswitch::find_port(const std::string& interface) {
    const json rows = TRY(transact(json::array({{{"op", "select"},
                                                 {"table", "Port"},
                                                 {"where", equals("name", interface)},
                                                 {"columns", {"_uuid"}}}})));
    if (!rows[0].contains("rows") || rows[0]["rows"].empty())
        return json();
    return rows[0]["rows"][0]["_uuid"];
}

Result<void> OpenVswitch::add_port(const std::string& bridge, const std::string& interface,
                                   std::optional<std::uint16_t> vlan) {
    TRY(remove_port(interface));
    json port{{"name", interface}, {"interfaces", json::array({"named-uuid", "new_interface"})}};
    if (vlan)
        port["tag"] = *vlan;
    const json new_port = json::array({"set", json::array({json::array({"named-uuid", "new_port"})})});
    TRY(transact(json::array({{{"op", "insert"},
                               {"table", "Interface"},
                               {"row", {{"name", interface}}},
                               {"uuid-name", "new_interface"}},
                              {{"op", "insert"}, {"table", "Port"}, {"row", port}, {"uuid-name", "new_port"}},
                              {{"op", "mutate"},
                               {"table", "Bridge"},
                               {"where", equals("name", bridge)},
                               {"mutations", json::array({json::array({"ports", "insert", new_port})})}}})));
    return {};
}

Result<void> OpenVswitch::remove_port(const std::string& interface) {
    const json port = TRY(find_port(interface));
    if (port.is_null())
        return {};
    // Rows that no bridge names any more go by themselves.
    const json set = json::array({"set", json::array({port})});
    TRY(transact(json::array({{{"op", "mutate"},
                               {"table", "Bridge"},
                               {"where", json::array({json::array({"ports", "includes", set})})},
                               {"mutations", json::array({json::array({"ports", "delete", set})})}}})));
    return {};
}

} // namespace xendevd
