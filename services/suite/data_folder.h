// SPDX-License-Identifier: Apache-2.0
// A data folder in use by one process at a time.
#pragma once

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace tideline::suite {

// Holds the folder's lock while it lives. The lock is the kernel's (flock), so it ends with the
// process, however that ends.
class DataFolder {
 public:
  // Makes the folder when absent and locks it. FAILED_PRECONDITION names the process that holds it,
  // or says that the folder was written by a newer version.
  static absl::StatusOr<std::unique_ptr<DataFolder>> Open(const std::string& path);
  ~DataFolder();
  DataFolder(const DataFolder&) = delete;
  DataFolder& operator=(const DataFolder&) = delete;

  const std::string& path() const { return path_; }
  // The lock's descriptor: a child that keeps it open holds the lock too.
  int lock() const { return lock_; }

  // Writes `text` to `<folder>/<name>`, whole or not at all.
  absl::Status Publish(const std::string& name, const std::string& text) const;
  // Removes it.
  void Withdraw(const std::string& name) const;

 private:
  DataFolder(std::string path, int lock) : path_(std::move(path)), lock_(lock) {}
  std::string path_;
  int lock_;
};

}  // namespace tideline::suite
