// SPDX-License-Identifier: BSD-3-Clause
// A directory for one test, gone with everything in it when the test ends.
#pragma once

#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <string>

namespace chaos::test {

class TemporaryDirectory {
  public:
    /// On tmpfs where there is one, as state directories are.
    TemporaryDirectory() {
        std::string path = ::access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";
        path += "/chaos-test-XXXXXX";
        if (!::mkdtemp(path.data()))
            std::abort();
        path_ = path;
    }
    TemporaryDirectory(const TemporaryDirectory&) = delete;
    TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;
    ~TemporaryDirectory() {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }

    [[nodiscard]] const std::string& path() const { return path_; }
    [[nodiscard]] std::string operator/(const std::string& name) const { return path_ + '/' + name; }

  private:
    std::string path_;
};

} // namespace chaos::test
