#include "infra/planner/plan.h"

#include "base/strings.h"

namespace pano::planner {

json::Value MemoryJson(const Memory& m) {
  json::Value out;
  out.Set("weights", m.weights);
  out.Set("kv", m.kv);
  out.Set("activations", m.activations);
  out.Set("workspace", m.workspace);
  out.Set("optimizer", m.optimizer);
  out.Set("gradients", m.gradients);
  out.Set("other", m.other);
  out.Set("total", m.total());
  out.Set("capacity", m.capacity);
  return out;
}

std::string_view RecomputeName(Recompute recompute) {
  constexpr std::string_view kNames[] = {"none", "selective", "full"};
  return kNames[static_cast<size_t>(recompute)];
}

json::Value PlanJson(const ParallelPlan& p) {
  json::Value out;
  out.Set("dp", p.dp);
  out.Set("tp", p.tp);
  out.Set("pp", p.pp);
  out.Set("cp", p.cp);
  out.Set("ep", p.ep);
  out.Set("zero", p.zero);
  out.Set("global_batch", p.global_batch);
  out.Set("micro_batch", p.micro_batch);
  out.Set("seq", p.seq);
  out.Set("recompute", RecomputeName(p.recompute));
  out.Set("sequence_parallel", p.sequence_parallel);
  out.Set("schedule", p.virtual_stages > 1 ? "interleaved" : "1f1b");
  out.Set("virtual_stages", p.virtual_stages);
  out.Set("dtype", p.dtype);
  out.Set("flash_attention", p.flash_attention);
  return out;
}

namespace {

class Reader {
 public:
  explicit Reader(const json::Value& object) : object_(object) {}

  void Int(const char* key, int64_t least, int64_t most, int64_t& to) {
    const json::Value* value = Find(key);
    if (!value) return;
    if (!value->is_int() || value->as_int() < least || value->as_int() > most) {
      Fail(key, StrCat("expected a whole number from ", least, " to ", most, ", not ", Printable(json::Dump(*value))));
      return;
    }
    to = value->as_int();
  }
  void Bool(const char* key, bool& to) {
    const json::Value* value = Find(key);
    if (!value) return;
    if (!value->is_bool()) return Fail(key, "expected true or false");
    to = value->as_bool();
  }
  std::string Text(const char* key) {
    const json::Value* value = Find(key);
    if (!value) return "";
    if (!value->is_string()) {
      Fail(key, "expected a text");
      return "";
    }
    return value->as_string();
  }
  void Fail(const char* key, std::string_view why) {
    if (status_.ok()) status_ = InvalidArgument(StrCat(key, ": ", why)).WithField(key);
  }
  const Status& status() const { return status_; }

 private:
  const json::Value* Find(const char* key) {
    const json::Value* value = object_.Find(key);
    return value && !value->is_null() ? value : nullptr;
  }
  const json::Value& object_;
  Status status_;
};

}  // namespace

Result<ParallelPlan> ParsePlan(const json::Value& object) {
  if (!object.is_object()) return InvalidArgument("a plan is a JSON object as {\"dp\": 8, \"tp\": 1, ...}");
  constexpr int64_t kMost = 1 << 20;
  Reader reader(object);
  ParallelPlan p;
  reader.Int("dp", 1, kMost, p.dp);
  reader.Int("tp", 1, kMost, p.tp);
  reader.Int("pp", 1, kMost, p.pp);
  reader.Int("cp", 1, kMost, p.cp);
  reader.Int("ep", 1, kMost, p.ep);
  reader.Int("zero", 0, 3, p.zero);
  reader.Int("global_batch", 1, int64_t{1} << 32, p.global_batch);
  reader.Int("micro_batch", 1, kMost, p.micro_batch);
  reader.Int("seq", 1, int64_t{1} << 31, p.seq);
  reader.Int("virtual_stages", 1, 4096, p.virtual_stages);
  reader.Bool("sequence_parallel", p.sequence_parallel);
  reader.Bool("flash_attention", p.flash_attention);
  if (const std::string dtype = reader.Text("dtype"); !dtype.empty()) p.dtype = dtype;
  const std::string recompute = reader.Text("recompute");
  if (recompute == "selective") {
    p.recompute = Recompute::kSelective;
  } else if (recompute == "full") {
    p.recompute = Recompute::kFull;
  } else if (!recompute.empty() && recompute != "none") {
    reader.Fail("recompute", StrCat("expected none, selective or full, not ", Printable(recompute)));
  }
  const std::string schedule = reader.Text("schedule");
  if (!schedule.empty() && schedule != "1f1b" && schedule != "interleaved") {
    reader.Fail("schedule", StrCat("expected 1f1b or interleaved, not ", Printable(schedule)));
  }
  if (schedule == "1f1b" && p.virtual_stages > 1) reader.Fail("schedule", "1f1b has one virtual stage");
  if (p.dtype != "bf16" && p.dtype != "f16") {
    reader.Fail("dtype", StrCat("expected bf16 or f16, not ", Printable(p.dtype)));
  }
  PANO_RETURN_IF_ERROR(reader.status());
  return p;
}

}  // namespace pano::planner
