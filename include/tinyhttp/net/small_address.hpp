// tinyhttp/net/small_address.hpp -- an address in little memory, for objects that exist once per connection.
//
// IP addresses are stored inside; names of Unix-domain sockets, which few have, on the heap.
#pragma once

#include <tinyhttp/core/owned.hpp>
#include <tinyhttp/net/address.hpp>

#include <cstring>

namespace tinyhttp::net {

/// A copy of an `address`; move-only.
class small_address {
 public:
  explicit small_address(const address& from) {
    if (from.native_size() > sizeof ip_) large_.reset(new address(from));
    else std::memcpy(&ip_, from.native(), from.native_size());
    size_ = large_ ? 0 : from.native_size();
  }

  [[nodiscard]] address value() const noexcept {
    return large_ ? *large_ : address::from_native(reinterpret_cast<const sockaddr*>(&ip_), size_);
  }

 private:
  owned<const address> large_;
  sockaddr_in6 ip_{};  // the larger one; or IPv4's, or an unnamed socket's
  socklen_t size_ = 0;  // octets of ip_ in use
};

}  // namespace tinyhttp::net
