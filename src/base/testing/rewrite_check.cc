#include "base/testing/rewrite_check.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "base/random.h"
#include "base/strings.h"
#include "base/testing/fault_env.h"
#include "base/testing/memory_env.h"

namespace pano {
namespace {

// How often each crash is tried, with another random part of what was not synced surviving.
constexpr uint64_t kSeeds = 8;

class Check {
 public:
  explicit Check(const Rewrite& rewrite) : rewrite_(rewrite) {}

  void Run() {
    const int64_t calls = ShortWrites();
    for (int64_t call = 0; call < calls; ++call) {
      ErrorAt(call);
      // A disk that loses what was not synced, and disks that lose a part of it.
      CrashAt(call, nullptr);
      for (uint64_t seed = 0; seed < kSeeds; ++seed) {
        Random survivors(seed);
        CrashAt(call, &survivors, seed);
      }
    }
    CrashAt(calls, nullptr);  // after the last call
    SmallDisks();
  }

 private:
  bool IsOld(Env& env) { return rewrite_.read(env) == rewrite_.old_text; }
  bool IsNew(Env& env) { return rewrite_.read(env) == rewrite_.new_text; }

  void ExpectWhole(Env& env, const Status& status) {
    if (status.ok()) {
      EXPECT_EQ(rewrite_.read(env), rewrite_.new_text) << "though the writer said ok";
    } else {
      EXPECT_TRUE(IsOld(env) || IsNew(env))
          << "neither old nor new: '" << Printable(rewrite_.read(env)) << "', "
          << status.ToString();
    }
  }

  void ExpectNoLeftovers(Env& env) {
    const std::vector<std::string> found = *env.List("/");
    for (const std::string& name : found) {
      EXPECT_NE(std::count(rewrite_.names.begin(), rewrite_.names.end(), name), 0) << name;
    }
  }

  // How many calls a run without faults makes.
  int64_t ShortWrites() {
    SCOPED_TRACE("short writes");
    for (uint64_t seed = 0; seed < kSeeds; ++seed) {
      MemoryEnv disk;
      rewrite_.prepare(disk);
      FaultEnv env(disk, {.short_writes = 0.9, .seed = seed});
      const Status status = rewrite_.write(env);
      EXPECT_TRUE(status.ok()) << status.ToString();
      EXPECT_TRUE(IsNew(disk));
      ExpectNoLeftovers(disk);
    }
    MemoryEnv disk;
    rewrite_.prepare(disk);
    EXPECT_TRUE(IsOld(disk));
    FaultEnv env(disk, {});
    EXPECT_TRUE(rewrite_.write(env).ok());
    EXPECT_TRUE(IsNew(disk));
    return env.calls();
  }

  void ErrorAt(int64_t call) {
    SCOPED_TRACE(StrCat("EIO at call ", call));
    MemoryEnv disk;
    rewrite_.prepare(disk);
    FaultEnv env(disk, {.fail_at = call});
    const Status status = rewrite_.write(env);
    ExpectWhole(disk, status);
    ExpectNoLeftovers(disk);
  }

  void CrashAt(int64_t call, Random* survivors, uint64_t seed = 0) {
    SCOPED_TRACE(StrCat("crash at call ", call, survivors ? StrCat(", survivors ", seed) : ""));
    MemoryEnv disk;
    rewrite_.prepare(disk);
    FaultEnv env(disk, {.crash_at = call, .seed = seed});
    const Status status = rewrite_.write(env);
    ExpectWhole(disk, status);  // the process alone ended
    disk.Crash(survivors);
    ExpectWhole(disk, status);  // the machine did
  }

  void SmallDisks() {
    MemoryEnv sized;
    rewrite_.prepare(sized);
    const uint64_t before = uint64_t{1} << 60;
    sized.SetCapacity(before);
    const uint64_t used = before - *sized.SpaceLeft("/");
    int refusals = 0;
    for (uint64_t room = 0;; room = room * 2 + 1) {
      SCOPED_TRACE(StrCat("a disk with ", room, " bytes left"));
      MemoryEnv disk;
      rewrite_.prepare(disk);
      disk.SetCapacity(used + room);
      const Status status = rewrite_.write(disk);
      ExpectWhole(disk, status);
      ExpectNoLeftovers(disk);
      if (status.ok()) break;
      ++refusals;
      EXPECT_TRUE(IsOld(disk));
      EXPECT_EQ(status.code(), StatusCode::kExhausted);
      EXPECT_EQ(status.reason(), "disk_full");
      if (testing::Test::HasFailure()) break;
    }
    EXPECT_GT(refusals, 0);
  }

  const Rewrite& rewrite_;
};

}  // namespace

void CheckRewrite(const Rewrite& rewrite) { Check(rewrite).Run(); }

}  // namespace pano
