#include <cstdio>

#include "base/env.h"
#include "model/tokenizer/formats/load.h"
#include "model/train/answers.h"
#include "model/train/model_folder.h"
#include "model/train/torch_threads.h"
#include "pano/train/commands.h"

namespace pano::train {
namespace {

Status WriteAnswers(const std::string& model, const std::string& text_path,
                    const std::vector<std::string>& prompts, const std::string& out) {
  PANO_ASSIGN_OR_RETURN(TransformerModule module, ReadModelFolder(model));
  PANO_ASSIGN_OR_RETURN(tokenizer::TokenizerPtr tokenizer, tokenizer::LoadTokenizer(model));
  PANO_ASSIGN_OR_RETURN(std::string text, ReadFile(text_path, 1 << 20));
  PANO_ASSIGN_OR_RETURN(json::Value answers, KnownAnswers(module, *tokenizer, prompts, text));
  answers.Set("text", BaseName(text_path));
  std::string dump = json::Dump(answers, {.indent = 1}) + "\n";
  if (!out.empty()) return WriteFile(out, dump);
  std::fputs(dump.c_str(), stdout);
  return OkStatus();
}

}  // namespace

int RunAnswers(const cli::Command& self, cli::Args args) {
  std::string model, text, out;
  std::vector<std::string> prompts;
  OptionSet set;
  set.String("model", &model, "Folder of the model", "DIR")
      .String("text", &text, "Text whose perplexity is measured", "FILE")
      .Strings("prompt", &prompts, "Prompts to continue")
      .String("out", &out, "File to write (default: print)", "FILE");
  if (const auto code = cli::Parse(self, set, args)) return *code;
  if (model.empty() || text.empty()) return cli::FailUsage(self, "--model and --text are needed");
  SetTorchThreads(1);
  Status status = WriteAnswers(model, text, prompts, out);
  return status.ok() ? 0 : cli::Fail(self, status);
}

}  // namespace pano::train
