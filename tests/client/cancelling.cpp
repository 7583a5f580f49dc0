// tests/client/cancelling.cpp -- a call of the blocking client ends at once when another thread says so
#include "catch.hpp"
#include "stuck.hpp"
#include "support.hpp"

#include <tinyhttp/client/client.hpp>
#include <tinyhttp/net/interrupter.hpp>

#include <thread>

using namespace client_test;

TEST_CASE("another thread ends a call, wherever it is", "[client][threads]") {
  for (const phase at : all_phases) {
    CAPTURE(static_cast<int>(at));
    net::interrupter stop;
    stuck_peer peer(at);
    client_options with = peer.options();
    with.stop = &stop;
    const client c(with);
    std::thread other([&] {
      peer.wait_until_reached();
      stop.cancel();
    });
    const auto r = c.call(peer.url(), peer.how());
    other.join();
    REQUIRE(!r);
    CAPTURE(r.error().message());
    CHECK(r.error().kind() == error_kind::cancelled);
    CHECK(r.error().message().find("told to stop") != std::string::npos);
    peer.wait_until_left();
    CHECK(c.get(peer.url()).error().kind() == error_kind::cancelled);  // and every later one
  }
}
