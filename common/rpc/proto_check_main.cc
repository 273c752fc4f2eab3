// SPDX-License-Identifier: Apache-2.0
// tideline-proto-check DESCRIPTOR_SET...: run by the build over each service's descriptors, so that
// a method without kind or roles does not build. Exit code 1 when something is wrong.
#include <fstream>
#include <iostream>

#include "common/rpc/methods.h"
#include "google/api/field_behavior.pb.h"
#include "google/api/resource.pb.h"
#include "google/protobuf/descriptor.pb.h"

namespace {

// Returns the number of services seen; -1 when the set cannot be read.
int CheckSet(const char* path, int& problems) {
  std::ifstream file(path, std::ios::binary);
  google::protobuf::FileDescriptorSet set;
  if (!set.ParseFromIstream(&file)) return -1;
  google::protobuf::DescriptorPool pool;
  int services = 0;
  for (const google::protobuf::FileDescriptorProto& proto : set.file()) {
    const google::protobuf::FileDescriptor* built = pool.BuildFile(proto);
    if (built == nullptr) return -1;
    for (int i = 0; i < built->service_count(); ++i, ++services) {
      for (const std::string& problem : tideline::rpc::CheckService(*built->service(i))) {
        std::cerr << proto.name() << ": error: " << problem << "\n";
        ++problems;
      }
    }
  }
  return services;
}

}  // namespace

int main(int argc, char** argv) {
  int problems = 0;
  for (int i = 1; i < argc; ++i) {
    const int services = CheckSet(argv[i], problems);
    if (services < 0) {
      std::cerr << argv[i] << ": error: is no descriptor set with its imports\n";
      return 1;
    }
    if (services == 0) {
      std::cerr << argv[i] << ": error: has no service\n";
      return 1;
    }
  }
  return problems == 0 ? 0 : 1;
}
