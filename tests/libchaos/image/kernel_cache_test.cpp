// SPDX-License-Identifier: BSD-3-Clause
// bzImages through the cache: once, again after a change, from many at once, and after a kill.
#include "libchaos/image/kernel_cache.hpp"

#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <sys/file.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

#include "../config/expect_error.hpp"
#include "../temporary_directory.hpp"
#include "bzimage_builder.hpp"
#include "elf_builder.hpp"
#include "tests/fakes/system_calls.hpp"

namespace chaos {
namespace {

namespace fs = std::filesystem;

std::string image_of(const std::string& elf) {
    return test::bzimage(test::pack_zstd(elf), static_cast<std::uint32_t>(elf.size()));
}

class KernelCache : public testing::Test {
  protected:
    void write(const std::string& content) { std::ofstream(path_, std::ios::binary) << content; }
    Result<Kernel> open() { return Kernel::open(path_, cache_); }
    std::vector<std::string> entries() {
        std::vector<std::string> names;
        for (const auto& entry : fs::directory_iterator(cache_))
            names.push_back(entry.path().filename());
        return names;
    }
    /// Opens the kernel in another process, which is killed in place of that system call; false if it made fewer.
    bool open_in_a_process_killed_at(std::size_t number) {
        const pid_t child = ::fork();
        if (child == 0) {
            fakes::system_calls::die_at(number);
            fakes::system_calls::start_counting();
            ::_exit(open() ? 0 : 1);
        }
        int status = 0;
        EXPECT_EQ(::waitpid(child, &status, 0), child);
        EXPECT_TRUE(WIFSIGNALED(status) || WEXITSTATUS(status) == 0);
        return WIFSIGNALED(status);
    }

    test::TemporaryDirectory directory_;
    std::string path_ = directory_ / "vmlinuz";
    std::string cache_ = directory_ / "var/cache/kernels";
};

TEST_F(KernelCache, a_bzimage_is_unpacked_once) {
    const std::string elf = test::unikernel().build();
    write(image_of(elf));
    const auto first = open();
    ASSERT_TRUE(first) << first.error().story();
    EXPECT_EQ(first->path(), path_);
    EXPECT_EQ(first->elf_path().rfind(cache_, 0), 0u);
    EXPECT_EQ(first->headers().pvh_entry, 0x10000u);
    std::string content(elf.size(), '\0');
    ASSERT_TRUE(first->read_at(0, content.data(), content.size()));
    EXPECT_TRUE(content == elf);

    const auto made = fs::last_write_time(first->elf_path());
    const auto second = open();
    ASSERT_TRUE(second);
    EXPECT_EQ(second->elf_path(), first->elf_path());
    EXPECT_EQ(fs::last_write_time(second->elf_path()), made);
    EXPECT_EQ(entries().size(), 1u);
}

TEST_F(KernelCache, entries_are_private) {
    write(image_of(test::unikernel().build()));
    const auto kernel = open();
    ASSERT_TRUE(kernel);
    EXPECT_EQ(fs::status(kernel->elf_path()).permissions(), fs::perms::owner_read | fs::perms::owner_write);
    EXPECT_EQ(fs::status(cache_).permissions(), fs::perms::owner_all);
}

/// Same inode, same size, written as fast as can be: the times alone tell the versions apart.
TEST_F(KernelCache, a_changed_file_is_unpacked_again) {
    for (std::uint64_t round = 1; round <= 20; ++round) {
        write(image_of(test::unikernel(round << 16).build()));
        const auto kernel = open();
        ASSERT_TRUE(kernel) << kernel.error().story();
        ASSERT_EQ(kernel->headers().pvh_entry, round << 16);
        EXPECT_EQ(entries().size(), 1u); // the old version is gone
    }
}

TEST_F(KernelCache, a_damaged_entry_is_made_again) {
    write(image_of(test::unikernel().build()));
    const std::string entry = open()->elf_path();
    for (const std::string& damage :
         {std::string(), std::string("short"), std::string(fs::file_size(entry), 'x')}) {
        std::ofstream(entry, std::ios::binary | std::ios::trunc) << damage;
        const auto kernel = open();
        ASSERT_TRUE(kernel) << kernel.error().story();
        EXPECT_EQ(kernel->headers().pvh_entry, 0x10000u);
    }
}

TEST_F(KernelCache, an_entry_is_no_link_to_elsewhere) {
    write(image_of(test::unikernel().build()));
    const std::string entry = open()->elf_path();
    const std::string elsewhere = directory_ / "elsewhere";
    fs::rename(entry, elsewhere);
    fs::create_symlink(elsewhere, entry);
    ASSERT_TRUE(open());
    EXPECT_FALSE(fs::is_symlink(entry));

    fs::remove(entry);
    fs::create_symlink(elsewhere, entry + ".partial");
    EXPECT_TRUE(fails_saying(open(), {"kernel cache"}));
    EXPECT_EQ(fs::file_size(elsewhere), test::unikernel().build().size()); // untouched
}

TEST_F(KernelCache, what_unpacks_to_no_kernel_leaves_nothing_behind) {
    write(image_of("no kernel"));
    EXPECT_TRUE(fails_saying(open(), {"opening kernel", path_, "unpacked kernel", "no ELF file"}));
    EXPECT_TRUE(entries().empty());
    write(test::bzimage("\xfd"
                        "7zXZ nonsense",
                        5));
    EXPECT_TRUE(fails_saying(open(), {"opening kernel"}));
    EXPECT_TRUE(entries().empty());
}

TEST_F(KernelCache, a_cache_that_cannot_be_made_is_named) {
    write(image_of(test::unikernel().build()));
    std::ofstream(directory_ / "file") << "x";
    const auto kernel = Kernel::open(path_, directory_ / "file/cache");
    EXPECT_TRUE(fails_saying(kernel, {"opening kernel", "kernel cache", "file/cache", "Not a directory"}));
}

TEST_F(KernelCache, many_threads_share_one_entry) {
    const std::string elf = test::unikernel().build() + std::string(4 << 20, 'p');
    write(image_of(elf));
    std::vector<std::thread> threads;
    std::array<std::string, 8> paths;
    for (auto& path : paths)
        threads.emplace_back([&] {
            const auto kernel = open();
            path = kernel ? kernel->elf_path() : kernel.error().story();
        });
    for (auto& thread : threads)
        thread.join();
    for (const auto& path : paths)
        EXPECT_EQ(path, paths[0]);
    EXPECT_EQ(entries().size(), 1u);
    EXPECT_EQ(fs::file_size(paths[0]), elf.size());
}

/// Of two versions of the kernel each is unpacked by a process that is killed in place of the same system call:
/// whoever comes after finds a whole kernel and no litter.
TEST_F(KernelCache, killed_processes_leave_nothing_that_lasts) {
    const std::string elf = test::unikernel().build() + std::string(300'000, 'p');
    std::size_t number = 1;
    for (bool killed = true; killed; ++number) {
        SCOPED_TRACE("killed at call " + std::to_string(number));
        for (int version = 0; version < 2; ++version) {
            write(image_of(elf));
            killed = open_in_a_process_killed_at(number);
        }
        const auto kernel = open();
        ASSERT_TRUE(kernel) << kernel.error().story();
        ASSERT_EQ(fs::file_size(kernel->elf_path()), elf.size());
        ASSERT_EQ(entries(), std::vector<std::string>{fs::path(kernel->elf_path()).filename()});
    }
    EXPECT_GT(number, 10u);
}

TEST_F(KernelCache, somebody_elses_unfinished_work_is_left_alone) {
    write(image_of(test::unikernel().build()));
    ASSERT_TRUE(open());
    const std::string theirs = cache_ + "/1-2-3-4.5-6.7.partial";
    const std::string abandoned = cache_ + "/1-3-3-4.5-6.7.partial";
    std::ofstream(abandoned) << "x";
    const UniqueFd lock(::open(theirs.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
    ASSERT_EQ(::flock(lock.get(), LOCK_EX), 0);
    tidy_kernel_cache(cache_, "9-9-9");
    EXPECT_TRUE(fs::exists(theirs));
    EXPECT_FALSE(fs::exists(abandoned));
}

TEST_F(KernelCache, only_so_many_kernels_are_kept) {
    std::vector<std::string> paths;
    for (std::size_t i = 0; i < maximum_cached_kernels + 3; ++i) {
        path_ = directory_ / ("vmlinuz-" + std::to_string(i));
        write(image_of(test::unikernel().build()));
        const auto kernel = open();
        ASSERT_TRUE(kernel) << kernel.error().story();
        paths.push_back(kernel->elf_path());
    }
    EXPECT_EQ(entries().size(), maximum_cached_kernels);
    EXPECT_FALSE(fs::exists(paths[0]));
    EXPECT_TRUE(fs::exists(paths.back()));
}

TEST_F(KernelCache, strange_files_in_the_cache_are_left_alone) {
    write(image_of(test::unikernel().build()));
    ASSERT_TRUE(open());
    std::ofstream(cache_ + "/README") << "x";
    tidy_kernel_cache(cache_, "9-9-9");
    EXPECT_TRUE(fs::exists(cache_ + "/README"));
}

} // namespace
} // namespace chaos
