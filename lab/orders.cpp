// SPDX-License-Identifier: BSD-3-Clause
// What one run of the lab is to do, as run.sh sends it through a virtio port.
#include "orders.hpp"

#include <cstdlib>
#include <fcntl.h>
#include <linux/random.h>
#include <sstream>
#include <sys/ioctl.h>
#include <sys/time.h>
#include <unistd.h>

namespace lab {

namespace {

char read_byte(int port) {
    char byte = 0;
    while (read(port, &byte, 1) != 1)
        usleep(2000); // nobody is at the other end yet
    return byte;
}

} // namespace

Orders receive_orders(int port) {
    size_t length = 0;
    for (char digit = read_byte(port); digit != '\n'; digit = read_byte(port))
        length = length * 10 + static_cast<size_t>(digit - '0');
    std::string text(length, '\0');
    for (size_t done = 0; done < length;)
        if (const ssize_t got = read(port, text.data() + done, length - done); got > 0)
            done += static_cast<size_t>(got);

    Orders orders;
    std::istringstream stream(text);
    for (std::string line; std::getline(stream, line) && !line.empty();)
        if (const auto equals = line.find('='); equals != std::string::npos)
            orders.settings[line.substr(0, equals)] = line.substr(equals + 1);
    for (std::string word; std::getline(stream, word, '\0');)
        orders.command.push_back(word);
    return orders;
}

void forget_the_snapshot(const Orders& orders) {
    const timeval now{std::atol(orders.settings.at("time").c_str()), 0};
    settimeofday(&now, nullptr);

    const std::string& seed = orders.settings.at("seed");
    const int sizes[] = {static_cast<int>(seed.size() * 4),
                         static_cast<int>(seed.size())};                     // bits: it is hex digits
    std::string entropy(reinterpret_cast<const char*>(sizes), sizeof sizes); // struct rand_pool_info
    entropy += seed;
    const int random = open("/dev/urandom", O_WRONLY | O_CLOEXEC);
    ioctl(random, RNDADDENTROPY, entropy.data());
    ioctl(random, RNDRESEEDCRNG);
    close(random);
}

} // namespace lab
