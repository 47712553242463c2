#include "data/version/pipeline/stage_graph.h"

#include <algorithm>
#include <map>
#include <set>

#include "base/strings.h"

namespace pano::pipeline {
namespace {

constexpr size_t kTreeLinesMax = 10'000;

// Who makes a path; where a path lies in another that is made, and what lies in it. Confined to one
// call.
class Makers {
 public:
  Status Add(const std::vector<GraphNode>& nodes, size_t node, const std::string& path) {
    const auto [at, fresh] = makers_.emplace(path, node);
    if (!fresh) {
      return InvalidArgument(StrCat("output '", Printable(path, 200), "' is of ",
                                    nodes[at->second].name, " and of ", nodes[node].name));
    }
    return {};
  }

  Status CheckOverlaps(const std::vector<GraphNode>& nodes) const {
    for (const auto& [path, node] : makers_) {
      for (size_t slash = path.find('/'); slash != std::string::npos;
           slash = path.find('/', slash + 1)) {
        const auto outer = makers_.find(std::string_view(path).substr(0, slash));
        if (outer != makers_.end()) {
          return InvalidArgument(StrCat("output '", Printable(path, 200), "' of ", nodes[node].name,
                                        " lies in output '", Printable(outer->first, 200), "' of ",
                                        nodes[outer->second].name));
        }
      }
    }
    return {};
  }

  // Makers of `path`, of what it lies in, and of what lies in it.
  std::vector<size_t> Of(const std::string& path) const {
    std::vector<size_t> found;
    for (size_t slash = path.find('/'); slash != std::string::npos;
         slash = path.find('/', slash + 1)) {
      if (const auto at = makers_.find(std::string_view(path).substr(0, slash));
          at != makers_.end())
        found.push_back(at->second);
    }
    if (const auto at = makers_.find(path); at != makers_.end()) found.push_back(at->second);
    const std::string below = path + "/";
    for (auto at = makers_.lower_bound(below); at != makers_.end() && at->first.starts_with(below);
         ++at)
      found.push_back(at->second);
    return found;
  }

 private:
  std::map<std::string, size_t, std::less<>> makers_;
};

std::string DotQuoted(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + '"';
}

}  // namespace

Result<StageGraph> StageGraph::Build(std::vector<GraphNode> nodes) {
  StageGraph graph;
  graph.nodes_ = std::move(nodes);
  const size_t count = graph.nodes_.size();
  graph.needs_.resize(count);
  graph.needed_by_.resize(count);
  Makers makers;
  for (size_t i = 0; i < count; ++i) {
    for (const std::string& path : graph.nodes_[i].makes)
      PANO_RETURN_IF_ERROR(makers.Add(graph.nodes_, i, path));
  }
  PANO_RETURN_IF_ERROR(makers.CheckOverlaps(graph.nodes_));
  // The whole graph is checked, also where frozen nodes cut it.
  std::vector<std::vector<size_t>> all(count);
  for (size_t i = 0; i < count; ++i) {
    std::set<size_t> seen;
    for (const std::string& path : graph.nodes_[i].reads) {
      for (const size_t maker : makers.Of(path)) {
        if (seen.insert(maker).second) all[i].push_back(maker);
      }
    }
  }
  // Depth first, with a stack of our own: a chain of 10,000 stages is no reason to crash.
  std::vector<char> state(count);  // 1: on the way, 2: done
  for (size_t root = 0; root < count; ++root) {
    if (state[root] != 0) continue;
    std::vector<std::pair<size_t, size_t>> way{{root, 0}};
    state[root] = 1;
    while (!way.empty()) {
      auto& [node, next] = way.back();
      if (next == all[node].size()) {
        state[node] = 2;
        way.pop_back();
        continue;
      }
      const size_t to = all[node][next++];
      if (state[to] == 1) {
        std::string circle;
        bool on = false;
        for (const auto& [step, unused] : way) {
          on = on || step == to;
          if (on && circle.size() < 1000) circle += StrCat(graph.nodes_[step].name, " needs ");
        }
        return InvalidArgument(StrCat("stages form a circle: ", circle, graph.nodes_[to].name));
      }
      if (state[to] == 0) {
        state[to] = 1;
        way.emplace_back(to, 0);
      }
    }
  }
  for (size_t i = 0; i < count; ++i) {
    if (graph.nodes_[i].frozen) continue;
    graph.needs_[i] = std::move(all[i]);
    for (const size_t to : graph.needs_[i]) graph.needed_by_[to].push_back(i);
  }
  return graph;
}

std::vector<size_t> StageGraph::Order(const std::vector<size_t>& targets) const {
  std::vector<size_t> roots = targets;
  if (roots.empty()) {
    for (size_t i = 0; i < nodes_.size(); ++i) roots.push_back(i);
  }
  std::vector<size_t> order;
  std::vector<char> seen(nodes_.size());
  for (const size_t root : roots) {
    if (seen[root] != 0) continue;
    std::vector<std::pair<size_t, size_t>> way{{root, 0}};
    seen[root] = 1;
    while (!way.empty()) {
      auto& [node, next] = way.back();
      if (next == needs_[node].size()) {
        order.push_back(node);
        way.pop_back();
        continue;
      }
      const size_t to = needs_[node][next++];
      if (seen[to] == 0) {
        seen[to] = 1;
        way.emplace_back(to, 0);
      }
    }
  }
  return order;
}

std::vector<size_t> StageGraph::Downstream(const std::vector<size_t>& targets) const {
  std::vector<char> reached(nodes_.size());
  std::vector<size_t> queue = targets;
  for (const size_t target : targets) reached[target] = 1;
  while (!queue.empty()) {
    const size_t node = queue.back();
    queue.pop_back();
    for (const size_t to : needed_by_[node]) {
      if (reached[to] != 0) continue;
      reached[to] = 1;
      queue.push_back(to);
    }
  }
  std::vector<size_t> order = Order({});
  std::erase_if(order, [&](size_t node) { return reached[node] == 0; });
  return order;
}

std::string StageGraph::Dot(const std::vector<size_t>& chosen) const {
  const std::set<size_t> in(chosen.begin(), chosen.end());
  std::string out = "strict digraph {\n";
  for (const size_t node : chosen) out += StrCat(DotQuoted(nodes_[node].name), ";\n");
  for (const size_t node : chosen) {
    for (const size_t to : needs_[node]) {
      if (in.contains(to))
        out += StrCat(DotQuoted(nodes_[to].name), " -> ", DotQuoted(nodes_[node].name), ";\n");
    }
  }
  return out + "}\n";
}

std::string StageGraph::Mermaid(const std::vector<size_t>& chosen) const {
  std::map<size_t, size_t> ids;
  std::string out = "flowchart TD\n";
  for (const size_t node : chosen) {
    ids.emplace(node, ids.size() + 1);
    std::string label = nodes_[node].name;
    std::replace(label.begin(), label.end(), '"', '\'');
    out += StrCat("\tnode", ids[node], "[\"", label, "\"]\n");
  }
  for (const size_t node : chosen) {
    for (const size_t to : needs_[node]) {
      if (ids.contains(to)) out += StrCat("\tnode", ids[to], "-->node", ids[node], "\n");
    }
  }
  return out;
}

std::string StageGraph::Tree(const std::vector<size_t>& chosen) const {
  const std::set<size_t> in(chosen.begin(), chosen.end());
  std::string out;
  size_t lines = 0;
  std::set<size_t> shown;
  // What needs a node stands below it; what was shown with its own already is not repeated.
  struct Step {
    size_t node;
    std::string indent;
    bool last, root;
  };
  std::vector<Step> stack;
  for (size_t i = chosen.size(); i-- > 0;) {
    const size_t node = chosen[i];
    const bool root = std::none_of(needs_[node].begin(), needs_[node].end(),
                                   [&](size_t to) { return in.contains(to); });
    if (root) stack.push_back({node, "", true, true});
  }
  while (!stack.empty()) {
    const Step step = stack.back();
    stack.pop_back();
    if (++lines > kTreeLinesMax) return out + "...\n";
    const bool again = !shown.insert(step.node).second;
    std::vector<size_t> below;
    for (const size_t to : needed_by_[step.node]) {
      if (in.contains(to)) below.push_back(to);
    }
    out += StrCat(step.indent,
                  step.root   ? ""
                  : step.last ? "└─ "
                              : "├─ ",
                  nodes_[step.node].name, again && !below.empty() ? " (above)" : "", "\n");
    if (again) continue;
    const std::string indent = step.root ? "" : step.indent + (step.last ? "   " : "│  ");
    for (size_t i = below.size(); i-- > 0;)
      stack.push_back({below[i], indent, i + 1 == below.size(), false});
  }
  return out;
}

}  // namespace pano::pipeline
