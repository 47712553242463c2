#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace pano {

// Insertions, deletions, exchanges and swaps of neighbours that turn one text into the other
// (optimal string alignment distance). The work is the product of the lengths: callers bound them.
size_t EditDistance(std::string_view a, std::string_view b);

// Which of `names` somebody may have meant who wrote `name`: the one at the smallest distance
// (inserted, lost, changed or swapped characters; case, '-' and '_' aside) that is at most a third
// of its length, or the only one that begins with `name`. "" where there is none. Long names are
// not looked at.
std::string_view ClosestName(std::string_view name, std::span<const std::string_view> names);

// "; did you mean 'NAME'?", or "" where no name is close.
std::string DidYouMean(std::string_view name, std::span<const std::string_view> names);

}  // namespace pano
