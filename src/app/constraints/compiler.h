#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "app/constraints/source.h"
#include "app/constraints/vocabulary.h"
#include "base/clock.h"
#include "base/metrics.h"
#include "base/mutex.h"
#include "base/result.h"

namespace pano::constraints {

// Compiles sources to grammars on threads of its own, so that a hostile one costs its own request and
// nobody else anything but a part of a core: time and bytes of each are bounded, and so is what waits.
// Tenants take turns, and one tenant never has all of the threads. Who asks for what is being compiled
// waits for that. Thread-safe.
class Compiler {
 public:
  struct Options {
    int threads = 2;           // 0: Compile does all of it before it returns
    size_t queue_max = 256;    // sources that wait; one more is refused
    Duration time_max = std::chrono::seconds(10);  // of one source, when its turn has come
    Duration wait_max = std::chrono::seconds(30);  // in the queue; then it is refused
    size_t bytes_max = 64u << 20;                  // of one compiled grammar
    MetricRegistry* metrics = nullptr;             // null: nothing is counted
  };

  explicit Compiler(Options options, Clock& clock = Clock::Real());
  // Waits for what is being compiled; whoever waits is not told.
  ~Compiler();
  Compiler(const Compiler&) = delete;
  Compiler& operator=(const Compiler&) = delete;

  // What is in the cache: the grammar, or why there is none. Nothing: it has to be compiled.
  std::optional<Result<GrammarPtr>> Find(Vocabulary& vocabulary, const Source& source);

  // Whom a result is for.
  struct Request {
    std::string tenant;
    // Whether nobody waits any more: then nothing is compiled for it. Null: never.
    std::function<bool()> gone = {};
    // Called once, from any thread, also from within Compile. InvalidArgument with the source's field: it is
    // wrong, or beyond a budget, which the text names (reasons "grammar_too_large", "grammar_too_slow").
    // Unavailable (reason "overloaded"): too many wait.
    std::function<void(Result<GrammarPtr>)> done;
  };
  void Compile(VocabularyPtr vocabulary, Source source, Request request);

 private:
  using JobKey = std::pair<const Vocabulary*, std::string>;
  struct Job {
    JobKey key;
    VocabularyPtr vocabulary;
    Source source;
    std::string tenant;  // whose turn it takes
    TimePoint until;     // then it is given up: waiting, or running
    bool running = false;
    bool given_up = false;          // its requests were answered; it may still run
    std::vector<Request> requests;  // those who wait
  };
  using JobPtr = std::shared_ptr<Job>;
  struct Tenant {
    std::deque<JobPtr> waiting;
    int running = 0;
  };

  void Work();
  // Gives up what waits or runs for too long.
  void Watch();
  // The next job of the tenant whose turn it is; null when none may run.
  JobPtr Next() PANO_REQUIRES(mu_);
  JobPtr TakeOf(const std::string& name, Tenant& tenant) PANO_REQUIRES(mu_);
  void Drop(const JobPtr& job) PANO_REQUIRES(mu_);
  TimePoint Earliest() const PANO_REQUIRES(mu_);
  std::vector<std::pair<JobPtr, std::vector<Request>>> TakeLate(TimePoint now) PANO_REQUIRES(mu_);

  Result<GrammarPtr> Make(Vocabulary& vocabulary, const Source& source);
  void Count(const Status& status);
  Status TooSlow() const;

  const Options options_;
  Clock& clock_;
  Counter& hits_;
  Counter& misses_;
  Counter& refused_;
  Counter& too_large_;
  Counter& too_slow_;
  Counter& overloaded_;
  Histogram& seconds_;

  Mutex mu_;
  CondVar changed_;
  std::map<JobKey, JobPtr> jobs_ PANO_GUARDED_BY(mu_);  // that wait or run
  std::map<std::string, Tenant> tenants_ PANO_GUARDED_BY(mu_);  // with jobs
  std::string last_tenant_ PANO_GUARDED_BY(mu_);                // whose job was taken last
  size_t waiting_ PANO_GUARDED_BY(mu_) = 0;
  bool stopping_ PANO_GUARDED_BY(mu_) = false;
  std::vector<std::jthread> threads_;  // last: gone before what they use
};

}  // namespace pano::constraints
