// SPDX-License-Identifier: Apache-2.0
// A folder of a test's own, removed with all it holds. Its path is short, since it may hold Unix
// sockets (107 bytes at most).
#pragma once

#include <stdlib.h>

#include <filesystem>
#include <string>
#include <system_error>

namespace tideline::testing {

class TempFolder {
 public:
  TempFolder() {
    char path[] = "/tmp/tl-XXXXXX";
    if (mkdtemp(path) == nullptr) abort();
    path_ = path;
  }
  ~TempFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TempFolder(const TempFolder&) = delete;
  TempFolder& operator=(const TempFolder&) = delete;

  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

}  // namespace tideline::testing
