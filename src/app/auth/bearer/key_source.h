#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "app/auth/jose/key_set.h"
#include "base/mutex.h"

namespace pano::bearer {

// Where the public keys of one issuer come from. Thread-safe; no method waits for a network.
class KeySource {
 public:
  struct View {
    std::shared_ptr<const jose::KeySet> keys;  // null: there are none
    uint64_t generation = 0;                   // another number whenever the keys are others
  };

  virtual ~KeySource() = default;
  virtual View Current() const = 0;
  // Whether asking the issuer now is allowed and may help with a token whose key (`kid`, "" = none) is
  // not among the current ones.
  virtual bool MayFetch(std::string_view kid) const = 0;
  // Asks the issuer, or joins in what is being asked, and calls `done` once that has ended or was not
  // allowed: at once, or from a thread of the source.
  virtual void Fetch(std::string_view kid, std::function<void()> done) = 0;
  // Ends what is being asked and calls every `done` that is open. Nothing is asked from then on.
  virtual void Stop() {}
};

// Keys that whoever owns them says: the built-in issuer's. Thread-safe.
class OwnKeys final : public KeySource {
 public:
  void Set(jose::KeySet keys);

  View Current() const override;
  bool MayFetch(std::string_view) const override { return false; }
  void Fetch(std::string_view, std::function<void()> done) override { done(); }

 private:
  mutable Mutex mu_;
  View view_ PANO_GUARDED_BY(mu_);
};

}  // namespace pano::bearer
