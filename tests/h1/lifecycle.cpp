// The table of what may follow what, every cell of it.
#include <tinyhttp/h1/lifecycle.hpp>

#include "catch.hpp"

#include <array>
#include <cstddef>

using namespace tinyhttp::h1;

namespace {

constexpr std::array phases{phase::idle, phase::answering, phase::body,
                            phase::done, phase::must_close, phase::closed};
constexpr std::array signals{signal::request, signal::informational, signal::response,
                             signal::data,    signal::end,           signal::close};

/// An exchange up to where both messages are complete.
lifecycle after_one_exchange() {
  lifecycle life;
  CHECK(life.apply(side::client, signal::request));
  CHECK(life.apply(side::client, signal::end));
  CHECK(life.apply(side::server, signal::response));
  CHECK(life.apply(side::server, signal::end));
  return life;
}

}  // namespace

TEST_CASE("no cell of the table is there twice", "[h1][lifecycle]") {
  for (std::size_t i = 0; i < std::size(transitions); ++i)
    for (std::size_t j = 0; j < i; ++j)
      CHECK_FALSE((transitions[i].who == transitions[j].who && transitions[i].from == transitions[j].from &&
                   transitions[i].on == transitions[j].on));
}

TEST_CASE("what the table leaves out is refused, and changes nothing", "[h1][lifecycle][rfc9112-9]") {
  for (const auto who : {side::client, side::server}) {
    for (const auto from : phases) {
      std::size_t allowed = 0;
      for (const auto on : signals) allowed += detail::next(who, from, on) != detail::refused ? 1U : 0U;
      CHECK(allowed <= 3);
      if (from == phase::closed) CHECK(allowed == 0);
      if (from == phase::must_close) CHECK(allowed == 1);
    }
  }
  lifecycle life;
  CHECK_FALSE(life.apply(side::client, signal::response));
  CHECK_FALSE(life.apply(side::client, signal::data));
  CHECK_FALSE(life.apply(side::server, signal::informational));
  CHECK(life.of(side::client) == phase::idle);
  CHECK(life.of(side::server) == phase::idle);
}

TEST_CASE("both sides have to be done before another exchange", "[h1][lifecycle][rfc9112-9.3]") {
  lifecycle life;
  CHECK_FALSE(life.restart());
  CHECK(life.apply(side::client, signal::request));
  CHECK(life.of(side::server) == phase::answering);
  CHECK_FALSE(life.apply(side::client, signal::request));
  CHECK(life.apply(side::server, signal::informational));
  CHECK(life.apply(side::server, signal::response));
  CHECK_FALSE(life.apply(side::server, signal::informational));
  CHECK(life.apply(side::server, signal::end));
  CHECK_FALSE(life.restart());  // an early answer does not end the request
  CHECK(life.apply(side::client, signal::end));
  CHECK(life.restart());
  CHECK(life.of(side::client) == phase::idle);
}

TEST_CASE("reuse that was forbidden once stays so", "[h1][lifecycle]") {
  auto life = after_one_exchange();
  life.forbid_reuse();
  CHECK(life.of(side::client) == phase::must_close);
  CHECK_FALSE(life.restart());
  CHECK_FALSE(life.reusable());
  CHECK(life.apply(side::server, signal::close));

  lifecycle early;
  early.forbid_reuse();
  CHECK(early.apply(side::client, signal::request));
  CHECK(early.apply(side::client, signal::end));
  CHECK(early.of(side::client) == phase::must_close);
}

TEST_CASE("octets that are no request may still be answered, once", "[h1][lifecycle]") {
  lifecycle life;
  CHECK(life.apply(side::server, signal::response));
  CHECK(life.apply(side::server, signal::end));
  CHECK_FALSE(life.apply(side::server, signal::response));
  CHECK(after_one_exchange().restart());
}
