#include "model/train/data/token_places.h"

#include <algorithm>
#include <optional>
#include <string>

#include "base/strings.h"

namespace pano::train {
namespace {

using tokenizer::ByteRange;

// Where the tokens' bytes are the text's bytes, as byte-level vocabularies have it.
std::optional<std::vector<ByteRange>> PlacesByBytes(const tokenizer::Tokenizer& tokenizer,
                                                    std::string_view text, const std::vector<int32_t>& ids) {
  std::vector<ByteRange> places;
  size_t at = 0;
  for (int32_t id : ids) {
    const std::string bytes = tokenizer.Bytes(id);
    if (text.substr(at, bytes.size()) != bytes) return std::nullopt;
    places.push_back({at, at + bytes.size()});
    at += bytes.size();
  }
  if (at != text.size()) return std::nullopt;
  return places;
}

// Where decoding gives the text back but for a space that the tokenizer puts in front by itself.
// Tokens that only together are a character share it.
std::optional<std::vector<ByteRange>> PlacesByDecoding(const tokenizer::Tokenizer& tokenizer,
                                                       std::string_view text,
                                                       const std::vector<int32_t>& ids) {
  const std::unique_ptr<tokenizer::StreamDecoder> stream = tokenizer.Stream(/*skip_special=*/false);
  std::vector<std::string> pieces;
  std::string whole;
  for (int32_t id : ids) whole += pieces.emplace_back(stream->Push(id));
  const std::string rest = stream->Flush();
  whole += rest;
  if (!pieces.empty()) pieces.back() += rest;
  // A space in front that the text has and its decoding lacks, or the other way about.
  size_t text_extra = 0, decoded_extra = 0;
  if (whole != text) {
    if (text.starts_with(' ') && whole == text.substr(1)) text_extra = 1;
    else if (whole.starts_with(' ') && std::string_view(whole).substr(1) == text) decoded_extra = 1;
    else return std::nullopt;
  }
  std::vector<ByteRange> places(ids.size());
  size_t at = 0, waiting = 0;
  for (size_t i = 0; i < ids.size(); ++i) {
    if (pieces[i].empty()) continue;   // shares what a later token completes
    const auto in_text = [&](size_t place) {
      return place + text_extra > decoded_extra ? place + text_extra - decoded_extra : 0;
    };
    const ByteRange range{in_text(at), in_text(at + pieces[i].size())};
    for (; waiting <= i; ++waiting) places[waiting] = range;
    at += pieces[i].size();
  }
  for (; waiting < ids.size(); ++waiting) places[waiting] = {text.size(), text.size()};
  return places;
}

}  // namespace

Result<PlacedTokens> EncodeWithPlaces(const tokenizer::Tokenizer& tokenizer, std::string_view text,
                                      const tokenizer::EncodeOptions& options) {
  PlacedTokens out;
  PANO_ASSIGN_OR_RETURN(out.ids, tokenizer.Encode(text, options));
  std::optional<std::vector<ByteRange>> places = PlacesByBytes(tokenizer, text, out.ids);
  if (!places) places = PlacesByDecoding(tokenizer, text, out.ids);
  if (!places) {
    return InvalidArgument(StrCat("the tokenizer does not give back the text that begins '",
                                  Printable(text.substr(0, 40)),
                                  "', so that the places of its tokens are not known"));
  }
  out.places = *std::move(places);
  return out;
}

std::vector<bool> Overlaps(const std::vector<ByteRange>& places, const std::vector<ByteRange>& ranges) {
  std::vector<bool> out(places.size(), false);
  size_t range = 0;
  for (size_t i = 0; i < places.size(); ++i) {
    // Tokens that share a character begin at one place, so that what ended before one has ended for all.
    while (range < ranges.size() && ranges[range].end <= places[i].begin) ++range;
    if (range == ranges.size()) break;
    out[i] = ranges[range].begin < places[i].end && places[i].begin < ranges[range].end;
  }
  return out;
}

Result<Surroundings> SurroundingsOf(const tokenizer::Tokenizer& tokenizer) {
  tokenizer::EncodeOptions with, without;
  without.add_special_tokens = false;
  PANO_ASSIGN_OR_RETURN(const std::vector<int32_t> all, tokenizer.Encode("a", with));
  PANO_ASSIGN_OR_RETURN(const std::vector<int32_t> text, tokenizer.Encode("a", without));
  Surroundings out;
  const auto at = std::search(all.begin(), all.end(), text.begin(), text.end());
  if (at == all.end()) return InvalidArgument("the tokenizer changes a text where it adds special tokens");
  out.before.assign(all.begin(), at);
  out.behind.assign(at + static_cast<std::ptrdiff_t>(text.size()), all.end());
  return out;
}

}  // namespace pano::train
