#include "model/grammar/regex/dfa.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "base/check.h"
#include "base/utf8.h"

namespace pano::grammar {
namespace {

constexpr uint32_t kNone = std::numeric_limits<uint32_t>::max();

// Which states reach an accepting one.
std::vector<uint8_t> Productive(const std::vector<Dfa::State>& states) {
  // Edges backwards, as one array by target.
  std::vector<uint32_t> offsets(states.size() + 1);
  for (const Dfa::State& state : states) {
    for (const Dfa::Edge& edge : state.edges) ++offsets[edge.target + 1];
  }
  for (size_t i = 1; i < offsets.size(); ++i) offsets[i] += offsets[i - 1];
  std::vector<uint32_t> sources(offsets.back());
  std::vector<uint32_t> next(offsets.begin(), offsets.end() - 1);
  std::vector<uint8_t> productive(states.size());
  std::vector<uint32_t> queue;
  for (uint32_t i = 0; i < states.size(); ++i) {
    for (const Dfa::Edge& edge : states[i].edges) sources[next[edge.target]++] = i;
    if (states[i].accepting) {
      productive[i] = 1;
      queue.push_back(i);
    }
  }
  while (!queue.empty()) {
    const uint32_t state = queue.back();
    queue.pop_back();
    for (uint32_t at = offsets[state]; at < offsets[state + 1]; ++at) {
      if (productive[sources[at]]) continue;
      productive[sources[at]] = 1;
      queue.push_back(sources[at]);
    }
  }
  return productive;
}

void SortAndMerge(std::vector<Dfa::Edge>& edges) {
  std::sort(edges.begin(), edges.end(),
            [](const Dfa::Edge& a, const Dfa::Edge& b) { return a.first < b.first; });
  size_t kept = 0;
  for (const Dfa::Edge& edge : edges) {
    if (kept > 0 && edges[kept - 1].target == edge.target &&
        edges[kept - 1].last + 1 == edge.first) {
      edges[kept - 1].last = edge.last;
    } else {
      edges[kept++] = edge;
    }
  }
  edges.resize(kept);
}

// From the longest way to an end; nothing where there is a cycle.
std::optional<std::vector<size_t>> LongestFrom(const Dfa& dfa) {
  const size_t count = dfa.state_count();
  std::vector<uint8_t> mark(count);  // 1: on the path, 2: done
  std::vector<size_t> longest(count);
  std::vector<std::pair<uint32_t, size_t>> path = {{0, 0}};
  mark[0] = 1;
  while (!path.empty()) {
    const uint32_t state = path.back().first;
    const auto edges = dfa.edges(state);
    if (path.back().second == edges.size()) {
      for (const Dfa::Edge& edge : edges) {
        longest[state] = std::max(longest[state], longest[edge.target] + 1);
      }
      mark[state] = 2;
      path.pop_back();
      continue;
    }
    const uint32_t target = edges[path.back().second++].target;
    if (mark[target] == 1) return std::nullopt;
    if (mark[target] == 0) {
      mark[target] = 1;
      path.emplace_back(target, 0);
    }
  }
  return longest;
}

}  // namespace

Dfa::Dfa(std::vector<State> states) {
  if (states.empty()) return;
  const std::vector<uint8_t> productive = Productive(states);
  if (!productive[0]) return;
  auto data = std::make_shared<Data>();
  std::vector<uint32_t> number(states.size(), kNone);
  std::vector<uint32_t> order = {0};
  number[0] = 0;
  for (size_t at = 0; at < order.size(); ++at) {
    State& state = states[order[at]];
    std::erase_if(state.edges, [&](const Edge& edge) { return !productive[edge.target]; });
    SortAndMerge(state.edges);
    data->offsets.push_back(static_cast<uint32_t>(data->edges.size()));
    data->accepting.push_back(state.accepting ? 1 : 0);
    for (Edge edge : state.edges) {
      if (number[edge.target] == kNone) {
        number[edge.target] = static_cast<uint32_t>(order.size());
        order.push_back(edge.target);
      }
      edge.target = number[edge.target];
      data->edges.push_back(edge);
    }
  }
  data->offsets.push_back(static_cast<uint32_t>(data->edges.size()));
  data_ = std::move(data);
}

const Dfa& Dfa::Any() {
  static const Dfa any = OfLength(0, std::nullopt);
  return any;
}

const Dfa& Dfa::EmptyText() {
  static const Dfa empty_text = OfLength(0, 0);
  return empty_text;
}

Dfa Dfa::OfLength(size_t min, std::optional<size_t> max) {
  if (max && *max < min) return {};
  std::vector<State> states(max.value_or(min) + 1);
  for (size_t i = 0; i < states.size(); ++i) {
    states[i].accepting = i >= min;
    const bool last = i + 1 == states.size();
    if (last && max) break;
    const auto target = static_cast<uint32_t>(last ? i : i + 1);
    for (const CharRange& range : CharSet::Any().ranges()) {
      states[i].edges.push_back({range.first, range.last, target});
    }
  }
  return Dfa(std::move(states));
}

Dfa Dfa::Of(std::vector<std::string> texts) {
  std::sort(texts.begin(), texts.end());  // bytes of UTF-8 sort as code points do
  texts.erase(std::unique(texts.begin(), texts.end()), texts.end());
  if (texts.empty()) return {};
  std::vector<State> states(1);
  std::vector<uint32_t> path = {0};  // the states of the last text
  std::vector<char32_t> last;
  for (const std::string& text : texts) {
    std::vector<char32_t> letters;
    for (std::string_view rest = text; !rest.empty();) {
      const size_t length = Utf8Length(rest);
      PANO_CHECK(length > 0);
      letters.push_back(Utf8Decode(rest, length));
      rest.remove_prefix(length);
    }
    size_t same = 0;
    while (same < letters.size() && same < last.size() && letters[same] == last[same]) ++same;
    path.resize(same + 1);
    for (size_t i = same; i < letters.size(); ++i) {
      const auto target = static_cast<uint32_t>(states.size());
      states[path.back()].edges.push_back({letters[i], letters[i], target});
      states.emplace_back();
      path.push_back(target);
    }
    states[path.back()].accepting = true;
    last = std::move(letters);
  }
  return Minimize(Dfa(std::move(states)), std::numeric_limits<uint64_t>::max());
}

bool Dfa::universal(uint32_t state) const {
  if (!accepting(state)) return false;
  const auto out = edges(state);
  const std::vector<CharRange>& all = CharSet::Any().ranges();
  if (out.size() != all.size()) return false;
  for (size_t i = 0; i < all.size(); ++i) {
    if (out[i] != Edge{all[i].first, all[i].last, state}) return false;
  }
  return true;
}

std::optional<uint32_t> Dfa::Next(uint32_t state, char32_t letter) const {
  const auto out = edges(state);
  const auto after =
      std::upper_bound(out.begin(), out.end(), letter,
                       [](char32_t value, const Edge& e) { return value < e.first; });
  if (after == out.begin()) return std::nullopt;
  const Edge& edge = *std::prev(after);
  if (letter > edge.last) return std::nullopt;
  return edge.target;
}

bool Dfa::Accepts(std::string_view utf8) const {
  if (empty()) return false;
  uint32_t state = 0;
  while (!utf8.empty()) {
    const size_t length = Utf8Length(utf8);
    if (length == 0) return false;
    const std::optional<uint32_t> next = Next(state, Utf8Decode(utf8, length));
    if (!next) return false;
    state = *next;
    utf8.remove_prefix(length);
  }
  return accepting(state);
}

size_t Dfa::ShortestLength() const {
  PANO_CHECK(!empty());
  std::vector<size_t> distance(state_count(), std::numeric_limits<size_t>::max());
  std::vector<uint32_t> queue = {0};
  distance[0] = 0;
  for (size_t at = 0; at < queue.size(); ++at) {
    if (accepting(queue[at])) return distance[queue[at]];
    for (const Edge& edge : edges(queue[at])) {
      if (distance[edge.target] != std::numeric_limits<size_t>::max()) continue;
      distance[edge.target] = distance[queue[at]] + 1;
      queue.push_back(edge.target);
    }
  }
  PANO_CHECK(false);  // trimmed: some state accepts
  return 0;
}

std::optional<size_t> Dfa::LongestLength() const {
  if (empty()) return 0;
  const std::optional<std::vector<size_t>> longest = LongestFrom(*this);
  if (!longest) return std::nullopt;
  return (*longest)[0];
}

std::optional<std::vector<std::string>> Dfa::Texts(size_t limit) const {
  std::vector<std::string> texts;
  if (empty()) return texts;
  if (!LongestLength()) return std::nullopt;
  std::vector<std::pair<uint32_t, std::string>> queue = {{0, ""}};
  // Every state reaches an end, so more open beginnings than `limit` mean more texts than that.
  for (size_t at = 0; at < queue.size(); ++at) {
    const auto [state, text] = queue[at];
    if (accepting(state)) texts.push_back(text);
    size_t open = queue.size() - at;
    for (const Edge& edge : edges(state)) {
      open += edge.last - edge.first + 1;
      if (open > limit + 1) return std::nullopt;
      for (char32_t c = edge.first; c <= edge.last; ++c) {
        std::string longer = text;
        Utf8Append(longer, c);
        queue.emplace_back(edge.target, std::move(longer));
      }
    }
    if (texts.size() > limit) return std::nullopt;
  }
  std::sort(texts.begin(), texts.end());
  return texts;
}

}  // namespace pano::grammar
