#include "pano/bench/rate.h"

#include <algorithm>

#include "base/check.h"

namespace pano::bench {

Rate RateOf(std::vector<double> rates) {
  PANO_CHECK(!rates.empty());
  std::ranges::sort(rates);
  const size_t middle = rates.size() / 2;
  const double median =
      rates.size() % 2 == 1 ? rates[middle] : (rates[middle - 1] + rates[middle]) / 2;
  return {median, rates.front(), rates.back()};
}

}  // namespace pano::bench
