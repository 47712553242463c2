#pragma once

#include <span>
#include <string>
#include <string_view>

namespace pano {

// Which of `names` somebody may have meant who wrote `name`: the one at the smallest distance (inserted,
// lost, changed or swapped characters; case, '-' and '_' aside) that is at most a third of its length,
// or the only one that begins with `name`. "" where there is none. Long names are not looked at.
std::string_view ClosestName(std::string_view name, std::span<const std::string_view> names);

// "; did you mean 'NAME'?", or "" where no name is close.
std::string DidYouMean(std::string_view name, std::span<const std::string_view> names);

}  // namespace pano
