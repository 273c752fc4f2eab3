// SPDX-License-Identifier: Apache-2.0
#include "services/suite/data_folder.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "absl/time/time.h"

namespace tideline::suite {

namespace {

// Layout of the folder: the append-only files of a private Redis under redis/.
constexpr int kVersion = 1;

std::string Slurp(const std::string& path) {
  std::ifstream in(path);
  std::stringstream text;
  text << in.rdbuf();
  return std::string(absl::StripAsciiWhitespace(text.str()));
}

// How long the children of a killed process may take to go.
constexpr absl::Duration kOrphanPatience = absl::Seconds(15);

absl::Time Monotonic() {
  return absl::UnixEpoch() + absl::FromChrono(std::chrono::steady_clock::now().time_since_epoch());
}

bool Alive(const std::string& pid_text) {
  int pid = 0;
  return absl::SimpleAtoi(pid_text, &pid) && pid > 0 && ::kill(pid, 0) == 0;
}

}  // namespace

absl::StatusOr<std::unique_ptr<DataFolder>> DataFolder::Open(const std::string& path) {
  std::error_code error;
  std::filesystem::create_directories(path, error);
  if (error) {
    return absl::FailedPreconditionError(
        absl::StrCat("cannot make the data folder ", path, ": ", error.message()));
  }
  std::string lock_path = absl::StrCat(path, "/lock");
  // No O_CLOEXEC: the private Redis keeps the descriptor. One that outlives a killed parent by a
  // moment still holds the lock, so two servers never write the same files.
  int lock = ::open(lock_path.c_str(), O_RDWR | O_CREAT, 0600);
  if (lock < 0) {
    return absl::FailedPreconditionError(
        absl::StrCat("cannot open ", lock_path, ": ", std::strerror(errno)));
  }
  absl::Time give_up = Monotonic() + kOrphanPatience;
  while (::flock(lock, LOCK_EX | LOCK_NB) != 0) {
    std::string holder = Slurp(lock_path);
    if (Alive(holder) || Monotonic() > give_up) {
      ::close(lock);
      return absl::FailedPreconditionError(
          absl::StrCat("the data folder ", path, " is in use by process ", holder,
                       ": stop it, or name another folder with --data"));
    }
    ::usleep(5'000);  // an orphan is on its way out
  }
  std::unique_ptr<DataFolder> folder(new DataFolder(path, lock));
  std::string version_path = absl::StrCat(path, "/version");
  int version = kVersion;
  if (std::filesystem::exists(version_path) && !absl::SimpleAtoi(Slurp(version_path), &version)) {
    return absl::FailedPreconditionError(absl::StrCat(version_path, " is not a number"));
  }
  if (version > kVersion) {
    return absl::FailedPreconditionError(absl::StrCat("the data folder ", path, " has version ",
                                                      version, ", this program knows up to ",
                                                      kVersion, ": use a newer program"));
  }
  std::string pid = absl::StrCat(::getpid(), "\n");
  if (::ftruncate(lock, 0) != 0 ||
      ::pwrite(lock, pid.data(), pid.size(), 0) != static_cast<ssize_t>(pid.size())) {
    return absl::FailedPreconditionError(
        absl::StrCat("cannot write ", lock_path, ": ", std::strerror(errno)));
  }
  absl::Status status = folder->Publish("version", absl::StrCat(kVersion, "\n"));
  if (!status.ok()) return status;
  return folder;
}

DataFolder::~DataFolder() { ::close(lock_); }

absl::Status DataFolder::Publish(const std::string& name, const std::string& text) const {
  std::string target = absl::StrCat(path_, "/", name);
  std::string fresh = absl::StrCat(target, ".new");
  {
    std::ofstream out(fresh, std::ios::trunc);
    out << text;
    out.flush();
    if (!out) return absl::FailedPreconditionError(absl::StrCat("cannot write ", fresh));
  }
  if (std::rename(fresh.c_str(), target.c_str()) != 0) {
    return absl::FailedPreconditionError(
        absl::StrCat("cannot write ", target, ": ", std::strerror(errno)));
  }
  return absl::OkStatus();
}

void DataFolder::Withdraw(const std::string& name) const {
  ::unlink(absl::StrCat(path_, "/", name).c_str());
}

}  // namespace tideline::suite
