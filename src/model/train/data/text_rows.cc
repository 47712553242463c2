#include "model/train/data/text_rows.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "base/strings.h"
#include "model/train/data/document_rows.h"
#include "model/train/data/encoded_text.h"
#include "model/train/data/line_files.h"
#include "model/train/data/line_formats.h"
#include "model/train/data/mask_rows.h"
#include "model/train/data/text_documents.h"

namespace pano::train {
namespace {

// Documents beyond this are tokenised in parts that begin after a line end.
constexpr size_t kPartBytes = size_t{4} << 20;

Result<json::Value> ParseObject(std::string_view line) {
  PANO_ASSIGN_OR_RETURN(json::Value value, json::Parse(line));
  if (!value.is_object()) return InvalidArgument("is no JSON object");
  return value;
}

// A row a line, made when it is read. Thread-compatible.
class LineRows : public RowSource {
 public:
  LineRows(LineFiles lines, std::unique_ptr<LineFormat> format, Task task, RowLimits limits)
      : lines_(std::move(lines)), format_(std::move(format)), task_(task), limits_(std::move(limits)) {}

  Status CheckAll() const {
    for (int64_t i = 0; i < lines_.size(); ++i) {
      PANO_ASSIGN_OR_RETURN(const json::Value value, ParseObject(lines_.Line(i)).Wrap(lines_.Place(i)));
      PANO_RETURN_IF_ERROR(format_->Check(value).Wrap(lines_.Place(i)));
      if (i % 4096 == 0) lines_.ForgetBefore(i);
    }
    return {};
  }

  int64_t size() const override { return lines_.size(); }
  Result<Row> Read(int64_t index) const override {
    PANO_ASSIGN_OR_RETURN(const json::Value value, ParseObject(lines_.Line(index)).Wrap(lines_.Place(index)));
    PANO_RETURN_IF_ERROR(format_->Check(value).Wrap(lines_.Place(index)));   // the file may have changed
    PANO_ASSIGN_OR_RETURN(Row row, format_->Make(value).Wrap(lines_.Place(index)));
    PANO_RETURN_IF_ERROR(CheckRow(row, task_, limits_).Wrap(lines_.Place(index)));
    return row;
  }
  std::string Version() const override { return lines_.version(); }

 private:
  const LineFiles lines_;
  const std::unique_ptr<LineFormat> format_;
  const Task task_;
  const RowLimits limits_;
};

Status CheckIds(const std::vector<int32_t>& ids, const RowLimits& limits) {
  for (int32_t id : ids) {
    if (id < 0 || id >= limits.vocab_size) {
      return InvalidArgument(StrCat("token ", id, " is not below ", limits.vocab_size,
                                    ", the model's vocabulary: the tokenizer is another one's"));
    }
  }
  return {};
}

// The ids of a document. What is written like a special token in it is that token.
Result<std::vector<int32_t>> EncodeDocument(const tokenizer::Tokenizer& tokenizer, std::string_view text) {
  std::vector<int32_t> out;
  for (size_t begin = 0; begin < text.size();) {
    size_t end = text.size();
    if (end - begin > kPartBytes) {
      const size_t newline = text.find('\n', begin + kPartBytes);
      end = newline == std::string_view::npos ? text.size() : newline + 1;
    }
    tokenizer::EncodeOptions options;
    options.add_special_tokens = false;
    PANO_ASSIGN_OR_RETURN(const std::vector<int32_t> ids, tokenizer.Encode(text.substr(begin, end - begin), options));
    out.insert(out.end(), ids.begin(), ids.end());
    begin = end;
  }
  return out;
}

Result<std::unique_ptr<RowSource>> OpenDocuments(const Recipe& recipe, const std::vector<std::string>& paths,
                                                 const TextRowOptions& options) {
  const bool masked = recipe.task == Task::kMaskedLm;
  int64_t length = std::min(recipe.data.length, options.limits.length_max);
  PANO_ASSIGN_OR_RETURN(const Surroundings around, SurroundingsOf(*options.tokenizer));
  if (masked) {
    length -= static_cast<int64_t>(around.size());
    if (length < 1) return InvalidArgument("leaves no room for text").WithField("data.length");
  }
  using Layout = DocumentRows::Layout;
  auto rows = std::make_unique<DocumentRows>(recipe.data.pack && !masked ? Layout::kPackCut : Layout::kCut, length);
  const auto take = [&](std::string_view text, const std::string& place) -> Status {
    PANO_ASSIGN_OR_RETURN(std::vector<int32_t> ids, EncodeDocument(*options.tokenizer, text).Wrap(place));
    if (!masked) {   // a text begins as the tokenizer begins one, and ends with the end token
      ids.insert(ids.begin(), around.before.begin(), around.before.end());
      if (const std::optional<int32_t> eos = options.tokenizer->eos()) ids.push_back(*eos);
    }
    PANO_RETURN_IF_ERROR(CheckIds(ids, options.limits).Wrap(place));
    return rows->Add(ids, {}).Wrap(place);
  };
  PANO_ASSIGN_OR_RETURN(std::string version, ForEachDocument(paths, take));
  rows->Finish(std::move(version));
  if (rows->size() == 0) return InvalidArgument(StrCat(paths.empty() ? "?" : paths[0], ": has no text"));
  if (!masked) return std::unique_ptr<RowSource>(std::move(rows));
  Result<RowMasker> masker =
      RowMasker::Create(*options.tokenizer, recipe.masked_lm.probability, static_cast<uint64_t>(recipe.seed));
  if (!masker.ok()) return masker.error().WithField("data.tokenizer");
  return MaskRows(std::move(rows), *std::move(masker), around.before, around.behind);
}

Result<std::unique_ptr<RowSource>> OpenChats(const Recipe& recipe, const std::vector<std::string>& paths,
                                             const TextRowOptions& options) {
  PANO_ASSIGN_OR_RETURN(const std::unique_ptr<LineFormat> format, ChatFormat(recipe, options));
  PANO_ASSIGN_OR_RETURN(const LineFiles lines, LineFiles::Open(paths));
  using Layout = DocumentRows::Layout;
  auto rows = std::make_unique<DocumentRows>(recipe.data.pack ? Layout::kPackWhole : Layout::kCutShort,
                                             std::min(recipe.data.length, options.limits.length_max));
  for (int64_t i = 0; i < lines.size(); ++i) {
    const std::string place = lines.Place(i);
    PANO_ASSIGN_OR_RETURN(const json::Value value, ParseObject(lines.Line(i)).Wrap(place));
    PANO_RETURN_IF_ERROR(format->Check(value).Wrap(place));
    PANO_ASSIGN_OR_RETURN(const Row row, format->Make(value).Wrap(place));
    PANO_RETURN_IF_ERROR(CheckIds(row.sequences[0].input_ids, options.limits).Wrap(place));
    PANO_RETURN_IF_ERROR(rows->Add(row.sequences[0].input_ids, row.sequences[0].labels).Wrap(place));
    if (i % 4096 == 0) lines.ForgetBefore(i);
  }
  rows->Finish(lines.version());
  if (rows->size() == 0) return InvalidArgument(StrCat(paths[0], ": its conversations have no tokens"));
  return std::unique_ptr<RowSource>(std::move(rows));
}

Result<std::unique_ptr<LineFormat>> FormatOf(const Recipe& recipe, const TextRowOptions& options) {
  switch (recipe.data.format) {
    case DataFormat::kChat: return ChatFormat(recipe, options);
    case DataFormat::kPreference: return PreferenceFormat(recipe, options);
    case DataFormat::kLabelled: return LabelledFormat(recipe, options);
    case DataFormat::kPairs: return PairsFormat(recipe, options);
    case DataFormat::kText:
    case DataFormat::kTokens: break;
  }
  return InvalidArgument("data of this format has no lines");
}

}  // namespace

Result<std::unique_ptr<RowSource>> OpenTextRows(const Recipe& recipe, const std::vector<std::string>& paths,
                                                const TextRowOptions& options) {
  if (recipe.data.format == DataFormat::kText) return OpenDocuments(recipe, paths, options);
  if (recipe.data.format == DataFormat::kChat) return OpenChats(recipe, paths, options);
  PANO_ASSIGN_OR_RETURN(std::unique_ptr<LineFormat> format, FormatOf(recipe, options));
  PANO_ASSIGN_OR_RETURN(LineFiles lines, LineFiles::Open(paths));
  auto rows = std::make_unique<LineRows>(std::move(lines), std::move(format), recipe.task, options.limits);
  PANO_RETURN_IF_ERROR(rows->CheckAll());
  return std::unique_ptr<RowSource>(std::move(rows));
}

Result<Row> ParseTextLine(std::string_view line, const Recipe& recipe, const TextRowOptions& options) {
  PANO_ASSIGN_OR_RETURN(const std::unique_ptr<LineFormat> format, FormatOf(recipe, options));
  PANO_ASSIGN_OR_RETURN(const json::Value value, ParseObject(line));
  PANO_RETURN_IF_ERROR(format->Check(value));
  PANO_ASSIGN_OR_RETURN(Row row, format->Make(value));
  PANO_RETURN_IF_ERROR(CheckRow(row, recipe.task, options.limits));
  return row;
}

}  // namespace pano::train
