// tinyhttp/net/address.hpp -- a socket address: IPv4, IPv6 or a Unix-domain name.
//
// A value; asks no resolver and no network.
#pragma once

#include <tinyhttp/core/ascii.hpp>
#include <tinyhttp/core/result.hpp>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>

#include <arpa/inet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>

namespace tinyhttp::net {

/// The address of one end of a connection. A default-constructed one is unknown: family AF_UNSPEC.
class address {
 public:
  address() noexcept { std::memset(&storage_, 0, sizeof storage_); }

  /// Parses a numeric host, `127.0.0.1`, `::1`, `[::1]` or `fe80::1%eth0`. Empty for anything else.
  template <class Found = address>  // compiled only where it is used
  [[nodiscard]] static std::optional<Found> parse(std::string_view host, std::uint16_t port) {
    Found read;
    return read.assign(host, port) ? std::optional(read) : std::nullopt;
  }
  /// Becomes the address of a numeric host; false, with an unspecified value, where `parse` is empty.
  [[nodiscard]] bool assign(std::string_view host, std::uint16_t port);

  /// A Unix-domain name: a path, or `@name` for Linux's abstract names, which are no files. Fails if it is empty, too
  /// long (107 octets on Linux) or contains a NUL.
  [[nodiscard]] static result<address> unix_domain(std::string_view name);

  /// From what the system filled in. An unsupported family becomes unknown.
  [[nodiscard]] static address from_native(const sockaddr* from, socklen_t size) noexcept;

  [[nodiscard]] int family() const noexcept { return storage_.any.sa_family; }
  [[nodiscard]] bool is_known() const noexcept { return family() != AF_UNSPEC; }
  [[nodiscard]] bool is_ip() const noexcept { return family() == AF_INET || family() == AF_INET6; }
  [[nodiscard]] bool is_unix_domain() const noexcept { return family() == AF_UNIX; }

  /// `0.0.0.0` or `::`: every interface.
  [[nodiscard]] bool is_unspecified() const noexcept;
  /// In 127.0.0.0/8, or `::1`, or Unix-domain: this machine.
  [[nodiscard]] bool is_loopback() const noexcept;

  /// The 4 or 16 octets of an IP address, in network order; empty for any other.
  [[nodiscard]] std::string ip_octets() const;
  /// Both are IP addresses of one family, and their first `bits` bits are the same.
  [[nodiscard]] bool shares_prefix(const address& other, std::size_t bits) const;

  /// 0 for a Unix-domain name.
  [[nodiscard]] std::uint16_t port() const noexcept;
  /// `127.0.0.1`, `::1`, `/tmp/x`, `@name`; empty when unknown or unnamed.
  [[nodiscard]] std::string host() const;
  /// `127.0.0.1:80`, `[::1]:80`, `unix:/tmp/x`, `unix:` for an unnamed one.
  [[nodiscard]] std::string to_string() const;

  /// The same with another port; a Unix-domain name is unchanged.
  [[nodiscard]] address with_port(std::uint16_t port) const noexcept;
  /// `127.0.0.1` for `::ffff:127.0.0.1`, the form of IPv4 peers of a dual-stack listener; otherwise the same.
  [[nodiscard]] address unmapped() const noexcept;

  [[nodiscard]] const sockaddr* native() const noexcept { return reinterpret_cast<const sockaddr*>(&storage_); }
  [[nodiscard]] socklen_t native_size() const noexcept { return size_; }

  [[nodiscard]] friend bool operator==(const address& a, const address& b) noexcept {
    return a.size_ == b.size_ && std::memcmp(&a.storage_, &b.storage_, a.size_) == 0;
  }

 private:
  union storage {
    sockaddr any;
    sockaddr_in ip4;
    sockaddr_in6 ip6;
    sockaddr_un local;
  };
  storage storage_;
  socklen_t size_ = 0;  // octets of storage_ in use
};

/// A buffer that the system writes an address into.
struct native_address {
  sockaddr_storage storage{};
  socklen_t size = sizeof(sockaddr_storage);
  [[nodiscard]] sockaddr* pointer() noexcept { return reinterpret_cast<sockaddr*>(&storage); }
  [[nodiscard]] address value() noexcept { return address::from_native(pointer(), size); }
};

// ---------------------------------------------------------------------------------------------

[[gnu::cold]] inline bool address::assign(std::string_view host, std::uint16_t port) {
  *this = address();
  char text[64];
  if (host.size() >= 2 && host.front() == '[' && host.back() == ']') {
    host = host.substr(1, host.size() - 2);
    if (host.find(':') == host.npos) return false;
  }
  if (host.empty() || host.size() >= sizeof text || host.find('\0') != host.npos) return false;
  std::memcpy(text, host.data(), host.size());
  text[host.size()] = '\0';
  if (::inet_pton(AF_INET, text, &storage_.ip4.sin_addr) == 1) {
    storage_.ip4.sin_family = AF_INET;
    storage_.ip4.sin_port = htons(port);
    size_ = sizeof(sockaddr_in);
    return true;
  }
  std::uint32_t scope = 0;  // RFC 4007 11: which link a link-local address means
  if (const auto percent = host.find('%'); percent != host.npos) {
    text[percent] = '\0';
    const auto number = ascii::parse_decimal_strict(host.substr(percent + 1), 0xffffffff);
    scope = number ? static_cast<std::uint32_t>(*number) : ::if_nametoindex(text + percent + 1);
    if (scope == 0) return false;
  }
  std::memset(&storage_, 0, sizeof storage_);
  if (::inet_pton(AF_INET6, text, &storage_.ip6.sin6_addr) != 1) return false;
  storage_.ip6.sin6_family = AF_INET6;
  storage_.ip6.sin6_port = htons(port);
  storage_.ip6.sin6_scope_id = scope;
  size_ = sizeof(sockaddr_in6);
  return true;
}

[[gnu::cold]] inline result<address> address::unix_domain(std::string_view name) {
  address made;
  auto& path = made.storage_.local.sun_path;
  const char* wrong = nullptr;
  if (name.size() >= sizeof path) wrong = ": name too long for a socket";
  if (name.find('\0') != name.npos) wrong = ": a name cannot hold NUL";
  if (name.empty() || name == "@") wrong = ": a socket needs a name";
  if (wrong != nullptr)
    return error(error_kind::invalid_argument, std::string("unix:").append(name).append(wrong));
  made.storage_.local.sun_family = AF_UNIX;
  std::memcpy(path, name.data(), name.size());
  const bool is_abstract = name.front() == '@';
  if (is_abstract) path[0] = '\0';
  made.size_ = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + name.size() +
                                      (is_abstract ? 0 : 1));
  return made;
}

[[gnu::noinline]] inline address address::from_native(const sockaddr* from, socklen_t size) noexcept {
  address made;
  if (size < sizeof(sa_family_t) || size > sizeof made.storage_) return made;
  std::memcpy(&made.storage_, from, size);
  made.size_ = size;
  const int family = made.family();
  const bool known = (family == AF_INET && size >= sizeof(sockaddr_in)) ||
                     (family == AF_INET6 && size >= sizeof(sockaddr_in6)) || family == AF_UNIX;
  return known ? made : address();
}

inline bool address::is_unspecified() const noexcept {
  if (family() == AF_INET) return storage_.ip4.sin_addr.s_addr == 0;
  return family() == AF_INET6 && IN6_IS_ADDR_UNSPECIFIED(&storage_.ip6.sin6_addr);
}

inline bool address::is_loopback() const noexcept {
  const address plain = unmapped();
  if (plain.family() == AF_INET) return ntohl(plain.storage_.ip4.sin_addr.s_addr) >> 24 == 127;
  if (family() == AF_INET6) return IN6_IS_ADDR_LOOPBACK(&storage_.ip6.sin6_addr);
  return is_unix_domain();
}

inline std::uint16_t address::port() const noexcept {
  if (family() == AF_INET) return ntohs(storage_.ip4.sin_port);
  return family() == AF_INET6 ? ntohs(storage_.ip6.sin6_port) : std::uint16_t{0};
}

inline std::string address::ip_octets() const {
  if (family() == AF_INET)
    return {reinterpret_cast<const char*>(&storage_.ip4.sin_addr), sizeof storage_.ip4.sin_addr};
  if (family() == AF_INET6)
    return {reinterpret_cast<const char*>(&storage_.ip6.sin6_addr), sizeof storage_.ip6.sin6_addr};
  return {};
}

inline bool address::shares_prefix(const address& other, std::size_t bits) const {
  const std::string ours = ip_octets();
  const std::string theirs = other.ip_octets();
  if (ours.empty() || ours.size() != theirs.size() || bits > ours.size() * 8) return false;
  for (std::size_t bit = 0; bit < bits; bit += 8) {
    const auto left = static_cast<unsigned>(bits - bit < 8 ? bits - bit : 8);
    const unsigned different = static_cast<unsigned char>(ours[bit / 8]) ^
                               static_cast<unsigned char>(theirs[bit / 8]);
    if (different >> (8 - left) != 0) return false;
  }
  return true;
}

inline std::string address::host() const {
  if (family() == AF_INET) {  // logs want it of every request, and inet_ntop(3) formats it by printf
    std::string written;
    for (int shift = 24; shift >= 0; shift -= 8)
      ascii::append_decimal(written.append(shift == 24 ? "" : "."), ntohl(storage_.ip4.sin_addr.s_addr) >> shift & 0xff);
    return written;
  }
  if (family() == AF_INET6) {
    char text[INET6_ADDRSTRLEN] = "";
    ::inet_ntop(AF_INET6, &storage_.ip6.sin6_addr, text, sizeof text);
    std::string written = text;
    if (storage_.ip6.sin6_scope_id != 0)
      ascii::append_decimal(written += '%', storage_.ip6.sin6_scope_id);
    return written;
  }
  if (!is_unix_domain() || size_ <= offsetof(sockaddr_un, sun_path)) return {};
  std::string name(storage_.local.sun_path, size_ - offsetof(sockaddr_un, sun_path));
  if (name.front() == '\0') {
    name.front() = '@';
  } else if (const auto end = name.find('\0'); end != name.npos) {
    name.resize(end);
  }
  return name;
}

inline std::string address::to_string() const {
  std::string text = host();
  if (is_unix_domain()) return text.insert(0, "unix:");
  if (!is_ip()) return "unknown address";
  if (family() == AF_INET6) text.insert(0, "[").append("]");
  ascii::append_decimal(text.append(":"), port());
  return text;
}

inline address address::with_port(std::uint16_t port) const noexcept {
  address changed = *this;
  if (family() == AF_INET) changed.storage_.ip4.sin_port = htons(port);
  if (family() == AF_INET6) changed.storage_.ip6.sin6_port = htons(port);
  return changed;
}

inline address address::unmapped() const noexcept {
  if (family() != AF_INET6 || !IN6_IS_ADDR_V4MAPPED(&storage_.ip6.sin6_addr)) return *this;
  address plain;
  plain.storage_.ip4.sin_family = AF_INET;
  plain.storage_.ip4.sin_port = storage_.ip6.sin6_port;
  std::memcpy(&plain.storage_.ip4.sin_addr, &storage_.ip6.sin6_addr.s6_addr[12], 4);
  plain.size_ = sizeof(sockaddr_in);
  return plain;
}

}  // namespace tinyhttp::net
