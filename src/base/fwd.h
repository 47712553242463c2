#pragma once

// Names of base that headers take by reference or pointer; what uses them includes their headers.
namespace pano {

class Clock;
class ComputePool;
class Env;
class MetricRegistry;
class Transport;

namespace json {
class Value;
}

}  // namespace pano
