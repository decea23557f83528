// SPDX-License-Identifier: BSD-3-Clause
// chaos.toml: what it may say, and where it is wrong.
#include "chaos/daemon/settings.hpp"

#include <gtest/gtest.h>

#include "tests/libchaos/state/samples.hpp"
#include "tests/libchaos/temporary_directory.hpp"

namespace chaos::daemon {
namespace {

testing::AssertionResult fails_saying(const Result<Settings>& result, const std::vector<std::string>& words) {
    if (result)
        return testing::AssertionFailure() << "it succeeded";
    for (const std::string& word : words)
        if (result.error().story().find(word) == std::string::npos)
            return testing::AssertionFailure()
                   << "'" << word << "' is missing in: " << result.error().story();
    return testing::AssertionSuccess();
}

Result<Settings> parse(std::string_view text) {
    return parse_daemon_settings(text, "chaos.toml");
}

TEST(DaemonSettings, an_empty_file_leaves_everything_open) {
    const auto settings = parse("");
    ASSERT_TRUE(settings);
    EXPECT_FALSE(settings->socket || settings->workers || settings->shells_kib);
    EXPECT_TRUE(settings->flavours.empty() && settings->pools.empty());
}

TEST(DaemonSettings, has_flavours_in_the_words_of_xl) {
    const auto settings = parse(R"(
[daemon]
socket = "/run/other.sock"
mode = "0660"
group = "chaos"
workers = 4
[pools]
memory = "2G"
reserve = 64
[flavours.web]
kernel = '/boot/web'
memory = "16M"
vcpus = 2
cpus = ["0", "1-3"]
vif = ["bridge=xenbr0",
       "bridge=xenbr1,rate=10Mb/s"]
disks = 1
on_crash = "restart"
[flavours.bare]
memory = 4
[pools.web]
min = 1
max = 8
per_second = 2.5
)");
    ASSERT_TRUE(settings) << settings.error().story();
    EXPECT_EQ(settings->socket, "/run/other.sock");
    EXPECT_EQ(settings->socket_mode, 0660u);
    EXPECT_EQ(settings->socket_group, "chaos");
    EXPECT_EQ(settings->workers, 4u);
    EXPECT_EQ(settings->shells_kib, 2u << 20);
    EXPECT_EQ(settings->reserve_kib, 64u << 10);
    ASSERT_EQ(settings->flavours.size(), 2u);
    const FlavourSpec& bare = settings->flavours[0];
    EXPECT_EQ(bare.name, "bare");
    EXPECT_EQ(bare.shape.kernel, "");
    EXPECT_EQ(bare.shape.memory_kib, 4096u);
    const FlavourSpec& web = settings->flavours[1];
    EXPECT_EQ(web.name, "web");
    EXPECT_EQ(web.shape.name, "");
    EXPECT_EQ(web.shape.kernel, "/boot/web");
    EXPECT_EQ(web.shape.memory_kib, 16384u);
    EXPECT_EQ(web.shape.vcpus, 2u);
    ASSERT_EQ(web.shape.cpus.size(), 2u);
    EXPECT_TRUE(web.shape.cpus[1][3]);
    ASSERT_EQ(web.shape.vifs.size(), 2u);
    EXPECT_EQ(web.shape.vifs[1].bridge, "xenbr1");
    EXPECT_EQ(web.shape.end_actions.on_crash, EndAction::restart);
    EXPECT_EQ(web.disks, 1u);
    EXPECT_EQ(settings->pools.at("web"), (PoolSpec{1, 8, 2.5}));
}

TEST(DaemonSettings, says_which_line_is_wrong) {
    const std::pair<std::string, std::vector<std::string>> cases[] = {
        {"a = \n", {"chaos.toml:1"}},
        {"\n\nnonsense = 3\n", {"chaos.toml:3", "nonsense"}},
        {"[daemon]\nsokcet = '/run/x'\n", {"chaos.toml:2", "socket"}},
        {"[daemon]\nmode = '99'\n", {"chaos.toml:2", "mode", "octal"}},
        {"[daemon]\nworkers = 0\n", {"chaos.toml:2", "1 to 64"}},
        {"daemon = 3\n", {"chaos.toml:1", "[daemon]"}},
        {"[flavours.web]\nmemory = 4\nvcpus = 900\n", {"chaos.toml:3: vcpus = 900"}},
        {"[flavours.web]\n\n\nmemroy = 4\n", {"chaos.toml:4: memroy", "memory"}},
        {"[flavours.web]\nmemory = 4\nvif = ['bridge=a',\n 'bridge=b',\n 'mtu=x']\n", {"chaos.toml:5: vif"}},
        {"[flavours.web]\nvcpus = 1\n", {"memory is missing"}},
        {"[flavours.web]\nmemory = 4\nname = 'x'\n", {"chaos.toml:3", "name", "each guest's own"}},
        {"[flavours.web]\nmemory = 4\ndisk = ['/x,raw,xvda,w']\n", {"chaos.toml:3", "disks = N"}},
        {"[flavours.web]\nmemory = 4\nvif = ['mac=00:16:3e:00:00:01']\n", {"chaos.toml:1", "addresses"}},
        {"[flavours.web]\nmemory = 4\ndisks = 125\n", {"chaos.toml:3", "124"}},
        {"[flavours.web]\nmemory = 1.5\n", {"chaos.toml:2"}},
        {"[flavours.web]\nmemory = 4\n\"a b\" = 4\n", {"chaos.toml:3", "a b"}},
        {"[flavours.'../x']\nmemory = 4\n", {"chaos.toml:1", "flavour"}},
        {"[pools.web]\nmax = 3\n", {"chaos.toml:1", "flavours.web"}},
        {"[flavours.web]\nmemory = 4\n[pools.web]\nmin = 3\n", {"chaos.toml:3", "max is missing"}},
        {"[flavours.web]\nmemory = 4\n[pools.web]\nmin = 3\nmax = 2\n", {"chaos.toml:5", "less than min"}},
        {"[flavours.web]\nmemory = 4\n[pools.web]\nmax = 2\nper_second = -1\n", {"chaos.toml:5"}},
        {"[flavours.web]\nmemory = 4\n[pools.web]\nmax = 99999\n", {"chaos.toml:4", "32751"}},
        {"[pools]\nmemory = 'lots'\n", {"chaos.toml:2", "memory"}},
        {"[pools]\nmemory = 99999999999999999\n", {"chaos.toml:2", "memory"}},
        {"[flavours.web]\nmemory = 4\nmemory = 5\n", {"chaos.toml:3"}},
    };
    for (const auto& [text, words] : cases) {
        SCOPED_TRACE(text);
        EXPECT_TRUE(fails_saying(parse(text), words));
    }
}

TEST(DaemonSettings, texts_get_through_as_they_are) {
    const auto settings =
        parse("[flavours.web]\nmemory = 4\nkernel = \"/boot/\\u00e9 \\\"x\\\" \\\\ \\t;[]\"\n");
    ASSERT_TRUE(settings) << settings.error().story();
    EXPECT_EQ(settings->flavours[0].shape.kernel, "/boot/\xc3\xa9 \"x\" \\ \t;[]");
}

TEST(DaemonSettings, too_many_flavours_are_refused) {
    std::string text;
    for (int number = 0; number < 257; ++number)
        text += "[flavours.f" + std::to_string(number) + "]\nmemory = 4\n";
    EXPECT_TRUE(fails_saying(parse(text), {"256"}));
}

TEST(DaemonSettings, a_file_that_is_missing_is_an_error_only_if_it_was_named) {
    const test::TemporaryDirectory directory;
    EXPECT_TRUE(load_daemon_settings(directory / "none.toml", false));
    EXPECT_TRUE(fails_saying(load_daemon_settings(directory / "none.toml", true), {"none.toml"}));
    test::write_file(directory / "some.toml", "[daemon]\nworkers = 2\n");
    const auto loaded = load_daemon_settings(directory / "some.toml", true);
    ASSERT_TRUE(loaded) << loaded.error().story();
    EXPECT_EQ(loaded->workers, 2u);
}

} // namespace
} // namespace chaos::daemon
