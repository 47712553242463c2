#include <cstdio>

#include "base/env.h"
#include "base/json.h"
#include "base/strings.h"
#include "model/train/bpe_trainer.h"
#include "model/train/dataset.h"
#include "pano/train/commands.h"

namespace pano::train {

int RunNgram(const cli::Command& self, cli::Args args) {
  std::string recipe_path, held_out_path, unit = "both";
  std::vector<std::string> data_paths;
  int64_t order = 5;
  bool as_json = false;
  OptionSet set;
  set.String("recipe", &recipe_path, "Whose text to measure: a YAML file", "FILE")
      .Strings("data", &data_paths, "Text files instead of those that the recipe names", "FILE")
      .Int("order", &order, 1, 12, "Symbols in an n-gram")
      .Choice("unit", &unit, {"byte", "token", "both"}, "What a symbol is")
      .String("held-out", &held_out_path,
              "Where to write the text that is held out, each story with its end token", "FILE")
      .Flag("json", &as_json, "Print JSON");
  if (const auto code = cli::Parse(self, set, args)) return *code;
  if (recipe_path.empty()) return cli::FailUsage(self, "--recipe FILE is missing");

  Result<LmRecipe> recipe = LoadLmRecipe(recipe_path);
  if (!recipe.ok()) return cli::Fail(self, recipe.error());
  Result<Dataset> data = LoadDataset(*recipe, data_paths);
  if (!data.ok()) return cli::Fail(self, data.error());
  if (data->stories.held_out_bytes == 0)
    return cli::Fail(self, InvalidArgument("nothing is held out"));
  if (!held_out_path.empty()) {
    std::string text;
    for (const std::string& story : data->stories.held_out) text += StrCat(story, kEndToken);
    if (Status status = WriteFile(held_out_path, text); !status.ok()) {
      return cli::Fail(self, status);
    }
  }
  json::Value out;
  out.Set("order", order);
  out.Set("held_out_bytes", static_cast<int64_t>(data->stories.held_out_bytes));
  if (unit != "token") out.Set("byte", ByteNgramBitsPerByte(*data, static_cast<int>(order)));
  if (unit != "byte") out.Set("token", TokenNgramBitsPerByte(*data, static_cast<int>(order)));
  if (as_json) {
    std::printf("%s\n", json::Dump(out).c_str());
    return 0;
  }
  for (const char* name : {"byte", "token"}) {
    if (const json::Value* bits = out.Find(name)) {
      std::printf("%ld-gram of %ss: %.4f bits/byte on held-out text\n", static_cast<long>(order),
                  name, bits->as_double());
    }
  }
  return 0;
}

}  // namespace pano::train
