#include "model/train/parallel/tree_sum.h"

#include <algorithm>

#include "base/check.h"
#include "base/strings.h"
#include "model/train/parallel/exchange.h"

namespace pano::train {
namespace {

void AddTo(std::vector<float>& to, const std::vector<float>& more) {
  PANO_CHECK(to.size() == more.size());
  for (size_t i = 0; i < to.size(); ++i) to[i] += more[i];
}

// Values that go in one message: bounds what Combine holds beside the sums.
constexpr size_t kPiece = size_t{1} << 20;

}  // namespace

// Partners are the halves of an aligned block: [k * 2n, k * 2n + n) and the n behind it.
void TreeSum::Push(Node node) {
  while (!nodes_.empty()) {
    Node& left = nodes_.back();
    const bool partners = left.length == node.length && left.begin + left.length == node.begin &&
                          left.begin % (2 * left.length) == 0;
    if (!partners) break;
    AddTo(left.sum, node.sum);
    left.length *= 2;
    node = std::move(left);
    nodes_.pop_back();
  }
  nodes_.push_back(std::move(node));
}

void TreeSum::Add(std::vector<float> unit) { Push({next_++, 1, std::move(unit)}); }

std::vector<float> TreeSum::Total() && {
  if (nodes_.empty()) return {};
  while (nodes_.size() > 1) {
    const std::vector<float> last = std::move(nodes_.back().sum);
    nodes_.pop_back();
    AddTo(nodes_.back().sum, last);
  }
  return std::move(nodes_.front().sum);
}

Result<std::vector<float>> TreeSum::Combine(TreeSum&& own, size_t count,
                                            collective::Communicator& group) {
  if (group.size() == 1) {
    std::vector<float> total = std::move(own).Total();
    total.resize(count);
    return total;
  }
  // What each member holds, by rank: begin and length of its nodes.
  std::string shape;
  for (const Node& node : own.nodes_) {
    PANO_CHECK(node.sum.size() == count);
    shape += StrCat(node.begin, " ", node.length, " ");
  }
  PANO_ASSIGN_OR_RETURN(const std::vector<std::string> shapes, GatherTexts(group, shape));
  std::vector<std::vector<std::pair<int64_t, int64_t>>> members;
  size_t most = 0;
  for (const std::string& text : shapes) {
    const std::vector<std::string_view> words = Split(text, ' ');
    auto& nodes = members.emplace_back();
    for (size_t i = 0; i + 1 < words.size(); i += 2) {
      nodes.emplace_back(ParseInt(words[i]).value_or(0), ParseInt(words[i + 1]).value_or(0));
    }
    most = std::max(most, nodes.size());
  }
  // A piece of all nodes of all members goes to everybody; each adds the same tree.
  std::vector<float> total(count);
  for (size_t at = 0; at < count; at += kPiece) {
    const size_t piece = std::min(kPiece, count - at);
    std::vector<std::vector<float>> gathered;  // [node number], of all ranks
    for (size_t k = 0; k < most; ++k) {
      std::vector<float> local(piece);
      if (k < own.nodes_.size()) {
        std::copy_n(own.nodes_[k].sum.begin() + static_cast<std::ptrdiff_t>(at), piece,
                    local.begin());
      }
      gathered.emplace_back(piece * members.size());
      PANO_RETURN_IF_ERROR(group.AllGather(local, gathered.back()));
    }
    TreeSum sum(0);
    for (size_t r = 0; r < members.size(); ++r) {
      for (size_t k = 0; k < members[r].size(); ++k) {
        const auto begin = gathered[k].begin() + static_cast<std::ptrdiff_t>(r * piece);
        sum.Push({members[r][k].first, members[r][k].second,
                  std::vector<float>(begin, begin + static_cast<std::ptrdiff_t>(piece))});
      }
    }
    const std::vector<float> values = std::move(sum).Total();
    std::copy(values.begin(), values.end(), total.begin() + static_cast<std::ptrdiff_t>(at));
  }
  return total;
}

}  // namespace pano::train
