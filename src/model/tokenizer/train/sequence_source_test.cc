#include "model/tokenizer/train/sequence_source.h"

#include <gtest/gtest.h>

#include "base/strings.h"
#include "base/testing/fault_env.h"
#include "base/testing/file_tree.h"
#include "base/testing/memory_env.h"

namespace pano::tokenizer {
namespace {

// All sequences, with the place that each has.
std::vector<std::string> Read(SequenceSource& source, size_t bytes_wanted) {
  std::vector<std::string> out;
  SequenceBlock block;
  while (true) {
    const Result<bool> more = source.Next(bytes_wanted, block);
    EXPECT_TRUE(more.ok()) << more.error().message();
    if (!more.ok() || !*more) return out;
    EXPECT_EQ(block.first, out.size());
    size_t begin = 0;
    for (size_t end : block.ends) {
      out.push_back(StrCat(source.Place(out.size()), " ", block.text.substr(begin, end - begin)));
      begin = end;
    }
    EXPECT_EQ(begin, block.text.size());
  }
}

TEST(LinesOfFiles, KeepTheirEndsAndKnowTheirPlace) {
  MemoryEnv env;
  PutFile(env, "/a", "one\ntwo\r\n\nlast without an end");
  PutFile(env, "/empty", "");
  PutFile(env, "/b", "\nx\n");
  const std::vector<std::string> expected = {"/a:1 one\n", "/a:2 two\r\n", "/a:3 \n", "/a:4 last without an end",
                                             "/b:1 \n", "/b:2 x\n"};
  for (size_t bytes : {1, 7, 1000}) {
    const auto source = LinesOfFiles({"/a", "/empty", "/b"}, 1000, env);
    EXPECT_EQ(Read(*source, bytes), expected) << bytes;
  }
}

TEST(LinesOfFiles, NameWhatCannotBeRead) {
  MemoryEnv env;
  PutFile(env, "/a", StrCat("short\n", std::string(200'000, 'x'), "\n"));
  SequenceBlock block;
  const auto missing = LinesOfFiles({"/nothing"}, 1000, env);
  EXPECT_NE(missing->Next(1, block).error().message().find("/nothing"), std::string::npos);

  const auto endless = LinesOfFiles({"/a"}, 100'000, env);
  Result<bool> more = endless->Next(1, block);
  while (more.ok() && *more) more = endless->Next(1, block);
  ASSERT_FALSE(more.ok());
  EXPECT_EQ(more.error().code(), StatusCode::kExhausted);
  EXPECT_NE(more.error().message().find("/a:2"), std::string::npos) << more.error().message();

  FaultEnv broken(env, {.fail_at = 1});   // the first read
  EXPECT_FALSE(LinesOfFiles({"/a"}, 1000, broken)->Next(1, block).ok());
}

}  // namespace
}  // namespace pano::tokenizer
