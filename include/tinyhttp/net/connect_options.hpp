// tinyhttp/net/connect_options.hpp -- how a connection is established.
//
// Values only; connector.hpp uses them.
#pragma once

#include <tinyhttp/core/chrono.hpp>
#include <tinyhttp/net/address.hpp>
#include <tinyhttp/net/address_memory.hpp>
#include <tinyhttp/net/host_map.hpp>
#include <tinyhttp/net/interrupter.hpp>
#include <tinyhttp/net/resolver.hpp>

#include <vector>

namespace tinyhttp::net {

/// The options of `connect`. What it points to must outlive the attempt.
struct connect_options {
  std::chrono::milliseconds timeout{10'000};  // the resolver and all addresses together
  std::chrono::milliseconds stagger{250};     // until the next address is tried (RFC 8305 8)
  bool no_delay = true;                       // see socket::no_delay
  const interrupter* stop = nullptr;          // ends a blocking connect from another thread
  address from = {};                          // the local end, port 0: any; addresses of another
                                              // family are not tried. Unknown: the system's choice
  std::vector<host_mapping> hosts = {};       // looked up before the resolver is asked
  address_memory* memory = nullptr;           // remembers which address won, to try it first
  net::resolver* resolver = nullptr;          // null: the common one
};

}  // namespace tinyhttp::net
