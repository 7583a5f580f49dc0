// tests/client/stuck.hpp -- servers, and resolvers, at which a call gets stuck where a test wants it.
#pragma once

#include "support.hpp"

#include <tinyhttp/client/options.hpp>
#include <tinyhttp/net/interrupter.hpp>
#include <tinyhttp/net/resolver.hpp>

#include <memory>
#include <optional>
#include <string>
#include <utility>

namespace client_test {

enum class phase { resolving, connecting, sending, before_the_head, in_the_head, in_the_body };
inline constexpr phase all_phases[] = {phase::resolving,       phase::connecting,  phase::sending,
                                       phase::before_the_head, phase::in_the_head, phase::in_the_body};

/// A call of `how()` to `url()` by a client with `options()` gets to `at` and no further.
class stuck_peer {
 public:
  explicit stuck_peer(phase at) : at_(at) {
    if (at == phase::resolving) {
      resolver_.emplace(net::resolver_options{
          .ask = [over = over_, reached = reached_](const std::string&) -> result<std::vector<net::address>> {
            reached->cancel();
            static_cast<void>(net::wait_in_thread(-1, 0, time_point::max(), over.get()));
            return error(error_kind::resolve, "over");
          }});
    } else if (at == phase::connecting) {
      full_.emplace();
      reached_->cancel();  // as far as anybody can tell
    } else {
      server_.emplace([this](net::socket& s, int) { serve(s); });
    }
  }
  ~stuck_peer() { over_->cancel(); }

  [[nodiscard]] std::string url() const {
    if (at_ == phase::resolving) return "http://stuck.example/x";
    if (at_ == phase::connecting)
      return "http://" + full_->listener.local_address().to_string() + "/x";
    return server_->url("/x");
  }
  [[nodiscard]] client_options options() {
    client_options with;
    if (resolver_) with.resolver = &*resolver_;
    return with;
  }
  [[nodiscard]] call_options how() const {
    if (at_ != phase::sending) return {};
    return {.method = method::put, .fields = {{"Expect", ""}}, .body = std::string(64'000'000, 'x')};
  }
  void wait_until_reached() const {
    static_cast<void>(net::wait_in_thread(-1, 0, time_point::max(), reached_.get()));
  }
  [[nodiscard]] bool is_reached() const { return reached_->cancelled(); }
  /// The client has closed its connection; ends when it has.
  void wait_until_left() const {
    if (server_) static_cast<void>(net::wait_in_thread(-1, 0, time_point::max(), left_.get()));
  }

 private:
  void serve(net::socket& s) {
    if (at_ != phase::sending) read_request(s);
    if (at_ == phase::in_the_head) static_cast<void>(s.send_all("HTTP/1.1 200 OK\r\nA: "));
    if (at_ == phase::in_the_body)
      static_cast<void>(s.send_all("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc"));
    if (at_ == phase::sending) {
      char first[1];
      static_cast<void>(s.receive(first));
    }
    reached_->cancel();
    pollfd gone{s.native(), POLLRDHUP, 0};
    static_cast<void>(net::os::poll(&gone, 1, 60'000));
    left_->cancel();
  }

  using signal = std::shared_ptr<net::interrupter>;
  phase at_;
  signal reached_ = std::make_shared<net::interrupter>();
  signal left_ = std::make_shared<net::interrupter>();
  signal over_ = std::make_shared<net::interrupter>();
  std::optional<net::resolver> resolver_;
  std::optional<net_test::full_listener> full_;
  std::optional<scripted_server> server_;
};

}  // namespace client_test
