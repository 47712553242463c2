#pragma once

namespace pano::engine {

class Engine;
class TokenStream;
struct Event;
struct Observer;
struct Options;
struct Request;
struct SpeculationOptions;
struct Stats;

}  // namespace pano::engine
