// SPDX-License-Identifier: Apache-2.0
// Keys and signed notes: what the sealer writes is read by the verifier, which knows nothing of it,
// and the verifier reads the published examples of the formats.
#include "services/decision_ledger/ledger/note.h"

#include <sys/stat.h>

#include <fstream>
#include <string>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "tests/support/temp_folder.h"
#include "tools/verify/note.h"

namespace tideline::decision_ledger {
namespace {

// The example in the documentation of golang.org/x/mod/sumdb/note, which C2SP's signed-note is.
constexpr char kGoKey[] = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
constexpr char kGoNote[] =
    "If you think cryptography is the answer to your problem,\n"
    "then you don't know what your problem is.\n"
    "\n"
    "\u2014 PeterNeumann "
    "x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM="
    "\n";

TEST(Note, ThePublishedNoteVerifies) {
  verify::Key key;
  ASSERT_TRUE(verify::ParseKey(kGoKey, key));
  verify::Note note;
  ASSERT_TRUE(verify::ParseNote(kGoNote, note));
  EXPECT_TRUE(verify::IsSignedBy(note, key));
  std::string changed = kGoNote;
  changed[3] = 'X';
  ASSERT_TRUE(verify::ParseNote(changed, note));
  EXPECT_FALSE(verify::IsSignedBy(note, key));
}

TEST(Note, OurOwnVerifierKeyOfThePublishedKeyIsThePublishedOne) {
  std::string typed;
  ASSERT_TRUE(absl::Base64Unescape("ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW", &typed));
  EXPECT_EQ(VerifierKey("PeterNeumann", typed.substr(1)), kGoKey);
}

TEST(Note, ThePublishedCheckpointIsRead) {
  // The example of C2SP tlog-checkpoint.
  verify::Checkpoint checkpoint;
  ASSERT_TRUE(verify::ParseCheckpoint(
      "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n\n"
      "\u2014 example.com/behind-the-sofa "
      "Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/"
      "Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=\n",
      checkpoint));
  EXPECT_EQ(checkpoint.origin, "example.com/behind-the-sofa");
  EXPECT_EQ(checkpoint.size, 20852163u);
  EXPECT_EQ(absl::Base64Escape(
                absl::string_view(reinterpret_cast<const char*>(checkpoint.root.data()), 32)),
            "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=");
  EXPECT_EQ(absl::BytesToHexString(checkpoint.note.signatures[0].hash), "033de0ae");
}

TEST(Note, WhatIsNotACheckpointIsRefused) {
  const std::string root = "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=";
  const std::string end = "\n\u2014 o AAAAAAA=\n";
  verify::Checkpoint checkpoint;
  EXPECT_TRUE(verify::ParseCheckpoint(absl::StrCat("o\n0\n", root, "\n", end), checkpoint));
  EXPECT_TRUE(verify::ParseCheckpoint(absl::StrCat("o\n0\n", root, "\nmore\n", end), checkpoint));
  for (const std::string& note : {
           absl::StrCat("o\n01\n", root, "\n", end),                 // a leading zero
           absl::StrCat("o\n-1\n", root, "\n", end),                 // a sign
           absl::StrCat("o\n0x1\n", root, "\n", end),                // not decimal
           absl::StrCat("o\n9999999999999999999\n", root, end),      // too many
           absl::StrCat("\n0\n", root, "\n", end),                   // no origin
           absl::StrCat("o\n0\n", end),                              // no root
           absl::StrCat("o\n0\n", root.substr(1), "\n", end),        // not 32 bytes
           absl::StrCat("o\n0\n", root, "\n"),                       // not signed
           absl::StrCat("o\n0\n", root, "\n\n"),                     // not signed
           absl::StrCat("o\n0\n", root, "\n\n- o AAAAAAA=\n"),       // a hyphen is no dash
           absl::StrCat("o\n0\n", root, "\n\n\u2014 o AAAAAAB=\n"),  // bits that mean nothing
           absl::StrCat("o\n0\n", root, "\n", end).substr(0, 60),    // cut
       }) {
    EXPECT_FALSE(verify::ParseCheckpoint(note, checkpoint)) << note;
  }
}

TEST(Note, KeysThatAreNotTheirOwnAreRefused) {
  verify::Key key;
  EXPECT_FALSE(verify::ParseKey("", key));
  EXPECT_FALSE(verify::ParseKey("PeterNeumann", key));
  std::string other = kGoKey;
  other[0] = 'Q';  // another name: the hash does not fit
  EXPECT_FALSE(verify::ParseKey(other, key));
  EXPECT_FALSE(
      verify::ParseKey("PeterNeumann+c74f20a3+AhpcBBcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW", key));
}

TEST(Note, WhatTheSealerSignsTheVerifierReads) {
  const testing::TempFolder folder;
  const auto key = SigningKey::Create(folder.path() + "/key.pem");
  ASSERT_TRUE(key.ok()) << key.status();
  const std::string text = CheckpointText("tideline.example/acme", 7, HashLeaf("x"), "next line");
  const std::string note =
      absl::StrCat(text, "\n", SignatureLine("tideline.example/acme", *key, text));
  verify::Key trusted;
  ASSERT_TRUE(verify::ParseKey(VerifierKey("tideline.example/acme", key->public_key()), trusted));
  verify::Checkpoint checkpoint;
  ASSERT_TRUE(verify::ParseCheckpoint(note, checkpoint));
  EXPECT_EQ(checkpoint.origin, "tideline.example/acme");
  EXPECT_EQ(checkpoint.size, 7u);
  EXPECT_EQ(checkpoint.root, HashLeaf("x"));
  EXPECT_EQ(checkpoint.extensions, std::vector<std::string>{"next line"});
  EXPECT_TRUE(verify::IsSignedBy(checkpoint.note, trusted));
  // The same key under another name is another key.
  verify::Key other;
  ASSERT_TRUE(verify::ParseKey(VerifierKey("tideline.example/beta", key->public_key()), other));
  EXPECT_FALSE(verify::IsSignedBy(checkpoint.note, other));
}

TEST(SigningKey, IsKeptInAFileOfItsOwnersAlone) {
  const testing::TempFolder folder;
  const std::string path = folder.path() + "/key.pem";
  EXPECT_TRUE(absl::IsNotFound(SigningKey::Read(path).status()));
  const auto made = SigningKey::Create(path);
  ASSERT_TRUE(made.ok()) << made.status();
  EXPECT_TRUE(absl::IsFailedPrecondition(SigningKey::Create(path).status()))
      << "a key is never written over";
  const auto read = SigningKey::Read(path);
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(read->public_key(), made->public_key());
  EXPECT_EQ(read->Sign("text"), made->Sign("text"));
  ::chmod(path.c_str(), 0644);
  EXPECT_TRUE(absl::IsFailedPrecondition(SigningKey::Read(path).status()));
}

TEST(SigningKey, AFileWithSomethingElseIsRefused) {
  const testing::TempFolder folder;
  const std::string path = folder.path() + "/key.pem";
  std::ofstream(path) << "no key\n";
  ::chmod(path.c_str(), 0600);
  EXPECT_TRUE(absl::IsFailedPrecondition(SigningKey::Read(path).status()));
}

}  // namespace
}  // namespace tideline::decision_ledger
