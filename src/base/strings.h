#pragma once

#include <charconv>
#include <concepts>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pano {

namespace internal {
inline void AppendPiece(std::string& out, std::string_view piece) { out.append(piece); }
inline void AppendPiece(std::string& out, const char* piece) { out.append(piece); }
inline void AppendPiece(std::string& out, const std::string& piece) { out.append(piece); }
inline void AppendPiece(std::string& out, char piece) { out.push_back(piece); }
inline void AppendPiece(std::string& out, bool piece) { out.append(piece ? "true" : "false"); }
template <typename T>
  requires(std::integral<T> || std::floating_point<T>)
void AppendPiece(std::string& out, T piece) {
  char buffer[64];
  auto [end, error] = std::to_chars(buffer, buffer + sizeof buffer, piece);
  if (error == std::errc()) out.append(buffer, end);
}
}  // namespace internal

// The pieces (text, numbers in their shortest exact form, bools) as one string.
template <typename... Pieces>
std::string StrCat(const Pieces&... pieces) {
  std::string out;
  (internal::AppendPiece(out, pieces), ...);
  return out;
}

// The parts of `text` between separators; "a,,b" has three parts, "" has one.
std::vector<std::string_view> Split(std::string_view text, char separator);

// `text` without white space (space, tab, CR, LF) at both ends.
std::string_view Trim(std::string_view text);

// ASCII only.
std::string ToLower(std::string_view text);

// The whole of `text` as a number, or nothing (also on overflow).
std::optional<int64_t> ParseInt(std::string_view text);
std::optional<double> ParseDouble(std::string_view text);

// For messages: `text` with control characters and invalid UTF-8 escaped, cut to `bytes_max`.
std::string Printable(std::string_view text, size_t bytes_max = 80);

}  // namespace pano
