#pragma once

#include <cstddef>
#include <cstdint>
#include <list>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/clock.h"
#include "base/mutex.h"

namespace pano::issuer {

// Slows whoever guesses secrets: by the name that is tried together with the address it is tried from, by
// the address, and by the name from wherever. Each has some failures free; every further one doubles the
// time for which nothing is tried, from 1 s to a minute. A name alone has many free, so that nobody is
// locked out by a stranger at once. Failures are forgotten after a quarter of an hour without one, or when
// the table is full the oldest first. Thread-safe.
class Throttle {
 public:
  struct Options {
    int pair_free = 10;
    int address_free = 50;
    int name_free = 100;
    size_t entries_max = 8192;  // of each of the three
  };

  explicit Throttle(Clock& clock);
  Throttle(Clock& clock, Options options);

  // Whole seconds for which nothing may be tried; 0 = it may.
  int64_t WaitSeconds(std::string_view name, std::string_view address) const;
  void Failed(std::string_view name, std::string_view address);
  // Forgets the failures of that name from that address.
  void Succeeded(std::string_view name, std::string_view address);

 private:
  struct Entry {
    std::string key;
    int failures = 0;
    TimePoint last{};
    TimePoint blocked_until{};
  };
  struct Table {
    std::list<Entry> order;  // failed last first
    std::unordered_map<std::string, std::list<Entry>::iterator> index;
  };
  void Count(Table& table, const std::string& key, int free) PANO_REQUIRES(mu_);
  Duration Left(const Table& table, const std::string& key) const PANO_REQUIRES(mu_);

  Clock& clock_;
  const Options options_;
  mutable Mutex mu_;
  Table pairs_ PANO_GUARDED_BY(mu_);
  Table addresses_ PANO_GUARDED_BY(mu_);
  Table names_ PANO_GUARDED_BY(mu_);
};

}  // namespace pano::issuer
