// SPDX-License-Identifier: BSD-3-Clause
// Loads a guest's network and disk and says what they carry: one static program for the guest and for dom0.
//
// It serves in the guest and asks in dom0, so that all times are taken by dom0's clock but those of a disk,
// which the guest takes and tells. A request is one line; "checked" data is a pattern that shows any byte
// lost, doubled or moved. A unikernel cannot run it: that one is asked through the services it has.
#include <arpa/inet.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "tests/bench/disk_load.hpp"
#include "tests/bench/samples.hpp"

namespace {

constexpr std::size_t chunk = 256 * 1024;

[[noreturn]] void fail(const std::string& what) {
    std::fprintf(stderr, "load: %s: %s\n", what.c_str(), std::strerror(errno));
    std::exit(1);
}

void write_all(int fd, const void* from, std::size_t size) {
    const auto* bytes = static_cast<const char*>(from);
    while (size > 0) {
        const ssize_t written = ::write(fd, bytes, size);
        if (written <= 0)
            fail("writing");
        bytes += written;
        size -= static_cast<std::size_t>(written);
    }
}

/// One line, without its end; empty if the other side has gone.
std::string read_line(int fd) {
    std::string line;
    for (char byte = 0; ::read(fd, &byte, 1) == 1 && byte != '\n';)
        line += byte;
    return line;
}

std::uint64_t number(const std::string& word) {
    return std::strtoull(word.c_str(), nullptr, 10);
}

std::vector<std::string> words_of(const std::string& line) {
    std::vector<std::string> words;
    for (std::size_t at = 0; at < line.size();) {
        const std::size_t end = std::min(line.find(' ', at), line.size());
        words.push_back(line.substr(at, end - at));
        at = end + 1;
    }
    return words;
}

/// The byte at a place of the checked stream; a stream that is off by any number of bytes looks different at once.
char pattern(std::uint64_t place) {
    const std::uint64_t word = (place / 8 + 1) * 0x9e3779b97f4a7c15u;
    return static_cast<char>(word >> (place % 8 * 8));
}

void send_stream(int fd, std::uint64_t bytes, bool checked) {
    static char buffer[chunk];
    for (std::uint64_t done = 0; done < bytes;) {
        const std::size_t size = static_cast<std::size_t>(std::min<std::uint64_t>(bytes - done, chunk));
        for (std::size_t i = 0; checked && i < size; ++i)
            buffer[i] = pattern(done + i);
        write_all(fd, buffer, size);
        done += size;
    }
}

/// Reads to the end or until `bytes` are there; ends the program where the pattern is broken.
std::uint64_t receive_stream(int fd, std::uint64_t bytes, bool checked) {
    static char buffer[chunk];
    std::uint64_t done = 0;
    while (done < bytes) {
        const ssize_t got = ::read(fd, buffer, chunk);
        if (got < 0)
            fail("reading");
        if (got == 0)
            break;
        for (ssize_t i = 0; checked && i < got; ++i)
            if (buffer[i] != pattern(done + static_cast<std::uint64_t>(i))) {
                errno = EBADMSG;
                fail("byte " + std::to_string(done + static_cast<std::uint64_t>(i)));
            }
        done += static_cast<std::uint64_t>(got);
    }
    return done;
}

void echo(int fd) {
    char buffer[65536];
    for (ssize_t got = 0; (got = ::read(fd, buffer, sizeof buffer)) > 0;)
        write_all(fd, buffer, static_cast<std::size_t>(got));
}

void answer(int fd, const std::string& line) {
    const std::vector<std::string> words = words_of(line);
    if (words.empty())
        return;
    const bool checked = words.back() == "checked";
    if (words[0] == "sink")
        dprintf(fd, "%llu\n",
                static_cast<unsigned long long>(receive_stream(fd, ~std::uint64_t{0}, checked)));
    else if (words[0] == "source" && words.size() >= 2)
        send_stream(fd, number(words[1]), checked);
    else if (words[0] == "echo")
        echo(fd);
    else if (words[0] == "disk" && words.size() == 6)
        dprintf(fd, "%s\n",
                bench::disk_load(words[1], words[2], number(words[3]), number(words[4]), number(words[5]))
                    .c_str());
}

[[noreturn]] void serve(const char* port) {
    const int listener = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), yes = 1;
    ::setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<std::uint16_t>(number(port)));
    if (::bind(listener, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0 ||
        ::listen(listener, 64) != 0)
        fail("listening");
    ::signal(SIGCHLD, SIG_IGN);
    while (true) {
        const int client = ::accept(listener, nullptr, nullptr);
        if (client < 0)
            continue;
        if (::fork() == 0) {
            ::setsockopt(client, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
            answer(client, read_line(client));
            ::_exit(0);
        }
        ::close(client);
    }
}

/// Connects, however long the other side takes to be there (at most a minute).
int reach(const char* host, const char* port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<std::uint16_t>(number(port)));
    if (::inet_pton(AF_INET, host, &address.sin_addr) != 1)
        fail(std::string(host) + " is no address");
    for (int attempt = 0; attempt < 600; ++attempt) {
        const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), yes = 1;
        if (::connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0) {
            ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
            return fd;
        }
        ::close(fd);
        ::usleep(100'000);
    }
    fail(std::string("connecting to ") + host);
}

void send_line(int fd, const std::string& line) {
    write_all(fd, (line + "\n").c_str(), line.size() + 1);
}

void print_throughput(const char* what, std::uint64_t bytes, std::uint64_t ns) {
    std::printf("{\"%s_bytes\": %llu, \"ns\": %llu, \"mb_per_s\": %.2f}\n", what,
                static_cast<unsigned long long>(bytes), static_cast<unsigned long long>(ns),
                static_cast<double>(bytes) * 1e3 / static_cast<double>(ns));
}

int send_to(int fd, std::uint64_t bytes, bool checked) {
    send_line(fd, checked ? "sink checked" : "sink");
    const std::uint64_t start = bench::now_ns();
    send_stream(fd, bytes, checked);
    ::shutdown(fd, SHUT_WR);
    const std::uint64_t arrived = number(read_line(fd));
    print_throughput("sent", arrived, bench::now_ns() - start);
    return arrived == bytes ? 0 : 1;
}

int receive_from(int fd, std::uint64_t bytes, bool checked) {
    const std::uint64_t start = bench::now_ns();
    send_line(fd, "source " + std::to_string(bytes) + (checked ? " checked" : ""));
    const std::uint64_t arrived = receive_stream(fd, bytes, checked);
    print_throughput("received", arrived, bench::now_ns() - start);
    return arrived == bytes ? 0 : 1;
}

/// RFC 863: it has everything when it ends the connection.
int discard(int fd, std::uint64_t bytes) {
    const std::uint64_t start = bench::now_ns();
    send_stream(fd, bytes, false);
    ::shutdown(fd, SHUT_WR);
    char byte = 0;
    if (::read(fd, &byte, 1) != 0)
        fail("the end of discard");
    print_throughput("sent", bytes, bench::now_ns() - start);
    return 0;
}

/// RFC 864: it sends without end from when we connect on, which its first bytes show.
int chargen(int fd, std::uint64_t bytes) {
    const std::uint64_t start = bench::now_ns();
    const std::uint64_t arrived = receive_stream(fd, bytes, false);
    print_throughput("received", arrived, bench::now_ns() - start);
    return arrived >= bytes ? 0 : 1; // a read may bring more than was asked for
}

int ping(int fd, std::uint64_t count) {
    std::vector<std::uint64_t> times;
    for (std::uint64_t i = 0; i < count; ++i) {
        char byte = 'x';
        const std::uint64_t start = bench::now_ns();
        write_all(fd, &byte, 1);
        if (::read(fd, &byte, 1) != 1)
            fail("no echo");
        times.push_back(bench::now_ns() - start);
    }
    std::sort(times.begin(), times.end());
    const auto at = [&](std::size_t percent) {
        return static_cast<unsigned long long>(times[(times.size() - 1) * percent / 100]);
    };
    std::printf("{\"round_trips\": %zu, \"min_ns\": %llu, \"median_ns\": %llu, \"p90_ns\": %llu}\n",
                times.size(), at(0), at(50), at(90));
    return 0;
}

int ask(int fd, const std::string& line) {
    send_line(fd, line);
    const std::string reply = read_line(fd);
    std::printf("%s\n", reply.c_str());
    return reply.empty() || reply.find("error") != std::string::npos ? 1 : 0;
}

constexpr const char* usage =
    "Usage: load serve PORT\n"
    "       load send HOST PORT BYTES [checked]        from here to the server, over TCP\n"
    "       load receive HOST PORT BYTES [checked]     the other way\n"
    "       load ping HOST PORT COUNT                  one byte there and back\n"
    "       load discard HOST BYTES, load chargen HOST BYTES, load echo HOST COUNT\n"
    "           the same three with services 9, 19 and 7 of TCP, which need no `load serve`\n"
    "       load disk HOST PORT DEVICE PATTERN SIZE COUNT DEPTH\n"
    "           the server reads its DEVICE, PATTERN random or sequential, COUNT times SIZE bytes, DEPTH at once\n"
    "       load disk-here DEVICE PATTERN SIZE COUNT DEPTH\n"
    "Prints one JSON object.\n";

} // namespace

int main(int count, char** words) {
    const std::vector<std::string> all(words + 1, words + count);
    const std::string verb = all.empty() ? "" : all[0];
    ::signal(SIGPIPE, SIG_IGN);
    if (verb == "serve" && count == 3)
        serve(words[2]);
    if (verb == "disk-here" && count == 7) {
        std::printf("%s\n",
                    bench::disk_load(all[1], all[2], number(all[3]), number(all[4]), number(all[5])).c_str());
        return 0;
    }
    const bool checked = !all.empty() && all.back() == "checked";
    if ((verb == "send" || verb == "receive") && count == (checked ? 6 : 5)) {
        const int fd = reach(words[2], words[3]);
        return verb == "send" ? send_to(fd, number(all[3]), checked)
                              : receive_from(fd, number(all[3]), checked);
    }
    if (verb == "ping" && count == 5) {
        const int fd = reach(words[2], words[3]);
        send_line(fd, "echo");
        return ping(fd, number(all[3]));
    }
    if (verb == "discard" && count == 4)
        return discard(reach(words[2], "9"), number(all[2]));
    if (verb == "chargen" && count == 4)
        return chargen(reach(words[2], "19"), number(all[2]));
    if (verb == "echo" && count == 4)
        return ping(reach(words[2], "7"), number(all[2]));
    if (verb == "disk" && count == 9)
        return ask(reach(words[2], words[3]),
                   "disk " + all[3] + ' ' + all[4] + ' ' + all[5] + ' ' + all[6] + ' ' + all[7]);
    std::fputs(usage, stderr);
    return 2;
}
