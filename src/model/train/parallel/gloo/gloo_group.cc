#include "model/train/parallel/gloo/gloo_group.h"

#include <ATen/ATen.h>
#include <torch/csrc/distributed/c10d/ProcessGroupGloo.hpp>

#include <exception>
#include <map>
#include <vector>

#include "base/check.h"
#include "base/strings.h"
#include "model/train/parallel/exchange.h"

namespace pano::train {
namespace {

// What members tell each other so that Gloo can connect them: each sets one key, once, and then reads
// the others'. Setting it is an exchange of all of them. Confined to the rank's thread.
class ExchangeStore final : public c10d::Store {
 public:
  explicit ExchangeStore(collective::Communicator* control) : control_(control) {}

  void set(const std::string& key, const std::vector<uint8_t>& value) override {
    const auto told = GatherTexts(
        *control_, StrCat(key, '\n', std::string(value.begin(), value.end())));
    TORCH_CHECK(told.ok(), told.error().message());
    for (const std::string& text : *told) {
      const size_t end = text.find('\n');
      TORCH_CHECK(end != std::string::npos, "a member told no key");
      values_[text.substr(0, end)].assign(text.begin() + static_cast<std::ptrdiff_t>(end) + 1,
                                          text.end());
    }
  }
  std::vector<uint8_t> get(const std::string& key) override {
    const auto found = values_.find(key);
    TORCH_CHECK(found != values_.end(), "no member told ", key);
    return found->second;
  }
  bool check(const std::vector<std::string>& keys) override {
    for (const std::string& key : keys) {
      if (!values_.contains(key)) return false;
    }
    return true;
  }
  void wait(const std::vector<std::string>& keys) override {
    TORCH_CHECK(check(keys), "a member did not tell its address");
  }
  void wait(const std::vector<std::string>& keys, const std::chrono::milliseconds&) override {
    wait(keys);
  }
  int64_t add(const std::string&, int64_t) override { TORCH_CHECK(false, "not used by Gloo"); }
  bool deleteKey(const std::string&) override { TORCH_CHECK(false, "not used by Gloo"); }
  int64_t getNumKeys() override { return static_cast<int64_t>(values_.size()); }
  // libtorch 2.x declares it in Store, 1.x does not know it. A thread of another group would have to
  // take part in the exchanges of this one: there is no second store.
  virtual c10::intrusive_ptr<c10d::Store> clone() {
    TORCH_CHECK(false, "addresses are exchanged once: their store has no copy");
  }

 private:
  collective::Communicator* const control_;
  std::map<std::string, std::vector<uint8_t>> values_;
};

// Confined to the rank's thread, except Abort.
class GlooGroup final : public collective::Communicator {
 public:
  GlooGroup(collective::Communicator* control, c10::intrusive_ptr<c10d::ProcessGroupGloo> group)
      : control_(control), group_(std::move(group)) {}

  int rank() const override { return control_->rank(); }
  int size() const override { return control_->size(); }

  Status AllReduceSum(std::span<float> data) override {
    if (data.size() < kRingMin) return control_->AllReduceSum(data);
    return Ring([&] {
      std::vector<at::Tensor> tensors = {View(data)};
      group_->allreduce(tensors)->wait();
    });
  }
  Status AllGather(std::span<const float> local, std::span<float> all) override {
    PANO_CHECK(all.size() == local.size() * static_cast<size_t>(size()));
    if (local.size() < kRingMin) return control_->AllGather(local, all);
    return Ring([&] {
      std::vector<at::Tensor> in = {View({const_cast<float*>(local.data()), local.size()})};
      std::vector<std::vector<at::Tensor>> out(1);
      for (size_t r = 0; r < static_cast<size_t>(size()); ++r) {
        out[0].push_back(View(all.subspan(r * local.size(), local.size())));
      }
      group_->allgather(out, in)->wait();
    });
  }
  Status Broadcast(std::span<float> data, int root) override {
    if (data.size() < kRingMin) return control_->Broadcast(data, root);
    return Ring([&] {
      std::vector<at::Tensor> tensors = {View(data)};
      c10d::BroadcastOptions options;
      options.rootRank = root;
      group_->broadcast(tensors, options)->wait();
    });
  }
  void Abort(Status reason) override { control_->Abort(std::move(reason)); }

 private:
  // Below, one message there and back is sooner done than a ring.
  static constexpr size_t kRingMin = 4096;

  static at::Tensor View(std::span<float> values) {
    return at::from_blob(values.data(), {static_cast<int64_t>(values.size())}, at::kFloat);
  }
  template <typename F>
  Status Ring(const F& operation) {
    try {
      operation();
      return {};
    } catch (const std::exception& e) {
      const Status status(StatusCode::kUnavailable,
                          StrCat("[parallel] Gloo: ", std::string(e.what()).substr(0, 300)));
      // Whoever has gone has left the other group too, whose hub knows members by their numbers; the
      // others end, so that nobody waits for them.
      if (rank() == 0) {
        float nothing = 0;
        PANO_RETURN_IF_ERROR(control_->AllReduceSum(std::span(&nothing, 1)));
      }
      control_->Abort(status);
      return status;
    }
  }

  collective::Communicator* const control_;
  const c10::intrusive_ptr<c10d::ProcessGroupGloo> group_;
};

}  // namespace

bool GlooIsAvailable() { return true; }

Result<std::unique_ptr<collective::Communicator>> CreateGlooGroup(
    collective::Communicator* control, const std::string& host, Duration timeout) {
  try {
    const auto milliseconds = std::chrono::duration_cast<std::chrono::milliseconds>(timeout);
    auto options = c10d::ProcessGroupGloo::Options::create(milliseconds);
    options->devices.push_back(c10d::ProcessGroupGloo::createDeviceForHostname(host));
    options->threads = 1;
    auto store = c10::make_intrusive<ExchangeStore>(control);
    store->setTimeout(milliseconds);
    return std::unique_ptr<collective::Communicator>(std::make_unique<GlooGroup>(
        control, c10::make_intrusive<c10d::ProcessGroupGloo>(store, control->rank(),
                                                             control->size(), options)));
  } catch (const std::exception& e) {
    return Status(StatusCode::kUnavailable,
                  StrCat("[parallel] Gloo at ", host, ": ", std::string(e.what()).substr(0, 300)));
  }
}

}  // namespace pano::train
