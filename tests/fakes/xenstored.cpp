// SPDX-License-Identifier: BSD-3-Clause
// A tree of texts behind the wire protocol, one connection at a time.
#include "tests/fakes/xenstored.hpp"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>

namespace chaos::fakes {

using xenstore::Message;
using xenstore::Operation;

namespace {

std::vector<std::string> texts_in(std::string_view payload) {
    std::vector<std::string> texts;
    while (!payload.empty()) {
        const std::size_t end = std::min(payload.find('\0'), payload.size());
        texts.emplace_back(payload.substr(0, end));
        payload.remove_prefix(std::min(end + 1, payload.size()));
    }
    return texts;
}

bool lies_in(const std::string& path, const std::string& directory) {
    return path == directory || path.starts_with(directory + "/");
}

} // namespace

Xenstored::Xenstored(const std::string& socket, std::string back_ends)
    : socket_(socket), back_ends_(std::move(back_ends)),
      listener_(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)), stop_(::eventfd(0, EFD_CLOEXEC)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (socket.size() >= sizeof address.sun_path)
        std::abort();
    std::memcpy(address.sun_path, socket.data(), socket.size());
    if (::bind(listener_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
        ::listen(listener_.get(), 64) != 0)
        std::abort();
    for (const char* directory : {"/devices", "/drivers/vif", "/drivers/vbd"})
        std::filesystem::create_directories(back_ends_ + directory);
    for (const char* path : {"/local/domain/0", "/vm", "/libxl"})
        put(path, "");
    thread_ = std::thread([this] { serve(listener_.get()); });
}

Xenstored::~Xenstored() {
    const std::uint64_t one = 1;
    (void)!::write(stop_.get(), &one, sizeof one);
    thread_.join();
    ::unlink(socket_.c_str());
}

std::map<std::string, std::string> Xenstored::contents() const {
    const std::lock_guard guard(lock_);
    std::map<std::string, std::string> all;
    for (const auto& [path, node] : nodes_)
        if (!path.ends_with("/backend") && !path.ends_with("/backend/vif") &&
            !path.ends_with("/backend/vbd") &&
            !path.ends_with("/backend/console")) // directories that are there once there was a guest
            all[path] = node.value + " (" + node.permissions + ")";
    for (const std::string& domain : introduced_)
        all["introduced " + domain] = "";
    return all;
}

std::string Xenstored::value(const std::string& path) const {
    const std::lock_guard guard(lock_);
    const auto found = nodes_.find(path);
    return found == nodes_.end() ? "(none)" : found->second.value;
}

std::vector<std::string> Xenstored::requests() const {
    const std::lock_guard guard(lock_);
    return requests_;
}

void Xenstored::fail_at(std::size_t number, std::string word) {
    const std::lock_guard guard(lock_);
    requests_.clear();
    failing_ = number;
    hanging_up_ = 0;
    word_ = std::move(word);
}

void Xenstored::hang_up_at(std::size_t number) {
    const std::lock_guard guard(lock_);
    requests_.clear();
    failing_ = 0;
    hanging_up_ = number;
}

void Xenstored::set_status_of_vifs(std::string status) {
    const std::lock_guard guard(lock_);
    status_ = std::move(status);
}

void Xenstored::set_late_status_of_vifs(std::string status) {
    const std::lock_guard guard(lock_);
    status_.clear();
    late_status_ = std::move(status);
}

void Xenstored::serve(int listener) {
    std::vector<std::thread> connections;
    while (true) {
        pollfd polled[2] = {{listener, POLLIN, 0}, {stop_.get(), POLLIN, 0}};
        ::poll(polled, 2, -1);
        if (polled[1].revents)
            break;
        const int connection = ::accept(listener, nullptr, nullptr);
        connections.emplace_back([this, connection] { serve_connection(connection); });
    }
    for (std::thread& connection : connections)
        connection.join();
}

void Xenstored::serve_connection(int connection) {
    const UniqueFd owner(connection);
    std::vector<Watch> watches;
    std::string received;
    while (true) {
        pollfd polled[2] = {{connection, POLLIN, 0}, {stop_.get(), POLLIN, 0}};
        ::poll(polled, 2, -1);
        char buffer[4096];
        const ssize_t got = polled[1].revents ? 0 : ::read(connection, buffer, sizeof buffer);
        if (got <= 0)
            return;
        received.append(buffer, static_cast<std::size_t>(got));
        std::string replies;
        while (const auto message = xenstore::take_message(received).value()) {
            const std::lock_guard guard(lock_);
            requests_.push_back(std::string(xenstore::name_of(message->operation)) + " " +
                                texts_in(message->payload).at(0));
            if (requests_.size() == hanging_up_)
                return;
            std::string events;
            std::string answered;
            if (requests_.size() == failing_)
                xenstore::append_message(answered, Operation::error, message->request,
                                         std::string_view(word_.c_str(), word_.size() + 1));
            else
                answered = answer(*message, watches, events);
            replies += answered + events;
            received.erase(0, message->size());
        }
        {
            const std::lock_guard guard(lock_);
            for (const Watch& watch : watches)
                if (!late_status_.empty() && watch.path.ends_with("/hotplug-status"))
                    put(watch.path, late_status_);
        }
        (void)!::send(connection, replies.data(), replies.size(), MSG_NOSIGNAL);
    }
}

std::string Xenstored::answer(const Message& message, std::vector<Watch>& watches, std::string& events) {
    const std::vector<std::string> texts = texts_in(message.payload);
    const std::string& path = texts.at(0);
    std::string body("OK\0", 3);
    const char* refusal = nullptr;
    switch (message.operation) {
    case Operation::read:
        if (!nodes_.contains(path))
            refusal = "ENOENT";
        else
            body = nodes_[path].value;
        break;
    case Operation::directory:
        body.clear();
        if (!nodes_.contains(path))
            refusal = "ENOENT";
        for (const auto& [name, node] : nodes_)
            if (lies_in(name, path) && name != path && name.find('/', path.size() + 1) == std::string::npos)
                body += name.substr(path.size() + 1) + '\0';
        break;
    case Operation::write:
        put(path, std::string(message.payload.substr(path.size() + 1)));
        play_the_kernel(path);
        break;
    case Operation::make_directory:
        if (!nodes_.contains(path))
            put(path, "");
        break;
    case Operation::set_permissions:
        nodes_[path].permissions = texts.at(1) + (texts.size() > 2 ? "," + texts.at(2) : "");
        break;
    case Operation::remove:
        if (!remove(path))
            refusal = "ENOENT";
        break;
    case Operation::introduce:
        introduced_.insert(path);
        break;
    case Operation::release:
        if (introduced_.erase(path) == 0)
            refusal = "EINVAL";
        break;
    case Operation::watch:
        watches.push_back({path, texts.at(1)});
        xenstore::append_message(events, Operation::watch_event, 0, path + '\0' + texts.at(1) + '\0');
        break;
    case Operation::unwatch:
        if (std::erase_if(watches, [&](const Watch& watch) { return watch.path == path; }) == 0)
            refusal = "ENOENT";
        break;
    default:
        refusal = "ENOSYS";
    }
    std::string reply;
    xenstore::append_message(reply, refusal ? Operation::error : message.operation, message.request,
                             refusal ? std::string_view(refusal, std::strlen(refusal) + 1) : body);
    return reply;
}

void Xenstored::put(const std::string& path, const std::string& value) {
    const std::string parent = path.substr(0, path.rfind('/'));
    if (!parent.empty() && !nodes_.contains(parent))
        put(parent, "");
    if (!nodes_.contains(path))
        nodes_[path].permissions = parent.empty() ? "n0" : nodes_[parent].permissions;
    nodes_[path].value = value;
}

bool Xenstored::remove(const std::string& path) {
    const bool was_there =
        std::erase_if(nodes_, [&](const auto& node) { return lies_in(node.first, path); }) > 0;
    // A back-end goes when its front end does.
    for (const auto& entry : std::filesystem::directory_iterator(back_ends_ + "/devices")) {
        std::string name = entry.path().filename().string(); // vif-5-0
        const std::size_t first = name.find('-'), second = name.rfind('-');
        const std::string front_end = "/local/domain/" + name.substr(first + 1, second - first - 1) +
                                      "/device/" + name.substr(0, first) + "/" + name.substr(second + 1);
        if (!nodes_.contains(front_end))
            std::filesystem::remove_all(entry.path());
    }
    return was_there;
}

void Xenstored::play_the_kernel(const std::string& path) {
    constexpr std::string_view prefix = "/local/domain/0/backend/", suffix = "/state";
    if (!path.starts_with(prefix) || !path.ends_with(suffix))
        return;
    const std::string directory = path.substr(0, path.size() - suffix.size());
    std::string name = directory.substr(prefix.size()); // vif/5/0
    if (name.starts_with("console"))
        return;
    if (nodes_[path].value == "5") // it lets go when it is asked
        return put(path, "6");
    const std::string front_end = nodes_[directory + "/frontend"].value;
    if (!nodes_.contains(front_end))
        return;
    std::replace(name.begin(), name.end(), '/', '-');
    const std::string device = back_ends_ + "/devices/" + name;
    std::filesystem::create_directories(device);
    std::ofstream(device + "/physical_device") << "7:0\n";
    put(path, "2");
    if (name.starts_with("vif") && !status_.empty())
        put(directory + "/hotplug-status", status_);
}

} // namespace chaos::fakes
