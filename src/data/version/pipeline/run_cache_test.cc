#include "data/version/pipeline/run_cache.h"

#include <gtest/gtest.h>

#include <string>

#include "data/version/pipeline/yaml_value.h"

namespace pano::pipeline {
namespace {

// A run that dvc 3.67.1 kept as
// runs/f7/f79c657f64a2ea0ed107833adc761cd7fd42b523c143f3605e0dfbe630f934d0/a408c1e341561f5a0dcba7541d01c710b6c759c6d662472ce80b1a20753a07ba.
constexpr char kRun[] =
    "cmd: test -e allowed && tr a-z A-Z < in.txt > out.txt && mkdir -p od && cp \n"
    "  in.txt od/x\n"
    "deps:\n- path: in.txt\n  hash: md5\n  md5: e124d49ad2ef5575931295b91514c357\n  size: 59\n"
    "params:\n  params.yaml:\n    a: 1\n"
    "outs:\n- path: od\n  hash: md5\n  md5: 0369e29c2eb960c68f8940d7f5730855.dir\n  size: 59\n  "
    "nfiles: 1\n"
    "- path: out.txt\n  hash: md5\n  md5: bc688fc8c7bf06167dbbe83dcc516511\n  size: 59\n";

LockedStage RunOfDvc() {
  const auto document = ParseYaml(kRun);
  EXPECT_TRUE(document.ok());
  auto stage = LockedStageOf(document->root);
  EXPECT_TRUE(stage.ok());
  return *stage;
}

TEST(RunCache, HashesAsDvcDoes) {
  EXPECT_EQ(RunCacheKey(RunOfDvc()), "f79c657f64a2ea0ed107833adc761cd7fd42b523c143f3605e0dfbe630f934d0");
  EXPECT_EQ(RunCacheValue(RunOfDvc()),
            "a408c1e341561f5a0dcba7541d01c710b6c759c6d662472ce80b1a20753a07ba");
}

TEST(RunCache, SortedJsonIsPythons) {
  const auto value =
      json::Parse("{\"b\":[1,1e-5,1e16,null,true],\"a\":{\"\\u00e9\":\"\\ud83d\\ude00\"}}");
  ASSERT_TRUE(value.ok());
  EXPECT_EQ(SortedJson(*value),
            "{\"a\": {\"\\u00e9\": \"\\ud83d\\ude00\"}, \"b\": [1, 1e-05, 1e+16, null, true]}");
}

TEST(RunCache, FindsWhatItSaved) {
  const std::string folder = ::testing::TempDir() + "/run_cache_test";
  ASSERT_TRUE(Env::Real().RemoveTree(folder).ok());
  const RunCache cache(folder, data::DataEnv::Real());
  LockedStage asked = RunOfDvc();
  for (LockedPath& out : asked.outs) out.id.reset();
  const auto none = cache.Find(asked);
  ASSERT_TRUE(none.ok() && !none->has_value());
  ASSERT_TRUE(cache.Save(RunOfDvc()).ok());
  const auto found = cache.Find(asked);
  ASSERT_TRUE(found.ok() && found->has_value());
  EXPECT_EQ(RunCacheValue(**found), RunCacheValue(RunOfDvc()));
  // An entry whose content is not what its name says is passed over.
  const std::string key = RunCacheKey(RunOfDvc());
  const std::string path =
      folder + "/runs/" + key.substr(0, 2) + "/" + key + "/" + RunCacheValue(RunOfDvc());
  std::string changed = kRun;
  changed.replace(changed.find("0369"), 4, "1369");
  ASSERT_TRUE(WriteFile(path, changed).ok());
  const auto after = cache.Find(asked);
  ASSERT_TRUE(after.ok());
  EXPECT_FALSE(after->has_value());
  ASSERT_TRUE(Env::Real().RemoveTree(folder).ok());
}

}  // namespace
}  // namespace pano::pipeline
