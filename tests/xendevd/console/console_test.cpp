// SPDX-License-Identifier: BSD-3-Clause
// The two sides of a console: a guest that writes and reads its ring (well or ill behaved), and people at sockets.
#include "xendevd/console/console.hpp"

#include <gtest/gtest.h>
#include <sys/socket.h>

#include <filesystem>
#include <fstream>
#include <random>
#include <sstream>

#include <nlohmann/json.hpp>

#include "tests/libchaos/temporary_directory.hpp"
#include "tests/xendevd/daemon_fixture.hpp"

extern "C" {
#include <xen/io/console.h>
}

namespace xendevd {
namespace {

class ConsoleTest : public DaemonFixture {
  protected:
    ConsoleTest() {
        daemon.log_directory = directory.path();
        open();
    }
    void open() {
        console = *make_console(daemon, guest_id, "web", chaos::EventChannelPort{1}, control_reference);
        turn();
    }
    xencons_interface& ring() { return *reinterpret_cast<xencons_interface*>(page(control_gfn)); }
    /// The guest writes, as much as fits; returns how much that was.
    std::size_t guest_writes(std::string_view text) {
        std::size_t written = 0;
        while (written < text.size() && ring().out_prod - ring().out_cons < sizeof ring().out)
            ring().out[ring().out_prod++ % sizeof ring().out] = text[written++];
        notify();
        return written;
    }
    void guest_writes_all(std::string_view text) {
        while (!text.empty())
            text.remove_prefix(guest_writes(text));
    }
    /// What the guest finds in its ring.
    std::string guest_reads() {
        std::string text;
        while (ring().in_cons != ring().in_prod)
            text += ring().in[ring().in_cons++ % sizeof ring().in];
        notify();
        return text;
    }
    /// Somebody attaches; returns his end.
    chaos::UniqueFd attach(bool write) {
        int ends[2];
        EXPECT_EQ(::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends), 0);
        console->attach(chaos::UniqueFd(ends[0]), write);
        return chaos::UniqueFd(ends[1]);
    }
    /// What he sees, until there is no more; "<end>" at the end of file.
    std::string sees(const chaos::UniqueFd& person) {
        std::string text;
        turn();
        turn();
        for (;;) {
            char bytes[5000];
            const ssize_t size = ::recv(person.get(), bytes, sizeof bytes, MSG_DONTWAIT);
            if (size == 0)
                return text + "<end>";
            if (size < 0)
                return text;
            text.append(bytes, static_cast<std::size_t>(size));
            turn();
        }
    }
    void types(const chaos::UniqueFd& person, std::string_view text) {
        EXPECT_EQ(::send(person.get(), text.data(), text.size(), MSG_DONTWAIT),
                  static_cast<ssize_t>(text.size()));
        turn();
    }
    std::string log_text() {
        std::ostringstream text;
        text << std::ifstream(directory.path() + "/web.log").rdbuf();
        return text.str();
    }

    chaos::test::TemporaryDirectory directory;
    std::unique_ptr<Console> console;
};

TEST_F(ConsoleTest, logs_and_shows_what_the_guest_writes) {
    const auto person = attach(false);
    const std::size_t before = notified;
    EXPECT_EQ(guest_writes("hello\n"), 6u);
    EXPECT_EQ(notified, before + 1) << "the guest has room again";
    EXPECT_EQ(sees(person), "hello\n");
    EXPECT_NE(log_text().find("Z hello\n"), std::string::npos);
    EXPECT_EQ(ring().out_cons, 6u);
}

TEST_F(ConsoleTest, shows_what_was_written_before_it_came) {
    console.reset();
    guest_writes("early\n");
    open();
    EXPECT_EQ(sees(attach(false)), "early\n");
}

TEST_F(ConsoleTest, sends_nothing_from_within_attach) {
    guest_writes("hello");
    const auto person = attach(true);
    char byte;
    EXPECT_LT(::recv(person.get(), &byte, 1, MSG_DONTWAIT), 0);
    EXPECT_EQ(sees(person), "hello");
}

TEST_F(ConsoleTest, shows_everything_to_everybody_again_and_again) {
    auto first = attach(false), second = attach(true);
    guest_writes("one ");
    EXPECT_EQ(sees(first), "one ");
    EXPECT_EQ(sees(second), "one ");
    first.reset();
    turn();
    guest_writes("two ");
    EXPECT_EQ(sees(second), "two ");
    EXPECT_EQ(sees(attach(false)), "one two ");
}

TEST_F(ConsoleTest, passes_on_what_one_of_them_types) {
    const auto reader = attach(false), writer = attach(true), late = attach(true);
    types(reader, "not me");
    types(writer, "ls\n");
    types(late, "nor me");
    EXPECT_EQ(guest_reads(), "ls\n");
    EXPECT_TRUE(console->has_writer());
    EXPECT_EQ(sees(reader) + sees(writer) + sees(late), "");
}

TEST_F(ConsoleTest, lets_another_write_when_the_writer_has_gone) {
    auto writer = attach(true);
    types(writer, "one");
    EXPECT_TRUE(console->has_writer());
    writer.reset();
    turn();
    EXPECT_FALSE(console->has_writer());
    writer = attach(true);
    types(writer, "two");
    EXPECT_EQ(guest_reads(), "onetwo");
}

TEST_F(ConsoleTest, keeps_what_was_typed_until_the_guest_takes_it) {
    std::string text;
    for (int line = 0; text.size() < 9000; ++line)
        text += std::to_string(line) + "\n";
    auto writer = attach(true);
    types(writer, text.substr(0, 4000));
    types(writer, text.substr(4000, 3000));
    types(writer, text.substr(7000));
    EXPECT_EQ(ring().in_prod, sizeof ring().in);
    writer.reset(); // and goes
    for (int round = 0; round < 10; ++round)
        turn();
    std::string read;
    for (int round = 0; round < 20; ++round)
        read += guest_reads();
    EXPECT_EQ(read, text);
    EXPECT_FALSE(console->has_writer());
}

TEST_F(ConsoleTest, gives_the_keyboard_to_the_next_though_the_guest_reads_nothing) {
    auto writer = attach(true);
    for (int packet = 0; packet < 4; ++packet)
        types(writer, std::string(4000, 'x'));
    EXPECT_TRUE(console->has_writer());
    writer.reset();
    turn();
    EXPECT_FALSE(console->has_writer());
    writer = attach(true);
    EXPECT_TRUE(console->has_writer());
    nlohmann::json description = nlohmann::json::object();
    console->describe(description);
    EXPECT_EQ(description["attached"], 1);
}

TEST_F(ConsoleTest, tells_a_slow_reader_what_he_missed) {
    const auto slow = attach(false);
    std::string text;
    for (int line = 0; text.size() < 1'000'000; ++line)
        text += "line " + std::to_string(line) + "\n";
    const auto end = Clock::now() + std::chrono::seconds(20);
    for (std::string_view rest = text; !rest.empty() && Clock::now() < end;)
        rest.remove_prefix(guest_writes(rest));
    const std::string seen = sees(slow);
    const auto mark = seen.find("\r\n["), mark_end = seen.find(" bytes left out]\r\n");
    ASSERT_NE(mark_end, std::string::npos);
    const std::size_t lost = std::stoul(seen.substr(mark + 3));
    EXPECT_EQ(seen.substr(0, mark), text.substr(0, mark));
    const std::string rest = seen.substr(mark_end + 18);
    EXPECT_EQ(rest, text.substr(mark + lost));
    EXPECT_GE(rest.size(), RecentOutput::capacity);
}

TEST_F(ConsoleTest, makes_a_guest_that_never_stops_wait) {
    std::size_t written = 0;
    const auto start = Clock::now();
    while (Clock::now() < start + std::chrono::milliseconds(450) ||
           (written < std::size_t{128} << 10 && Clock::now() < start + std::chrono::seconds(30)))
        written += guest_writes("another line of no interest, over and over again\n");
    EXPECT_LE(written, 6 * (std::size_t{128} << 10));
    EXPECT_GE(written, std::size_t{128} << 10);
    // And yet nothing of it is lost.
    turn_for(std::chrono::milliseconds(150));
    EXPECT_EQ(ring().out_cons, ring().out_prod);
    EXPECT_EQ(ring().out_cons, written);
}

TEST_F(ConsoleTest, survives_any_indices) {
    std::mt19937 random(3);
    const auto writer = attach(true);
    for (int round = 0; round < 2000; ++round) {
        ring().out_prod = static_cast<XENCONS_RING_IDX>(random());
        ring().out_cons =
            static_cast<XENCONS_RING_IDX>(random() % 2 ? random() : ring().out_prod - random() % 4096);
        ring().in_prod = static_cast<XENCONS_RING_IDX>(random());
        ring().in_cons =
            static_cast<XENCONS_RING_IDX>(random() % 2 ? random() : ring().in_prod - random() % 2048);
        (void)::send(writer.get(), "typed", 5, MSG_DONTWAIT);
        notify();
    }
    ring() = {};
    turn_for(std::chrono::milliseconds(120)); // it wrote too much in too short a time
    (void)sees(writer);
    guest_writes("still here");
    EXPECT_EQ(ring().out_cons, 10u);
    EXPECT_EQ(sees(writer), "still here");
}

TEST_F(ConsoleTest, shows_the_last_words) {
    const auto person = attach(true);
    turn();
    ring().out[0] = '!';
    ring().out_prod = 1;
    console.reset();
    EXPECT_EQ(sees(person), "!<end>");
    EXPECT_NE(log_text().find("Z !"), std::string::npos);
    EXPECT_TRUE(xen.local_ports.empty());
    EXPECT_EQ(domain.mapped, 0u);
}

TEST_F(ConsoleTest, does_not_let_everybody_in) {
    std::vector<chaos::UniqueFd> people;
    for (int person = 0; person < 16; ++person)
        people.push_back(attach(false));
    EXPECT_EQ(sees(attach(true)), "<end>");
    people.pop_back();
    turn();
    EXPECT_EQ(sees(attach(true)), "");
}

TEST_F(ConsoleTest, needs_no_log_to_go_on) {
    daemon.log_directory = "/nonexistent";
    console.reset();
    open();
    const auto person = attach(false);
    testing::internal::CaptureStderr();
    for (int line = 0; line < 100; ++line)
        guest_writes("hello\n");
    const std::string complaint = testing::internal::GetCapturedStderr();
    EXPECT_EQ(std::count(complaint.begin(), complaint.end(), '\n'), 1) << complaint;
    EXPECT_NE(complaint.find("the console of guest web (77) is not logged"), std::string::npos) << complaint;
    EXPECT_EQ(sees(person).size(), 600u);
}

TEST_F(ConsoleTest, names_its_log_after_no_path) {
    for (const char* name : {"", "../web", "a/b", "."}) {
        console.reset();
        console = *make_console(daemon, guest_id, name, chaos::EventChannelPort{1}, control_reference);
        nlohmann::json description = nlohmann::json::object();
        console->describe(description);
        EXPECT_EQ(description["log"], directory.path() + "/domain-77.log");
    }
}

TEST_F(ConsoleTest, fails_whole_when_a_call_fails) {
    console.reset();
    for (std::size_t call = 1;; ++call) {
        xen.clear_calls();
        xen.fail_at(call, EINVAL);
        auto opened = make_console(daemon, guest_id, "web", chaos::EventChannelPort{1}, control_reference);
        xen.fail_at(0, 0);
        if (opened)
            break;
        EXPECT_NE(opened.error().story().find("guest web (77)"), std::string::npos);
        EXPECT_TRUE(xen.local_ports.empty());
        EXPECT_EQ(domain.mapped, 0u);
    }
}

} // namespace
} // namespace xendevd
