// tinyhttp/client/tunnel.hpp -- asks a proxy to relay octets to another server: CONNECT (RFC 9110 9.3.6) and SOCKS5 (RFC
// 1928, RFC 1929).
//
// Works on a stream that is connected to the proxy and has a deadline; afterwards the stream leads to the origin. The
// proxy is not trusted: what it can make us hold is bounded, and octets after its answer are refused.
#pragma once

#include <tinyhttp/client/credentials.hpp>
#include <tinyhttp/client/proxy.hpp>
#include <tinyhttp/core/buffer.hpp>
#include <tinyhttp/core/result.hpp>
#include <tinyhttp/core/task.hpp>
#include <tinyhttp/h1/connection.hpp>
#include <tinyhttp/h1/limits.hpp>
#include <tinyhttp/http/request.hpp>
#include <tinyhttp/http/response.hpp>
#include <tinyhttp/http/url.hpp>
#include <tinyhttp/net/stream.hpp>

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace tinyhttp {

/// Asks the proxy `via` to connect to the host and port of `to`. For `socks5`, the host of `to` must already be an
/// address. Fails with errors such as `proxy 127.0.0.1:3128: 407 Proxy Authentication Required`; the stream is then
/// unusable. The arguments must outlive the task.
template <net::stream Stream>
[[nodiscard]] task<result<void>> open_tunnel(Stream& over, const proxy& via, const url& to,
                                             const h1::limits& bounds);

// ---------------------------------------------------------------------------------------------

namespace detail {

template <net::stream Stream>
class tunnel_opening {
 public:
  tunnel_opening(Stream& over, const proxy& via, const url& to) : s_(over), via_(via), to_(to) {}

  task<result<void>> ask_http(const h1::limits& bounds);
  task<result<void>> ask_socks();

 private:
  [[nodiscard]] error refuse(error_kind kind, std::string_view why) const {
    return {kind, "proxy " + via_.to_string() + ": " + std::string(why)};
  }
  /// What the stream says, as something that the proxy did.
  [[nodiscard]] error failed(const error& cause) const {
    switch (cause.kind()) {
      case error_kind::timeout: return refuse(cause.kind(), "timed out");
      case error_kind::cancelled: return refuse(cause.kind(), "told to stop");
      case error_kind::closed: return refuse(cause.kind(), "connection reset");
      default: return refuse(cause.kind(), cause.message());
    }
  }
  task<result<void>> write(std::string_view octets);
  task<result<void>> read_exactly(std::span<char> into);
  /// Says `octets`, and reads as many as the answer begins with.
  task<result<void>> ask(std::string_view octets, std::span<char> answer);
  task<result<void>> log_in();
  task<result<void>> request_socks(std::string_view octets);
  [[nodiscard]] result<std::string> socks_request() const;
  [[nodiscard]] static std::string_view socks_failure(unsigned code) noexcept;

  static constexpr int most_informational = 16;

  Stream& s_;
  const proxy& via_;
  const url& to_;
};

template <net::stream Stream>
task<result<void>> tunnel_opening<Stream>::write(std::string_view octets) {
  const std::string_view parts[] = {octets};
  const std::span<const std::string_view> all(parts);
  const result<void> written = co_await s_.write(all);
  if (!written) co_return failed(written.error());
  co_return written;
}

template <net::stream Stream>
task<result<void>> tunnel_opening<Stream>::read_exactly(std::span<char> into) {
  while (!into.empty()) {
    const result<std::size_t> read = co_await s_.read(into);
    if (!read) co_return failed(read.error());
    if (*read == 0) co_return refuse(error_kind::closed, "connection closed before its answer");
    into = into.subspan(*read);
  }
  co_return result<void>();
}

template <net::stream Stream>
task<result<void>> tunnel_opening<Stream>::ask(std::string_view octets, std::span<char> answer) {
  task<result<void>> step = write(octets);
  result<void> done = co_await step;
  if (!done) co_return done;
  step = read_exactly(answer);
  done = co_await step;
  co_return done;
}

template <net::stream Stream>
task<result<void>> tunnel_opening<Stream>::ask_http(const h1::limits& bounds) {
  h1::connection wire(h1::side::client, bounds);
  std::string authority = in_brackets(to_.host);
  ascii::append_decimal(authority += ':', to_.port);
  request r;
  r.method = method::connect;
  if (!r.target.assign(authority, r.method))
    co_return refuse(error_kind::invalid_argument, "no CONNECT to such a host");
  if (via_.credentials)
    r.fields.add("Proxy-Authorization", basic_credentials(*via_.credentials));
  buffer head;
  wire.send(head, r, authority);
  task<result<void>> writing = write(head.view());
  const result<void> written = co_await writing;
  if (!written) co_return written;

  response answer;
  for (int informational = 0; informational <= most_informational;) {
    const h1::wire_event event = wire.next_event(answer);
    if (event.what == h1::wire_event::kind::informational) {
      ++informational;
    } else if (event.what == h1::wire_event::kind::head) {
      if (!answer.status.is_success())
        co_return refuse(error_kind::connect, answer.status.to_string());
      if (!wire.unread().empty())
        co_return refuse(error_kind::protocol, "octets that nobody has asked for");
      co_return result<void>();
    } else if (event.what != h1::wire_event::kind::need_more) {
      co_return refuse(error_kind::protocol, "bad answer: " + std::string(wire.failure().why));
    } else {
      const std::span<char> room = wire.room(4096);
      const result<std::size_t> read = co_await s_.read(room);
      if (!read) co_return failed(read.error());
      if (*read == 0) co_return refuse(error_kind::closed, "connection closed before its answer");
      wire.received(*read);
    }
  }
  co_return refuse(error_kind::limit, "too many informational responses");
}

/// Numbers on the wire are octets; lengths come first.
template <net::stream Stream>
result<std::string> tunnel_opening<Stream>::socks_request() const {
  std::string ask("\x05\x01\x00", 3);  // version 5, CONNECT, reserved
  const auto numeric = net::address::parse(to_.host, to_.port);
  if (numeric) {
    const std::string octets = numeric->ip_octets();
    ask += octets.size() == 4 ? '\x01' : '\x04';
    ask += octets;
  } else if (!to_.host.empty() && to_.host.size() <= 255) {
    ask += '\x03';
    ask += static_cast<char>(to_.host.size());
    ask += to_.host;
  } else {
    return refuse(error_kind::invalid_argument, "the host's name is too long for SOCKS5");
  }
  ask += static_cast<char>(to_.port >> 8);
  ask += static_cast<char>(to_.port & 0xff);
  return ask;
}

template <net::stream Stream>
std::string_view tunnel_opening<Stream>::socks_failure(unsigned code) noexcept {
  switch (code) {  // RFC 1928 6
    case 1: return "general failure";
    case 2: return "not allowed by its rules";
    case 3: return "network unreachable";
    case 4: return "host unreachable";
    case 5: return "connection refused";
    case 6: return "timed out on its way";
    case 7: return "it knows no CONNECT";
    case 8: return "it does not know this family of addresses";
    default: return "a failure that RFC 1928 does not name";
  }
}

/// RFC 1929.
template <net::stream Stream>
task<result<void>> tunnel_opening<Stream>::log_in() {
  const std::string_view both = *via_.credentials;
  const std::string_view user = both.substr(0, both.find(':'));
  const std::string_view password = user.size() < both.size() ? both.substr(user.size() + 1) : "";
  if (user.empty() || user.size() > 255 || password.size() > 255)
    co_return refuse(error_kind::invalid_argument, "SOCKS5 takes users and passwords of up to 255 octets");
  std::string message(1, '\x01');
  message += static_cast<char>(user.size());
  message.append(user) += static_cast<char>(password.size());
  message.append(password);
  char verdict[2];
  task<result<void>> asking = ask(message, verdict);
  const result<void> asked = co_await asking;
  if (!asked) co_return asked;
  if (verdict[1] != 0) co_return refuse(error_kind::connect, "user or password refused");
  co_return result<void>();
}

/// The request proper. The answer says how it went, and an address that is of no use to us.
template <net::stream Stream>
task<result<void>> tunnel_opening<Stream>::request_socks(std::string_view octets) {
  char head[5];  // version, code, reserved, kind of address, its first octet
  task<result<void>> step = ask(octets, head);
  result<void> done = co_await step;
  if (!done) co_return done;
  if (head[0] != 5) co_return refuse(error_kind::protocol, "it does not speak SOCKS5");
  if (head[1] != 0)
    co_return refuse(error_kind::connect, socks_failure(static_cast<unsigned char>(head[1])));
  std::size_t left = 2;  // the port
  if (head[3] == 1) left += 3;
  else if (head[3] == 4) left += 15;
  else if (head[3] == 3) left += static_cast<unsigned char>(head[4]);
  else co_return refuse(error_kind::protocol, "an answer with an unknown kind of address");
  char rest[257];
  step = read_exactly(std::span<char>(rest, left));
  done = co_await step;
  co_return done;
}

template <net::stream Stream>
task<result<void>> tunnel_opening<Stream>::ask_socks() {
  const result<std::string> message = socks_request();
  if (!message) co_return message.error();
  std::string methods("\x05\x01\x00", 3);  // version 5, one method: none
  if (via_.credentials) methods.assign("\x05\x02\x00\x02", 4);  // or a user and a password
  char choice[2];
  task<result<void>> step = ask(methods, choice);
  result<void> done = co_await step;
  if (!done) co_return done;
  if (choice[0] != 5) co_return refuse(error_kind::protocol, "it does not speak SOCKS5");
  if (choice[1] == 2 && via_.credentials) {
    step = log_in();
    done = co_await step;
    if (!done) co_return done;
  } else if (choice[1] != 0) {
    co_return refuse(error_kind::connect, via_.credentials ? "it wants another way to log in"
                                                           : "it wants a user and a password");
  }
  step = request_socks(*message);
  done = co_await step;
  co_return done;
}

}  // namespace detail

template <net::stream Stream>
task<result<void>> open_tunnel(Stream& over, const proxy& via, const url& to,
                               const h1::limits& bounds) {
  detail::tunnel_opening<Stream> opening(over, via, to);
  task<result<void>> asking =
      via.speaks == proxy::protocol::http ? opening.ask_http(bounds) : opening.ask_socks();
  const result<void> done = co_await asking;
  co_return done;
}

}  // namespace tinyhttp
