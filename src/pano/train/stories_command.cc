#include <cstdio>

#include "base/env.h"
#include "base/json.h"
#include "base/strings.h"
#include "model/train/corpus.h"
#include "pano/train/commands.h"

namespace pano::train {
namespace {

// As rows of data.format text: {"text": ...} a line.
std::string AsLines(const Stories& stories) {
  std::string out;
  for (const std::string& story : stories) {
    json::Value row;
    row.Set("text", story);
    out += json::Dump(row) + "\n";
  }
  return out;
}

Status WriteStories(const std::vector<std::string>& files, const std::string& out, double share, uint64_t seed) {
  std::string text;
  for (const std::string& file : files) {
    PANO_ASSIGN_OR_RETURN(const std::string one, ReadFile(file));
    text.append(one).push_back('\n');
  }
  const HeldOutSplit split = SplitHeldOut(SplitStories(text), share, seed);
  std::string plain;
  for (const std::string& story : split.train) plain += StrCat(story, "\n");
  PANO_RETURN_IF_ERROR(WriteFile(StrCat(out, "train.txt"), plain));
  PANO_RETURN_IF_ERROR(WriteFile(StrCat(out, "train.jsonl"), AsLines(split.train)));
  PANO_RETURN_IF_ERROR(WriteFile(StrCat(out, "held_out.jsonl"), AsLines(split.held_out)));
  std::printf("%strain.jsonl: %zu stories, %zu bytes\n%sheld_out.jsonl: %zu stories, %zu bytes\n", out.c_str(),
              split.train.size(), split.train_bytes, out.c_str(), split.held_out.size(), split.held_out_bytes);
  return {};
}

}  // namespace

int RunStories(const cli::Command& self, cli::Args args) {
  std::vector<std::string> files;
  std::string out;
  double share = 0.1;
  int64_t seed = 0;
  OptionSet set;
  set.Strings("data", &files, "Texts whose stories follow each other", "FILE")
      .String("out", &out, "What the names of the files begin with that are written: train.jsonl, train.txt (its text alone), held_out.jsonl", "PREFIX")
      .Double("held-out", &share, 0, 0.9, "Share of the stories that is held out")
      .Int("seed", &seed, 0, int64_t{1} << 53, "Which stories these are");
  if (const auto code = cli::Parse(self, set, args)) return *code;
  if (files.empty()) return cli::FailUsage(self, "--data FILE is missing");
  const Status status = WriteStories(files, out, share, static_cast<uint64_t>(seed));
  return status.ok() ? 0 : cli::Fail(self, status);
}

}  // namespace pano::train
