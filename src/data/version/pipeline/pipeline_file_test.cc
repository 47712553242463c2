#include "data/version/pipeline/pipeline_file.h"

#include <gtest/gtest.h>

#include <map>
#include <string>

namespace pano::pipeline {
namespace {

using Files = std::map<std::string, std::string>;

Result<std::vector<Stage>> Parse(const std::string& text, const Files& files = {},
                                 const std::string& file = "dvc.yaml") {
  return ParsePipeline(text, file, "/repo",
                       [&files](const std::string& path) -> Result<std::string> {
                         const auto found = files.find(path);
                         if (found == files.end()) return NotFound(path);
                         return found->second;
                       });
}

std::string Failure(const std::string& text, const Files& files = {}) {
  const auto stages = Parse(text, files);
  EXPECT_FALSE(stages.ok()) << text;
  return stages.ok() ? "" : stages.error().message();
}

TEST(PipelineFile, ReadsAStage) {
  const auto stages = Parse(
      "stages:\n  count:\n    wdir: w\n    cmd: [a, 'b ']\n    deps: [../x, y/]\n    params: [lr, "
      "other.json: [s, s], conf.toml:]\n"
      "    outs:\n    - parts:\n        persist: true\n        cache: false\n    metrics: [m.json: "
      "{cache: false}]\n    plots:\n    - p.csv: {x: a, y: b}\n"
      "    frozen: true\n    always_changed: true\n    desc: words\n    meta: {anything: [1]}\n",
      {}, "sub/dvc.yaml");
  ASSERT_TRUE(stages.ok()) << stages.error().message();
  ASSERT_EQ(stages->size(), 1u);
  const Stage& stage = stages->front();
  EXPECT_EQ(stage.Address(), "sub/dvc.yaml:count");
  EXPECT_EQ(stage.folder, "sub/w");
  EXPECT_EQ(json::Dump(stage.cmd), R"(["a","b "])");
  EXPECT_EQ(stage.deps[0].path, "sub/x");
  EXPECT_EQ(stage.deps[0].written, "../x");
  EXPECT_EQ(stage.deps[1].path, "sub/w/y");
  ASSERT_EQ(stage.params.size(), 3u);
  EXPECT_EQ(stage.params[0].file.path, "sub/w/params.yaml");
  EXPECT_EQ(stage.params[1].file.written, "conf.toml");
  EXPECT_TRUE(stage.params[1].keys.empty());
  EXPECT_EQ(stage.params[2].keys, std::vector<std::string>{"s"});
  ASSERT_EQ(stage.outs.size(), 3u);
  EXPECT_TRUE(stage.outs[0].persist && !stage.outs[0].cache);
  EXPECT_EQ(stage.outs[1].kind, StageOut::Kind::kMetric);
  EXPECT_EQ(stage.outs[2].kind, StageOut::Kind::kPlot);
  EXPECT_TRUE(stage.frozen && stage.always_changed);
  EXPECT_EQ(stage.line, 2);
}

TEST(PipelineFile, UnrollsLoops) {
  const Files files = {
      {"params.yaml", "models:\n  small: {n: 1}\n  big: {n: 5}\nlangs: [en, zh]\n"},
      {"more.yaml", "base: out\n"}};
  const auto stages = Parse(
      "vars:\n- more.yaml\n- num: 3\nstages:\n"
      "  l:\n    foreach: ${langs}\n    do: {cmd: 'x ${num} ${base}.${item}', outs: "
      "['${base}.${item}']}\n"
      "  m:\n    foreach: ${models}\n    do: {cmd: 'x ${key} ${item.n}', params: "
      "['models.${key}.n']}\n"
      "  c:\n    foreach: [{a: 1}, {a: 2}]\n    do: {cmd: 'x ${item.a}'}\n"
      "  g:\n    matrix: {m: [one, {q: 1}], k: '${langs}'}\n    cmd: x ${item.k}\n"
      "  o:\n    vars: [w: mine]\n    cmd: x ${w}\n",
      files);
  ASSERT_TRUE(stages.ok()) << stages.error().message();
  std::string names;
  for (const Stage& stage : *stages) names += stage.name + ":" + stage.cmd.as_string() + "\n";
  EXPECT_EQ(names,
            "l@en:x 3 out.en\nl@zh:x 3 out.zh\nm@small:x small 1\nm@big:x big 5\nc@0:x 1\nc@1:x 2\n"
            "g@one-en:x en\ng@one-zh:x zh\ng@m1-en:x en\ng@m1-zh:x zh\no:x mine\n");
  EXPECT_TRUE(NameMatches("g@one-en", "g"));
  EXPECT_FALSE(NameMatches("gg", "g"));
}

TEST(PipelineFile, FailuresNameFileLineAndStage) {
  EXPECT_EQ(Failure("stages:\n  a:\n    outs: [x]\n"), "dvc.yaml:2: stage 'a': 'cmd' is missing");
  EXPECT_EQ(Failure("stages:\n  a:\n    cmd: echo ${nope}\n"),
            "dvc.yaml:3: stage 'a': cmd: could not find 'nope'");
  EXPECT_EQ(Failure("stages:\n  a:\n    cmd: x\n    oust: [y]\n"),
            "dvc.yaml:4: stage 'a': 'oust' is not known");
  EXPECT_EQ(Failure("stages:\n  a:\n    cmd: x\n    deps: y\n"),
            "dvc.yaml:4: stage 'a': 'deps' is a string, not a list");
  EXPECT_EQ(Failure("stages:\n  a:\n    cmd: x\n    outs: [../y]\n"),
            "dvc.yaml:4: stage 'a': the output '../y' is outside of the repository");
  EXPECT_EQ(Failure("stages:\n  a:\n    cmd: x\n    deps: [y]\n    outs: [./y]\n"),
            "dvc.yaml:2: stage 'a': './y' is an output twice, or a dependency and an output");
  EXPECT_EQ(Failure("[1]\n"), "dvc.yaml: is a array, not a mapping with 'stages'");
  EXPECT_EQ(Failure("stages:\n  a@b: {cmd: x}\n"),
            "dvc.yaml:2: 'a@b' is no name of a stage: letters, digits, '_' and '-'");
  EXPECT_NE(Failure("stages: [\n").find("dvc.yaml: line"), std::string::npos);
  EXPECT_NE(Failure("vars: [none.yaml]\nstages: {}\n").find("'none.yaml' does not exist"),
            std::string::npos);
  EXPECT_NE(Failure("vars: [a: 1, a: 2]\n").find("cannot redefine 'a'"), std::string::npos);
  EXPECT_NE(
      Failure("stages:\n  a:\n    foreach: 3\n    do: {cmd: x}\n").find("foreach is a integer"),
      std::string::npos);
  EXPECT_NE(Failure("stages:\n  a:\n    wdir: ../..\n    cmd: x\n").find("wdir"),
            std::string::npos);
  EXPECT_NE(Failure("vars: [../../etc/x.yaml]\n").find("dvc.yaml:1"), std::string::npos);
}

TEST(PipelineFile, ProductsAreBounded) {
  std::string list = "[0";
  for (int i = 1; i < 300; ++i) list += "," + std::to_string(i);
  list += "]";
  EXPECT_NE(Failure("stages:\n  a:\n    matrix: {x: " + list + ", y: " + list + ", z: " + list +
                    "}\n    cmd: x\n")
                .find("more than 10000 stages"),
            std::string::npos);
}

}  // namespace
}  // namespace pano::pipeline
