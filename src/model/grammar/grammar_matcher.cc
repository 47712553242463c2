#include "model/grammar/grammar_matcher.h"

#include <algorithm>
#include <bit>
#include <utility>
#include <vector>

#include "base/check.h"
#include "base/utf8.h"
#include "model/grammar/mask_cache.h"
#include "model/grammar/mask_computer.h"
#include "model/grammar/workspace.h"

namespace pano::grammar {
namespace {

// More items than this are walked together: each of their states is likely met once only.
constexpr size_t kItemsApart = 32;

}  // namespace

GrammarMatcher::GrammarMatcher(std::shared_ptr<const CompiledGrammar> compiled)
    : compiled_(std::move(compiled)) {
  WorkspacePool::Lease workspace(compiled_->workspaces());
  configuration_ = Configuration(*workspace, workspace->Start(), {});
  exceeded_ = workspace->exceeded();
}

bool GrammarMatcher::AcceptToken(int32_t id) {
  const std::string_view bytes = compiled_->table().Bytes(id);
  return !bytes.empty() && AcceptBytes(bytes);
}

bool GrammarMatcher::AcceptBytes(std::string_view bytes) {
  WorkspacePool::Lease workspace(compiled_->workspaces());
  if (configuration_.Advance(*workspace, bytes, configuration_)) return true;
  exceeded_ = exceeded_ || workspace->exceeded();
  return false;
}

Status GrammarMatcher::FillMask(std::span<uint32_t> bits) const {
  const TokenTable& table = compiled_->table();
  PANO_CHECK(bits.size() >= table.mask_words());
  std::fill(bits.begin(), bits.end(), 0);
  if (IsFinished()) return OkStatus();
  MaskCache& cache = compiled_->masks();
  if (const auto known = cache.FindFinished(configuration_.hash())) {
    known->CopyTo(bits);
    return OkStatus();
  }
  WorkspacePool::Lease workspace(compiled_->workspaces());
  workspace->LimitWork(Workspace::kMaskWorkMax);
  MaskComputer computer(*workspace, table, cache);
  if (configuration_.items().size() > kItemsApart) {
    computer.AddAll(configuration_.items(), bits);
  } else {
    for (const Item& item : configuration_.items()) {
      const std::shared_ptr<const StateMask> mask = computer.OfState(item.state);
      mask->AddTo(bits);
      computer.AddExits(item.frame, *mask, bits);
    }
  }
  if (workspace->exceeded()) {
    std::fill(bits.begin(), bits.end(), 0);
    return Status(StatusCode::kExhausted,
                  "[grammar] too ambiguous: what may come next takes too long to tell")
        .WithReason("grammar_too_large");
  }
  cache.KeepFinished(configuration_.hash(), std::make_shared<FinishedMask>(
                                                FinishedMask::Of(bits.first(table.mask_words()))));
  return OkStatus();
}

int32_t GrammarMatcher::ForcedToken() const {
  if (IsAccepting() || IsFinished()) return -1;
  std::vector<uint32_t> bits(compiled_->table().mask_words());
  if (!FillMask(bits).ok()) return -1;
  int32_t found = -1;
  for (size_t i = 0; i < bits.size(); ++i) {
    if (bits[i] == 0) continue;
    if (found >= 0 || !std::has_single_bit(bits[i])) return -1;
    found = static_cast<int32_t>(32 * i) + std::countr_zero(bits[i]);
  }
  return found;
}

std::string GrammarMatcher::ForcedBytes(size_t bytes_max) const {
  WorkspacePool::Lease workspace(compiled_->workspaces());
  const PushdownAutomaton& automaton = compiled_->grammar().automaton();
  Workspace::View view = workspace->Load(configuration_.items(), configuration_.accepting());
  std::string out;
  while (out.size() < bytes_max && !view.accepting && view.end > view.begin) {
    int only = -1;
    for (const Item& item : workspace->items(view)) {
      for (const PushdownAutomaton::ByteEdge& edge : automaton.EdgesOf(item.state)) {
        const bool other = only >= 0 && only != edge.first;
        if (edge.first != edge.last || other) {
          only = 256;
          break;
        }
        only = edge.first;
      }
      if (only == 256) break;
    }
    if (only == 256) break;
    view = workspace->Step(view, static_cast<uint8_t>(only));
    if (!view.alive()) break;
    out.push_back(static_cast<char>(only));
  }
  out.resize(out.size() - Utf8IncompleteTail(out));
  return out;
}

}  // namespace pano::grammar
