#include "model/train/run/checkpoint/checkpoint_store.h"

#include <gtest/gtest.h>

#include <atomic>
#include <cstring>
#include <future>

#include "base/strings.h"
#include "base/testing/fault_env.h"
#include "base/testing/memory_env.h"
#include "base/testing/rewrite_check.h"
#include "model/train/run/checkpoint/folder_writer.h"

namespace pano::train {
namespace {

// A run in miniature: weights, moments and a text, all functions of the step.
struct FakeRun {
  explicit FakeRun(int64_t run_step) : step(run_step) {
    for (size_t i = 0; i < weights.size(); ++i) weights[i] = static_cast<float>(step) + 0.5F;
    for (size_t i = 0; i < moments.size(); ++i) moments[i] = static_cast<uint8_t>(step + 7);
  }

  CheckpointContents Contents(int64_t best_step = -1) const {
    CheckpointContents out;
    out.step = step;
    out.best_step = best_step;
    out.files.push_back(CheckpointFile::Tensors(
        "model.safetensors",
        {{"w", tensor::DType::kF32, {4, 100}, std::as_bytes(std::span(weights))}},
        {{"format", "pt"}}));
    out.files.push_back(CheckpointFile::Tensors(
        "optimizer.safetensors",
        {{"w.first", tensor::DType::kU8, {333}, std::as_bytes(std::span(moments))},
         {"w.empty", tensor::DType::kF32, {0}, {}}}));
    out.files.push_back(CheckpointFile::Text("progress.json", StrCat("{\"step\":", step, "}")));
    return out;
  }

  int64_t step;
  std::vector<float> weights = std::vector<float>(400);
  std::vector<uint8_t> moments = std::vector<uint8_t>(333);
};

std::unique_ptr<CheckpointStore> MakeStore(Env& env, CheckpointStore::Options options = {}) {
  options.folder = "/";
  options.env = &env;
  auto store = CheckpointStore::Create(std::move(options));
  EXPECT_TRUE(store.ok()) << store.error().ToString();
  return std::move(store).value();
}

// "step 2" when that is what a resumed run would get, every byte of it compared.
std::string WhatResumes(Env& env) {
  auto store = MakeStore(env);
  auto found = store->LatestWhole(nullptr);
  if (!found.ok()) return found.error().ToString();
  if (!found->has_value()) return "nothing";
  const StoredCheckpoint& stored = **found;
  const FakeRun run(stored.step());
  auto weights = stored.OpenTensors("model");
  auto moments = stored.OpenTensors("optimizer");
  auto text = stored.ReadText("progress.json");
  if (!weights.ok() || !moments.ok() || !text.ok()) return "unreadable";
  const tensor::TensorView* w = weights->Find("w");
  const tensor::TensorView* m = moments->Find("w.first");
  if (!w || !m || w->bytes != 1600 || m->bytes != 333) return "other tensors";
  if (std::memcmp(w->data, run.weights.data(), w->bytes) != 0) return "other weights";
  if (std::memcmp(m->data, run.moments.data(), m->bytes) != 0) return "other moments";
  if (*text != StrCat("{\"step\":", stored.step(), "}")) return "another text";
  return StrCat("step ", stored.step());
}

Status SaveAndWait(Env& env, int64_t step, int64_t keep = 2) {
  auto store = CheckpointStore::Create(
      {.folder = "/", .keep = keep, .report = nullptr, .env = &env});
  if (!store.ok()) return store.error();
  const FakeRun run(step);
  PANO_RETURN_IF_ERROR((*store)->Save(run.Contents()));
  return (*store)->Wait();
}

// Every call of the file system fails once, and is once the last before the machine or the process
// ends; every size of disk that is too small is tried.
TEST(CheckpointStore, IsWholeOrNotThereWhateverGoesWrong) {
  CheckRewrite({.prepare = [](Env& env) { ASSERT_TRUE(SaveAndWait(env, 1).ok()); },
                .write = [](Env& env) { return SaveAndWait(env, 2); },
                .read = WhatResumes,
                .old_text = "step 1",
                .new_text = "step 2",
                .names = {"step-1", "step-2"}});
}

// A run that was resumed from before a torn checkpoint comes to its step again.
TEST(CheckpointStore, ReplacesACheckpointOfTheSameStepInOneStep) {
  CheckRewrite({.prepare =
                    [](Env& env) {
                      ASSERT_TRUE(SaveAndWait(env, 1).ok());
                      ASSERT_TRUE(SaveAndWait(env, 2).ok());
                      ASSERT_TRUE(WriteFile("/step-2/manifest.json", "{", env).ok());
                    },
                .write = [](Env& env) { return SaveAndWait(env, 2); },
                .read = WhatResumes,
                .old_text = "step 1",
                .new_text = "step 2",
                .names = {"step-1", "step-2"}});
}

// Retention removes while the newest stands: whatever fails, the newest or its predecessor resumes.
TEST(CheckpointStore, CrashesWhileOldOnesAreRemovedLoseNothing) {
  for (int64_t call = 0;; ++call) {
    MemoryEnv disk;
    ASSERT_TRUE(SaveAndWait(disk, 1).ok());
    FaultEnv env(disk, {.crash_at = call, .seed = 3});
    const Status status = SaveAndWait(env, 2, /*keep=*/1);
    const bool crashed = env.crashed();
    disk.Crash();
    const std::string found = WhatResumes(disk);
    if (status.ok()) {
      EXPECT_EQ(found, "step 2") << "crash at call " << call;
    } else {
      EXPECT_TRUE(found == "step 1" || found == "step 2") << found << ", crash at call " << call;
    }
    const std::vector<std::string> names = *disk.List("/");
    for (const std::string& name : names) EXPECT_GE(StepOfFolderName(name), 0) << name;
    if (!crashed) break;
    ASSERT_LT(call, 1000);
  }
}

TEST(CheckpointStore, KeepsTheNewestAndTheBest) {
  MemoryEnv env;
  auto store = MakeStore(env, {.folder = "", .keep = 2, .report = nullptr});
  for (int64_t step = 10; step <= 60; step += 10) {
    ASSERT_TRUE(store->Save(FakeRun(step).Contents(step >= 20 ? 20 : -1)).ok());
    ASSERT_TRUE(store->Wait().ok());
  }
  EXPECT_EQ(*env.List("/"), (std::vector<std::string>{"step-20", "step-50", "step-60"}));
  EXPECT_EQ((*store->LatestWhole(nullptr))->best_step(), 20);
  EXPECT_EQ(store->Open(20)->step(), 20);
}

TEST(CheckpointStore, CopiesTheStateBeforeSaveIsBack) {
  for (uint64_t copy_bytes_max : {uint64_t{0}, uint64_t{1} << 30}) {
    MemoryEnv env;
    auto store = MakeStore(
        env, {.folder = "", .copy_bytes_max = copy_bytes_max, .report = nullptr});
    FakeRun run(5);
    ASSERT_TRUE(store->Save(run.Contents()).ok());
    run.weights.assign(400, -1.0F);  // training goes on
    run.moments.assign(333, 0);
    ASSERT_TRUE(store->Wait().ok());
    EXPECT_EQ(WhatResumes(env), "step 5");
  }
}

// State that is a copy already is not copied again: it is let go when it is written.
TEST(CheckpointStore, HoldsWhatOwnsTheStateUntilItIsWritten) {
  MemoryEnv env;
  auto store = MakeStore(env, {.folder = "", .copy_bytes_max = 0});
  auto run = std::make_shared<FakeRun>(5);
  std::weak_ptr<FakeRun> alive = run;
  CheckpointContents contents = run->Contents();
  contents.owner = std::move(run);
  ASSERT_TRUE(store->Save(contents).ok());
  contents = {};
  ASSERT_TRUE(store->Wait().ok());
  EXPECT_TRUE(alive.expired());
  EXPECT_EQ(WhatResumes(env), "step 5");
}

// One in flight: the second Save waits for the writer, which the report of the first holds up.
TEST(CheckpointStore, HoldsTrainingBackWhenTheDiskIsSlower) {
  MemoryEnv env;
  std::promise<void> disk_is_done;
  std::shared_future<void> done = disk_is_done.get_future().share();
  std::atomic<int> reported = 0, saved = 0;
  auto store = MakeStore(env, {.folder = "", .report = [&](const CheckpointOutcome& outcome) {
                                 EXPECT_TRUE(outcome.status.ok());
                                 EXPECT_EQ(outcome.bytes, FakeRun(1).Contents().bytes());
                                 if (outcome.step == 1) done.wait();
                                 ++reported;
                               }});
  std::jthread training([&] {
    for (int64_t step = 1; step <= 3; ++step) {
      EXPECT_TRUE(store->Save(FakeRun(step).Contents()).ok());
      ++saved;
    }
  });
  while (saved < 1) std::this_thread::yield();
  std::this_thread::sleep_for(std::chrono::milliseconds(20));
  EXPECT_EQ(saved, 1);
  disk_is_done.set_value();
  training.join();
  EXPECT_TRUE(store->Wait().ok());
  EXPECT_EQ(reported, 3);
  EXPECT_EQ(WhatResumes(env), "step 3");
}

TEST(CheckpointStore, AFullDiskCostsACheckpointNotTheRun) {
  MemoryEnv env;
  std::vector<CheckpointOutcome> outcomes;
  auto store = MakeStore(env, {.folder = "", .report = [&](const CheckpointOutcome& outcome) {
                                 outcomes.push_back(outcome);
                               }});
  ASSERT_TRUE(store->Save(FakeRun(1).Contents()).ok());
  ASSERT_TRUE(store->Wait().ok());
  env.SetCapacity(3000);
  ASSERT_TRUE(store->Save(FakeRun(2).Contents()).ok());
  const Status full = store->Wait();
  EXPECT_EQ(full.code(), StatusCode::kExhausted);
  EXPECT_EQ(full.reason(), "disk_full");
  EXPECT_NE(full.message().find("step-2: "), std::string::npos) << full.message();
  EXPECT_EQ(WhatResumes(env), "step 1");
  env.SetCapacity({});  // somebody made room: the run goes on
  ASSERT_TRUE(store->Save(FakeRun(3).Contents()).ok());
  ASSERT_TRUE(store->Wait().ok());
  EXPECT_EQ(WhatResumes(env), "step 3");
  ASSERT_EQ(outcomes.size(), 3U);
  EXPECT_FALSE(outcomes[1].status.ok());
  EXPECT_TRUE(outcomes[2].status.ok());
}

struct Damage {
  std::string name;
  std::function<void(Env&)> harm;
  std::string word;  // of the text that names the fault
};

void Flip(Env& env, const std::string& path, size_t at) {
  std::string text = *ReadFile(path, 1 << 20, env);
  ASSERT_LT(at, text.size());
  text[at] = static_cast<char>(text[at] ^ 1);
  ASSERT_TRUE(WriteFile(path, text, env).ok());
}

TEST(CheckpointStore, ATornOneIsSkippedWithAWordThatNamesIt) {
  const std::vector<Damage> damages = {
      {"no manifest", [](Env& e) { ASSERT_TRUE(e.Remove("/step-2/manifest.json").ok()); },
       "manifest.json"},
      {"half a manifest", [](Env& e) { ASSERT_TRUE(WriteFile("/step-2/manifest.json", "{", e).ok()); },
       "manifest.json"},
      {"a lost file", [](Env& e) { ASSERT_TRUE(e.Remove("/step-2/model.safetensors").ok()); },
       "model.safetensors"},
      {"a shorter file",
       [](Env& e) { ASSERT_TRUE(WriteFile("/step-2/optimizer.safetensors", "x", e).ok()); },
       "optimizer.safetensors: has 1 bytes"},
      {"a flipped bit", [](Env& e) { Flip(e, "/step-2/model.safetensors", 1000); }, "SHA-256"},
      {"a flipped bit in the text", [](Env& e) { Flip(e, "/step-2/progress.json", 3); },
       "progress.json"},
      {"another step's folder",
       [](Env& e) { ASSERT_TRUE(e.Rename("/step-2", "/step-3").ok()); }, "says step 2"},
      {"a folder for a file",
       [](Env& e) {
         ASSERT_TRUE(e.Remove("/step-2/progress.json").ok());
         ASSERT_TRUE(e.MakeFolder("/step-2/progress.json").ok());
       },
       "progress.json"},
      {"an empty folder",
       [](Env& e) {
         ASSERT_TRUE(e.RemoveTree("/step-2").ok());
         ASSERT_TRUE(e.MakeFolder("/step-2").ok());
       },
       "manifest.json"},
  };
  for (const Damage& damage : damages) {
    SCOPED_TRACE(damage.name);
    MemoryEnv env;
    ASSERT_TRUE(SaveAndWait(env, 1).ok());
    ASSERT_TRUE(SaveAndWait(env, 2).ok());
    damage.harm(env);
    std::vector<std::string> skipped;
    auto found = MakeStore(env)->LatestWhole(&skipped);
    ASSERT_TRUE(found.ok() && found->has_value());
    EXPECT_EQ((*found)->step(), 1);
    ASSERT_EQ(skipped.size(), 1U);
    EXPECT_NE(skipped[0].find("/step-"), std::string::npos) << skipped[0];
    EXPECT_NE(skipped[0].find(damage.word), std::string::npos) << skipped[0];
  }
}

// Any one bit of any file of a checkpoint: found, or (a space of the manifest) harmless.
TEST(CheckpointStore, EveryFlippedBitIsFound) {
  MemoryEnv env;
  ASSERT_TRUE(SaveAndWait(env, 2).ok());
  const std::vector<std::string> names = *env.List("/step-2");
  for (const std::string& name : names) {
    const std::string path = "/step-2/" + name;
    const std::string whole = *ReadFile(path, 1 << 20, env);
    for (size_t at = 0; at < whole.size(); at += 1 + whole.size() / 150) {
      Flip(env, path, at);
      const std::string found = WhatResumes(env);
      EXPECT_TRUE(found == "nothing" || found == "step 2") << name << " byte " << at << found;
      ASSERT_TRUE(WriteFile(path, whole, env).ok());
    }
  }
  EXPECT_EQ(WhatResumes(env), "step 2");
}

TEST(CheckpointStore, NothingResumesFromAnEmptyFolder) {
  MemoryEnv env;
  auto store = MakeStore(env);
  EXPECT_TRUE(*store->Empty());
  std::vector<std::string> skipped;
  EXPECT_FALSE((*store->LatestWhole(&skipped)).has_value());
  EXPECT_TRUE(skipped.empty());
  EXPECT_FALSE(store->Open(3).ok());
}

TEST(CheckpointStore, RefusesContentsThatAreNone) {
  MemoryEnv env;
  auto store = MakeStore(env);
  for (const char* name : {"../x", "manifest.json", "", ".hidden", "a/b"}) {
    CheckpointContents contents;
    contents.files.push_back(CheckpointFile::Text(name, ""));
    EXPECT_EQ(store->Save(contents).code(), StatusCode::kInvalidArgument) << name;
  }
  CheckpointContents twice;
  twice.files = {CheckpointFile::Text("a", ""), CheckpointFile::Text("a", "")};
  EXPECT_FALSE(store->Save(twice).ok());
  FakeRun run(1);
  CheckpointContents shape = run.Contents();
  shape.files[0].tensors[0].shape = {4, 101};
  EXPECT_FALSE(store->Save(shape).ok());
}

TEST(CheckpointStore, AFileInItsPlaceIsRefused) {
  MemoryEnv env;
  ASSERT_TRUE(WriteFile("/checkpoints", "x", env).ok());
  EXPECT_FALSE(CheckpointStore::Create({.folder = "/checkpoints", .report = {}, .env = &env}).ok());
  EXPECT_FALSE(CheckpointStore::Create({.folder = "/no/such", .report = {}, .env = &env}).ok());
}

}  // namespace
}  // namespace pano::train
