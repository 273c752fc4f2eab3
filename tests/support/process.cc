// SPDX-License-Identifier: Apache-2.0
#include "tests/support/process.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <cstdlib>
#include <fstream>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"

namespace tideline::testing {

namespace {
constexpr absl::Duration kLook = absl::Milliseconds(2);
}

std::string ProgramPath(const std::string& program) {
  const char* folder = std::getenv("TIDELINE_BIN");
  return absl::StrCat(folder != nullptr ? folder : "build/release/bin", "/", program);
}

Process::Process(const std::string& program, const std::vector<std::string>& arguments,
                 const std::string& log) {
  std::string path = ProgramPath(program);
  std::vector<std::string> all = {path};
  all.insert(all.end(), arguments.begin(), arguments.end());
  std::vector<char*> argv;
  for (std::string& argument : all) argv.push_back(argument.data());
  argv.push_back(nullptr);
  int out = ::open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  pid_t parent = ::getpid();
  pid_ = ::fork();
  if (pid_ == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() != parent) ::_exit(127);
    ::dup2(out, 1);
    ::dup2(out, 2);
    ::execv(path.c_str(), argv.data());
    ::_exit(127);
  }
  ::close(out);
}

Process::~Process() {
  if (!running()) return;
  ::kill(pid_, SIGKILL);
  ::waitpid(pid_, &status_, 0);
}

void Process::Signal(int signal) {
  if (running()) ::kill(pid_, signal);
}

bool Process::running() {
  if (!ended_ && ::waitpid(pid_, &status_, WNOHANG) == pid_) ended_ = true;
  return !ended_;
}

int Process::Wait(absl::Duration patience) {
  for (absl::Duration waited; running(); waited += kLook) {
    if (waited > patience) return -1;
    absl::SleepFor(kLook);
  }
  return WIFEXITED(status_) ? WEXITSTATUS(status_) : 128 + WTERMSIG(status_);
}

std::string WaitForLine(const std::string& path, Process& process, absl::Duration patience) {
  for (absl::Duration waited; waited < patience; waited += kLook) {
    std::ifstream in(path);
    std::string line;
    if (std::getline(in, line)) return line;
    if (!process.running()) return "";
    absl::SleepFor(kLook);
  }
  return "";
}

std::string HttpGet(const std::string& address, const std::string& path) {
  namespace http = boost::beast::http;
  size_t colon = address.rfind(':');
  boost::asio::io_context context;
  boost::beast::tcp_stream stream(context);
  boost::beast::error_code error;
  boost::asio::ip::tcp::endpoint peer(
      boost::asio::ip::make_address(address.substr(0, colon), error),
      static_cast<uint16_t>(std::atoi(address.c_str() + colon + 1)));
  if (error) return "";
  stream.connect(peer, error);
  if (error) return "";
  http::request<http::empty_body> request(http::verb::get, path, 11);
  request.set(http::field::host, address);
  http::write(stream, request, error);
  if (error) return "";
  boost::beast::flat_buffer buffer;
  http::response<http::string_body> response;
  http::read(stream, buffer, response, error);
  return error || response.result() != http::status::ok ? "" : response.body();
}

}  // namespace tideline::testing
