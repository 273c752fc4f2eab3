// SPDX-License-Identifier: Apache-2.0
// A protoc plugin that writes the first sentence of every comment into comments.inc, as
// initializers of a map from full names: the command line's help says what the protos say, word for
// word.
#include <google/protobuf/compiler/code_generator.h>
#include <google/protobuf/compiler/plugin.h>
#include <google/protobuf/descriptor.h>
#include <google/protobuf/io/printer.h>
#include <google/protobuf/io/zero_copy_stream.h>

#include <memory>
#include <string>
#include <vector>

namespace {

using google::protobuf::Descriptor;
using google::protobuf::EnumDescriptor;
using google::protobuf::FileDescriptor;
using google::protobuf::ServiceDescriptor;
using google::protobuf::io::Printer;

// Comments go over several lines, each with a blank in front: one blank is left.
std::string OneLine(const std::string& text) {
  std::string line;
  for (const char c : text) {
    const bool blank = c == '\n' || c == ' ';
    if (!blank) line += c;
    if (blank && !line.empty() && line.back() != ' ') line += ' ';
  }
  return line;
}

std::string FirstSentence(const std::string& comment) {
  const std::string text = OneLine(comment);
  size_t end = text.find(". ");
  if (end == std::string::npos) end = text.find_last_not_of(" .");
  const size_t start = text.find_first_not_of(' ');
  if (start == std::string::npos || end == std::string::npos) return "";
  return text.substr(start, text.find_last_not_of(" .", end) - start + 1);
}

// A C++ string literal. Comments are ASCII with the odd quote or backslash.
std::string Quoted(const std::string& text) {
  std::string quoted = "\"";
  for (char c : text) {
    if (c == '"' || c == '\\') quoted += '\\';
    quoted += c;
  }
  return quoted + "\"";
}

class Comments {
 public:
  explicit Comments(Printer& out) : out_(out) {}

  void File(const FileDescriptor& file) {
    for (int i = 0; i < file.message_type_count(); ++i) Message(*file.message_type(i));
    for (int i = 0; i < file.enum_type_count(); ++i) Enum(*file.enum_type(i));
    for (int i = 0; i < file.service_count(); ++i) Service(*file.service(i));
  }

 private:
  template <typename T>
  void Say(const T& thing) {
    google::protobuf::SourceLocation location;
    if (!thing.GetSourceLocation(&location)) return;
    const std::string sentence = FirstSentence(location.leading_comments);
    if (sentence.empty()) return;
    out_.PrintRaw("{");
    out_.PrintRaw(Quoted(thing.full_name()));
    out_.PrintRaw(", ");
    out_.PrintRaw(Quoted(sentence));
    out_.PrintRaw("},\n");
  }

  void Message(const Descriptor& type) {
    Say(type);
    for (int i = 0; i < type.field_count(); ++i) Say(*type.field(i));
    for (int i = 0; i < type.nested_type_count(); ++i) Message(*type.nested_type(i));
    for (int i = 0; i < type.enum_type_count(); ++i) Enum(*type.enum_type(i));
  }

  void Enum(const EnumDescriptor& type) {
    Say(type);
    for (int i = 0; i < type.value_count(); ++i) Say(*type.value(i));
  }

  void Service(const ServiceDescriptor& service) {
    Say(service);
    for (int i = 0; i < service.method_count(); ++i) Say(*service.method(i));
  }

  Printer& out_;
};

class CommentsGenerator : public google::protobuf::compiler::CodeGenerator {
 public:
  uint64_t GetSupportedFeatures() const override { return FEATURE_PROTO3_OPTIONAL; }

  bool Generate(const FileDescriptor* file, const std::string& parameter,
                google::protobuf::compiler::GeneratorContext* context,
                std::string* error) const override {
    return GenerateAll({file}, parameter, context, error);
  }

  bool GenerateAll(const std::vector<const FileDescriptor*>& files, const std::string&,
                   google::protobuf::compiler::GeneratorContext* context,
                   std::string*) const override {
    std::unique_ptr<google::protobuf::io::ZeroCopyOutputStream> stream(
        context->Open("comments.inc"));
    Printer out(stream.get(), '$');
    for (const FileDescriptor* file : files) Comments(out).File(*file);
    return true;
  }
};

}  // namespace

int main(int argc, char** argv) {
  CommentsGenerator generator;
  return google::protobuf::compiler::PluginMain(argc, argv, &generator);
}
