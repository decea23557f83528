// SPDX-License-Identifier: BSD-3-Clause
// Keeps the kernel cache small: runs before an entry is added, which is rare and slow anyhow.
#include <algorithm>
#include <dirent.h>
#include <fcntl.h>
#include <memory>
#include <string_view>
#include <sys/file.h>
#include <sys/stat.h>
#include <vector>

#include "libchaos/image/kernel_cache.hpp"

namespace chaos {
namespace {

struct Entry {
    std::string path;
    timespec made = {};
};

bool is_older(const Entry& a, const Entry& b) {
    return a.made.tv_sec != b.made.tv_sec ? a.made.tv_sec < b.made.tv_sec : a.made.tv_nsec < b.made.tv_nsec;
}

/// Removes a half-written entry unless somebody holds its lock. The writer checks after locking whether the
/// name still leads to its file, so taking it away between its open and its lock does no harm.
void remove_if_abandoned(const std::string& path) {
    const UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
    if (file.is_open() && ::flock(file.get(), LOCK_EX | LOCK_NB) == 0)
        ::unlink(path.c_str());
}

/// "DEVICE-INODE-", which the entries of all versions of one file share.
std::string_view file_identity(std::string_view name) {
    const auto dash = name.find('-');
    return name.substr(0, dash == name.npos ? 0 : name.find('-', dash + 1) + 1);
}

struct CloseDirectory {
    void operator()(DIR* directory) const { ::closedir(directory); }
};

} // namespace

void tidy_kernel_cache(const std::string& cache_directory, const std::string& new_entry) {
    const std::unique_ptr<DIR, CloseDirectory> directory(::opendir(cache_directory.c_str()));
    if (!directory)
        return;
    std::vector<Entry> others;
    while (const dirent* item = ::readdir(directory.get())) {
        const std::string_view name = item->d_name;
        const std::string path = cache_directory + "/" + item->d_name;
        if (file_identity(name).empty() || name == new_entry)
            continue;
        struct stat status = {};
        if (name.ends_with(".partial"))
            remove_if_abandoned(path);
        else if (name.starts_with(file_identity(new_entry)))
            ::unlink(path.c_str());
        else if (::lstat(path.c_str(), &status) == 0)
            others.push_back({path, status.st_mtim});
    }
    if (others.size() < maximum_cached_kernels)
        return;
    std::sort(others.begin(), others.end(), is_older);
    for (std::size_t i = 0; i < others.size() - (maximum_cached_kernels - 1); ++i)
        ::unlink(others[i].path.c_str());
}

} // namespace chaos
