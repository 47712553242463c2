#include "model/train/model_card.h"

#include <cmath>
#include <cstdio>

#include "base/strings.h"

namespace pano::train {
namespace {

std::string Fixed(double value, int digits) {
  char buffer[64];
  std::snprintf(buffer, sizeof buffer, "%.*f", digits, value);
  return buffer;
}

std::string PercentBelow(double value, double baseline) {
  return StrCat(Fixed(100 * (1 - value / baseline), 1), " %");
}

// "1,234,567".
std::string Grouped(int64_t value) {
  std::string digits = StrCat(value);
  for (int64_t at = static_cast<int64_t>(digits.size()) - 3; at > 0; at -= 3) {
    digits.insert(static_cast<size_t>(at), ",");
  }
  return digits;
}
std::string Grouped(size_t value) { return Grouped(static_cast<int64_t>(value)); }

bool IsLlama(const ModelSpec& spec) { return spec.config.architecture == "llama"; }

std::string Title(const ModelSpec& spec) {
  return IsLlama(spec) ? "Llama" : spec.config.architecture;
}
std::string Architecture(const ModelSpec& spec) {
  return IsLlama(spec) ? "Llama: RMSNorm, rotary positions, grouped-query attention, SwiGLU, tied "
                         "embeddings"
                       : spec.config.architecture;
}

std::string ModelSection(const LmRecipe& recipe, const ModelSpec& spec) {
  const nn::ModelConfig& m = spec.config;
  return StrCat(
      "A small ", Title(spec),
      "-architecture language model that writes short stories in simple English, "
      "trained from "
      "random weights by `pano train`. It lets a fresh checkout serve a model at once and gives "
      "the tests a "
      "real one.\n\n"
      "| | |\n|---|---|\n| architecture | ",
      Architecture(spec), " |\n| parameters | ", Grouped(spec.parameter_count()),
      " |\n| layers, hidden, feed-forward | ", m.layer_count, ", ", m.hidden_size, ", ", m.ffn_size,
      " |\n| heads, key/value heads | ", m.head_count, ", ", m.kv_head_count, " |\n| vocabulary | ",
      Grouped(m.vocab_size),
      " (byte-level BPE, learnt from the training "
      "text) |\n| context | ",
      m.context_length, " tokens |\n| stored as | ", recipe.dtype,
      " |\n\n"
      "A text begins and ends with `<|endoftext|>`; the tokenizer adds the first by itself. It is "
      "a base model: "
      "give it the beginning of a story. It knows no chat and follows no instructions.\n");
}

std::string DataSection(const LmRecipe& recipe, const TrainingFigures& f) {
  std::string out =
      "\n## Data\n\n| file | bytes | SHA-256 | source | licence |\n|---|---|---|---|---|\n";
  for (const LmRecipe::File& file : recipe.files) {
    out += StrCat("| `", file.path, "` | ", Grouped(file.bytes), " | `", file.sha256, "` | ",
                  file.source, " | ", file.licence, " |\n");
  }
  out += StrCat(
      "\nThe text is cut into stories, of which a tenth, chosen by the recipe's seed, is held "
      "out: ",
      Grouped(f.train_stories), " stories (", Grouped(f.train_bytes), " bytes, ",
      Grouped(f.train_tokens), " tokens) to train on, ", Grouped(f.held_out_stories), " (",
      Grouped(f.held_out_bytes), " bytes, ", Grouped(f.held_out_tokens),
      " tokens) to measure on. The vocabulary saw the training stories only.\n");
  return out;
}

std::string FiguresSection(const TrainingFigures& f) {
  auto row = [&](const std::string& name, double bits) {
    return StrCat("| ", name, " | ", Fixed(bits, 4), " | ", PercentBelow(f.bits_per_byte, bits),
                  " |\n");
  };
  return StrCat(
      "\n## Held-out text\n\n| model | bits per byte | this model is below by |\n|---|---|---|\n"
      "| **this model, as stored** | **",
      Fixed(f.bits_per_byte, 4), "** | |\n",
      row(StrCat(f.ngram_order, "-gram of bytes"), f.byte_ngram_bits_per_byte),
      row(StrCat(f.ngram_order, "-gram of this model's tokens"), f.token_ngram_bits_per_byte),
      "\nBits per byte = all bits, those of each story's end included, over the bytes of the "
      "stories. Each story "
      "is scored by itself, in windows of the whole context that overlap by half. The baselines "
      "are interpolated "
      "modified Kneser-Ney models of the same training stories (`pano train ngram`). Perplexity "
      "per token: ",
      Fixed(f.perplexity_per_token, 2), ". The stored weights are those of step ",
      Grouped(f.best_step), " of ", Grouped(f.steps), " (", Fixed(f.epochs, 1),
      " passes over the text), which measured best on the held-out "
      "stories; that choice makes the figure slightly optimistic.\n");
}

std::string SamplesSection(const LmRecipe& recipe, const std::vector<WrittenSample>& samples) {
  std::string out =
      StrCat("\n## Samples\n\nUnedited, the first that came for each prompt and seed; temperature ",
             recipe.samples.temperature, ", top-p ", recipe.samples.top_p, ", at most ",
             recipe.samples.tokens, " tokens. The prompt is in bold.\n");
  for (const WrittenSample& s : samples) {
    out += StrCat("\n> **", s.prompt, "**");
    for (char c : s.text) c == '\n' ? out += "\n> " : out += c;
    out += StrCat(s.ended ? "" : " [...]", "\n>\n> (seed ", s.seed,
                  s.ended ? "" : ", cut at the limit", ")\n");
  }
  return out;
}

}  // namespace

std::string ModelCard(const LmRecipe& recipe, const ModelSpec& model, const TrainingFigures& figures,
                      const std::vector<WrittenSample>& samples) {
  return StrCat(
      "---\nlanguage: en\nlicense: apache-2.0\npipeline_tag: text-generation\n---\n\n# ",
      recipe.name, "\n\n", ModelSection(recipe, model), DataSection(recipe, figures),
      FiguresSection(figures), "\n## How it was made\n\n    pano train lm --recipe recipes/",
      recipe.name, ".yaml --out runs/", recipe.name, "\n\nwrites this folder to `runs/",
      recipe.name,
      "/model`. The recipe fixes every seed; a run on another "
      "machine or with another BLAS rounds differently and lands within 2 % of the figure above.\n",
      SamplesSection(recipe, samples),
      "\n## Limits\n\nThe model has seen under a megabyte of text written for small children. It "
      "loses the thread, "
      "mixes up who is who, repeats itself, knows nothing about the world and says untrue things. "
      "It is here to "
      "try and test the platform, not to be relied on.\n\nThe weights are under the project's "
      "licence; the text they "
      "were trained on stays under its own, named above, and is not part of the project.\n");
}

}  // namespace pano::train
