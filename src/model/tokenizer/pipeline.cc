#include "model/tokenizer/pipeline.h"

#include <algorithm>

#include "base/strings.h"
#include "base/utf8.h"
#include "model/tokenizer/stream_decoder.h"

namespace pano::tokenizer {
namespace {

constexpr size_t kTextBytesMax = 1ull << 30;   // positions fit int32 throughout
constexpr size_t kRewriteFactorMax = 64;       // see Pieces::bytes_max

// Ranges of a text, cut to one part of it after the other. Confined to one call.
class RangeCursor {
 public:
  explicit RangeCursor(std::span<const ByteRange> ranges) : ranges_(ranges) {}

  // Those in [begin, end), counted from begin. REQUIRES: parts come from left to right.
  std::vector<ByteRange> Within(size_t begin, size_t end) {
    while (first_ < ranges_.size() && ranges_[first_].end <= begin) ++first_;
    std::vector<ByteRange> inside;
    for (size_t i = first_; i < ranges_.size() && ranges_[i].begin < end; ++i) {
      const size_t from = std::max(ranges_[i].begin, begin);
      const size_t to = std::min(ranges_[i].end, end);
      if (from < to) inside.push_back({from - begin, to - begin});
    }
    return inside;
  }

 private:
  const std::span<const ByteRange> ranges_;
  size_t first_ = 0;   // those before end before the part
};

// Normalises `text`; `ranges` of it move along.
Status Normalize(const Normalizer& normalizer, std::string& text, std::vector<ByteRange>& ranges) {
  Boundaries places;
  places.reserve(2 * ranges.size());
  for (const ByteRange& range : ranges) {
    places.push_back(range.begin);
    places.push_back(range.end);
  }
  PANO_RETURN_IF_ERROR(normalizer.Apply(text, places.empty() ? nullptr : &places));
  ranges.clear();
  size_t last = 0;
  for (size_t i = 0; i + 1 < places.size(); i += 2) {
    // Two ranges inside of what became one thing overlap now.
    const size_t begin = std::max(places[i], last);
    if (begin < places[i + 1]) ranges.push_back({begin, last = places[i + 1]});
  }
  return {};
}

Status CheckRanges(std::span<const ByteRange> ranges, size_t text_size) {
  size_t last = 0;
  for (const ByteRange& range : ranges) {
    if (range.begin < last || range.end < range.begin || range.end > text_size) {
      return InvalidArgument("[tokenizer] plain ranges must be ascending, disjoint and inside the text");
    }
    last = range.end;
  }
  return {};
}

// Ill-formed parts become U+FFFD, between the ends of `ranges` one by one, so that those can move.
std::string Sanitize(std::string_view text, std::vector<ByteRange>& ranges) {
  std::string out;
  size_t done = 0;
  const auto advance = [&](size_t to) {
    out += Utf8Sanitize(text.substr(done, to - done));
    done = to;
    return out.size();
  };
  for (ByteRange& range : ranges) {
    range.begin = advance(range.begin);
    range.end = advance(range.end);
  }
  advance(text.size());
  return out;
}

}  // namespace

Result<TokenizerPtr> PipelineTokenizer::Create(PipelineParts parts) {
  std::shared_ptr<PipelineTokenizer> made(new PipelineTokenizer(std::move(parts)));
  const PipelineParts& p = made->parts_;
  if (p.pre_tokenizer) made->byte_level_ = ByteLevelEncoder::Join(*p.pre_tokenizer, *p.model);
  made->special_.resize(static_cast<size_t>(p.vocabulary->size()));
  for (const AddedToken& token : p.added) {
    if (token.special) made->special_[static_cast<size_t>(token.id)] = true;
    std::string key = token.content;
    if (token.normalized && p.normalizer) PANO_RETURN_IF_ERROR(p.normalizer->Apply(key));
    AddedTokenFinder& finder = token.normalized ? made->normalized_ : made->raw_;
    PANO_RETURN_IF_ERROR(finder.Add(token, key));
    if (key != token.content) made->rewritten_.emplace(token.id, std::move(key));
    if (token.special || !IsMarker(token)) continue;
    PANO_RETURN_IF_ERROR(made->shown_.Add({.id = token.id, .content = token.content}, token.content));
  }
  return TokenizerPtr(std::move(made));
}

Status PipelineTokenizer::EncodePiece(std::string_view piece, bool literal,
                                      std::vector<TokenId>& ids) const {
  return literal ? parts_.model->EncodePlain(piece, special_, ids) : parts_.model->Encode(piece, ids);
}

Status PipelineTokenizer::EncodePlain(std::string_view text, bool at_start, bool literal,
                                      std::vector<TokenId>& ids) const {
  if (text.empty()) return {};
  if (!parts_.pre_tokenizer) return EncodePiece(text, literal, ids);
  const size_t bytes_max = text.size() * kRewriteFactorMax + (1 << 16);
  if (byte_level_) return byte_level_->Encode(text, bytes_max, ids);
  Pieces pieces;
  pieces.list.push_back({text, at_start});
  pieces.bytes_max = bytes_max;
  PANO_RETURN_IF_ERROR(parts_.pre_tokenizer->Apply(pieces));
  for (const Pieces::Piece& piece : pieces.list) {
    PANO_RETURN_IF_ERROR(EncodePiece(piece.text, literal, ids));
  }
  return {};
}

Status PipelineTokenizer::EncodePart(std::string_view text, bool at_start, bool parse_special,
                                     std::span<const ByteRange> plain,
                                     std::vector<TokenId>& ids) const {
  const bool literal = !parse_special || !plain.empty();
  std::string normalized;
  std::vector<ByteRange> moved;
  if (parts_.normalizer) {
    normalized = text;
    if (normalized_.has_markers()) moved.assign(plain.begin(), plain.end());
    PANO_RETURN_IF_ERROR(Normalize(*parts_.normalizer, normalized, moved));
    text = normalized;
    plain = moved;
  }
  for (const Segment& segment : normalized_.Find(text, parse_special, plain)) {
    if (segment.id >= 0) {
      ids.push_back(segment.id);
    } else {
      PANO_RETURN_IF_ERROR(EncodePlain(text.substr(segment.begin, segment.end - segment.begin),
                                       at_start && segment.begin == 0, literal, ids));
    }
  }
  return {};
}

Status PipelineTokenizer::EncodeText(std::string_view text, const EncodeOptions& options,
                                     std::vector<TokenId>& ids) const {
  if (text.size() > kTextBytesMax) {
    return InvalidArgument(StrCat("[tokenizer] a text of ", text.size(), " bytes is too long"));
  }
  PANO_RETURN_IF_ERROR(CheckRanges(options.plain, text.size()));
  std::vector<ByteRange> plain(options.plain.begin(), options.plain.end());
  std::string sanitized;
  if (!Utf8Valid(text)) {
    sanitized = Sanitize(text, plain);
    text = sanitized;
  }
  ids.reserve(ids.size() + text.size() / 3 + 8);
  RangeCursor cursor(plain);
  for (const Segment& segment : raw_.Find(text, options.parse_special, plain)) {
    if (segment.id >= 0) {
      ids.push_back(segment.id);
      continue;
    }
    const std::vector<ByteRange> inside = cursor.Within(segment.begin, segment.end);
    PANO_RETURN_IF_ERROR(EncodePart(text.substr(segment.begin, segment.end - segment.begin),
                                    segment.begin == 0, options.parse_special, inside, ids));
  }
  return {};
}

Status PipelineTokenizer::EncodeSlots(std::string_view text, std::optional<std::string_view> second,
                                      const EncodeOptions& options, std::vector<TokenId>& ids,
                                      std::vector<int32_t>* type_ids) const {
  using Kind = PostProcessor::Slot::Kind;
  EncodeOptions second_options = options;
  second_options.plain = {};
  for (const PostProcessor::Slot& slot : second ? parts_.post_processor.pair : parts_.post_processor.single) {
    if (slot.kind == Kind::kFirst) {
      PANO_RETURN_IF_ERROR(EncodeText(text, options, ids));
    } else if (slot.kind == Kind::kSecond) {
      PANO_RETURN_IF_ERROR(EncodeText(*second, second_options, ids));
    } else if (options.add_special_tokens) {
      ids.push_back(slot.id);
    }
    if (type_ids != nullptr) type_ids->resize(ids.size(), slot.type_id);
  }
  return {};
}

Result<std::vector<TokenId>> PipelineTokenizer::Encode(std::string_view text,
                                                       const EncodeOptions& options) const {
  std::vector<TokenId> ids;
  PANO_RETURN_IF_ERROR(EncodeSlots(text, std::nullopt, options, ids, nullptr));
  return ids;
}

Result<Encoding> PipelineTokenizer::EncodePair(std::string_view text, std::optional<std::string_view> second,
                                               const EncodeOptions& options) const {
  Encoding encoding;
  PANO_RETURN_IF_ERROR(EncodeSlots(text, second, options, encoding.ids, &encoding.type_ids));
  return encoding;
}

std::vector<ByteRange> PipelineTokenizer::FindShownMarkers(std::string_view text) const {
  std::vector<ByteRange> places;
  for (const Segment& segment : shown_.Find(text, /*parse_special=*/true, {})) {
    if (segment.id >= 0) places.push_back({segment.begin, segment.end});
  }
  return places;
}

bool PipelineTokenizer::IsSpecial(TokenId id) const {
  return id >= 0 && id < vocab_size() && special_[static_cast<size_t>(id)];
}

Result<std::string> PipelineTokenizer::Decode(std::span<const TokenId> ids, bool skip_special) const {
  std::string text;
  Decoder::Run run(parts_.decoder, /*early=*/false);
  for (TokenId id : ids) {
    if (id < 0 || id >= vocab_size()) {
      return InvalidArgument(
          StrCat("[tokenizer] id ", id, " is outside the vocabulary of ", vocab_size()));
    }
    if (!parts_.vocabulary->Has(id) || (skip_special && IsSpecial(id))) continue;
    run.Push(DecoderPiece(id), text);
  }
  run.Flush(text);
  return Utf8Valid(text) ? text : Utf8Sanitize(text);
}

std::unique_ptr<StreamDecoder> PipelineTokenizer::Stream(bool skip_special) const {
  return MakeStreamDecoder(std::static_pointer_cast<const PipelineTokenizer>(shared_from_this()),
                           skip_special);
}

}  // namespace pano::tokenizer
