// tinyhttp/net/proxy_header.hpp -- the PROXY protocol: a header in front of a connection that names the real peer.
//
// Sent first by a proxy that knows no HTTP, or must not see it: haproxy's proxy-protocol.txt, versions 1 and 2.
// Consumes no octet after the header, so that TLS or HTTP begins there.
#pragma once

#include <tinyhttp/core/ascii.hpp>
#include <tinyhttp/core/result.hpp>
#include <tinyhttp/core/task.hpp>
#include <tinyhttp/net/address.hpp>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>

namespace tinyhttp::net {

/// Parses the header from octets in whatever pieces they arrive.
class proxy_header_reader {
 public:
  enum class state : std::uint8_t { more, done, broken };

  /// Where to put the next octets, all of which belong to the header.
  [[nodiscard]] std::span<char> room() noexcept { return {octets_ + size_, wanted_ - size_}; }
  /// `octets` have been put there; returns whether more are needed.
  state received(std::size_t octets);
  /// The address of the peer, once done. Unknown: the proxy itself, or a peer without an IP address.
  [[nodiscard]] const address& source() const noexcept { return source_; }

 private:
  static constexpr std::string_view signature{"\r\n\r\n\0\r\nQUIT\n", 12};
  static constexpr std::size_t longest_line = 107;  // of version 1, with its end
  static constexpr std::size_t head_size = 16;      // of version 2, in front of the addresses

  [[nodiscard]] std::string_view text() const noexcept { return {octets_, size_}; }
  [[nodiscard]] unsigned at(std::size_t i) const noexcept { return static_cast<unsigned char>(octets_[i]); }
  state want(std::size_t octets) noexcept {
    wanted_ = octets;
    return state::more;
  }
  state read_line();
  bool take_line(std::string_view line);
  state read_binary();

  char octets_[512];  // the line, or the head and the addresses; then whatever else comes and goes
  std::size_t size_ = 0, wanted_ = 15;  // the shortest of all: `PROXY UNKNOWN`
  std::size_t skipped_ = 0;             // octets of version 2 that are not here any more
  address source_;
};

/// Reads one header from `from`, for `server_options::introduced_by`. Use it only if nobody but the proxy can
/// connect: any other peer could claim any address. An error of kind `protocol` for anything else than a header.
template <class Stream>
[[nodiscard]] task<result<address>> read_proxy_header(Stream& from);

// ---------------------------------------------------------------------------------------------

inline proxy_header_reader::state proxy_header_reader::received(std::size_t octets) {
  size_ += octets;
  const std::string_view line_begin = "PROXY ";
  if (text().substr(0, signature.size()) == signature.substr(0, size_))
    return size_ < wanted_ ? state::more : size_ < head_size ? want(head_size) : read_binary();
  if (text().substr(0, line_begin.size()) != line_begin.substr(0, size_)) return state::broken;
  return size_ < wanted_ ? state::more : read_line();
}

/// Asks for as many octets as there have to be, at least.
inline proxy_header_reader::state proxy_header_reader::read_line() {
  if (const auto end = text().find('\n'); end != std::string_view::npos) {
    if (end + 1 != size_ || octets_[end - 1] != '\r') return state::broken;
    return take_line(text().substr(0, end - 1)) ? state::done : state::broken;
  }
  const bool ends = octets_[size_ - 1] == '\r';
  const std::size_t next = size_ + (ends ? 1 : 2);
  return next > longest_line ? state::broken : want(next);
}

inline bool proxy_header_reader::take_line(std::string_view line) {
  std::string_view words[6];
  std::size_t count = 0;
  for (;; ++count) {
    const std::size_t space = line.find(' ');
    if (count < 6) words[count] = line.substr(0, space);
    if (space == line.npos) break;
    line.remove_prefix(space + 1);
  }
  if (words[1] == "UNKNOWN") return true;
  const int family = words[1] == "TCP4" ? AF_INET : words[1] == "TCP6" ? AF_INET6 : AF_UNSPEC;
  if (family == AF_UNSPEC || count != 5) return false;
  for (const std::size_t end : {std::size_t{3}, std::size_t{2}}) {  // the proxy's end, and then the client's
    const auto port = ascii::parse_decimal_strict(words[end + 2], 65535);
    if (!port || words[end].find_first_of("[%") != std::string_view::npos) return false;
    address read;
    if (!read.assign(words[end], static_cast<std::uint16_t>(*port)) || read.family() != family) return false;
    source_ = read.unmapped();
  }
  return true;
}

inline proxy_header_reader::state proxy_header_reader::read_binary() {
  const unsigned command = at(12), family = at(13);
  if (command != 0x20 && command != 0x21) return state::broken;
  if (family >> 4 > 3 || (family & 15) > 2) return state::broken;
  const std::size_t addresses = family == 0x11 ? 12 : family == 0x21 ? 36 : 0;  // octets, of two with ports
  const std::size_t whole = head_size + (at(14) << 8 | at(15));
  const bool is_told = command == 0x21 && addresses > 0;
  if (is_told && whole < head_size + addresses) return state::broken;
  if (size_ + skipped_ < whole) {
    if (size_ == sizeof octets_) {  // room for more of what is not looked at
      skipped_ += size_ - head_size - 36;
      size_ = head_size + 36;
    }
    const std::size_t left = whole - skipped_;
    return want(left < sizeof octets_ ? left : sizeof octets_);
  }
  if (!is_told) return state::done;
  if (family == 0x11) {
    sockaddr_in v4{};
    v4.sin_family = AF_INET;
    std::memcpy(&v4.sin_addr, octets_ + head_size, 4);
    std::memcpy(&v4.sin_port, octets_ + head_size + 8, 2);
    source_ = address::from_native(reinterpret_cast<const sockaddr*>(&v4), sizeof v4);
  } else {
    sockaddr_in6 v6{};
    v6.sin6_family = AF_INET6;
    std::memcpy(&v6.sin6_addr, octets_ + head_size, 16);
    std::memcpy(&v6.sin6_port, octets_ + head_size + 32, 2);
    source_ = address::from_native(reinterpret_cast<const sockaddr*>(&v6), sizeof v6).unmapped();
  }
  return state::done;
}

template <class Stream>
task<result<address>> read_proxy_header(Stream& from) {
  proxy_header_reader reader;
  for (auto is = proxy_header_reader::state::more; is == proxy_header_reader::state::more;) {
    auto reading = from.read(reader.room());
    const result<std::size_t> got = co_await reading;
    if (!got) co_return got.error();
    if (*got == 0) co_return error(error_kind::closed, "PROXY header: closed in front of its end");
    is = reader.received(*got);
    if (is == proxy_header_reader::state::broken) co_return error(error_kind::protocol, "PROXY header: something else came");
  }
  co_return reader.source();
}

}  // namespace tinyhttp::net
