// tinyhttp/digest.hpp -- SHA-256, MD5 and others, computed by OpenSSL.
//
// Stands apart: needs OpenSSL 1.1.1 or later (-lcrypto). For the digests of downloads and for the Digest scheme;
// callers decide what MD5 and SHA-1 are still good for.
#pragma once

#include <tinyhttp/core/ascii.hpp>
#include <tinyhttp/core/hasher.hpp>

#include <openssl/evp.h>

#include <array>
#include <cstddef>
#include <memory>
#include <new>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace tinyhttp {

/// A hash that octets are added to. `name`, in any case: `md5`, `sha1`, `sha256`, `sha384`, `sha512`, also with a
/// hyphen as in `SHA-256`, and `SHA-512-256`. Null for any other, and for what the library was built or configured
/// without.
[[nodiscard]] inline std::unique_ptr<hasher> make_hasher(std::string_view name);

/// The digest of `octets` in lower-case hexadecimal digits. Throws std::bad_alloc if OpenSSL has no SHA-256, which
/// does not occur.
[[nodiscard]] inline std::string sha256_of(std::string_view octets);

/// The `hash_function` for the Digest scheme (http/digest_access.hpp).
[[nodiscard]] inline std::optional<std::string> hash_with_openssl(std::string_view name,
                                                                  std::string_view octets);

// ---------------------------------------------------------------------------------------------

namespace detail {

class openssl_hasher final : public hasher {
 public:
  explicit openssl_hasher(const EVP_MD* kind) : kind_(kind), state_(::EVP_MD_CTX_new()) {
    if (state_ == nullptr) throw std::bad_alloc();
    works_ = begin();
  }
  ~openssl_hasher() override { ::EVP_MD_CTX_free(state_); }

  /// A library in FIPS mode knows MD5 by name and refuses to compute it.
  [[nodiscard]] bool works() const noexcept { return works_; }

  void update(std::string_view octets) override {
    ::EVP_DigestUpdate(state_, octets.data(), octets.size());
  }
  std::string finish() override {
    std::array<unsigned char, EVP_MAX_MD_SIZE> sum;
    unsigned int size = 0;
    ::EVP_DigestFinal_ex(state_, sum.data(), &size);
    begin();
    std::string hex;
    for (std::size_t i = 0; i < size; ++i) {
      hex += "0123456789abcdef"[sum[i] >> 4];
      hex += "0123456789abcdef"[sum[i] & 15];
    }
    return hex;
  }

 private:
  bool begin() noexcept { return ::EVP_DigestInit_ex(state_, kind_, nullptr) == 1; }

  const EVP_MD* kind_;
  EVP_MD_CTX* state_;
  bool works_ = false;
};

[[nodiscard]] inline const EVP_MD* find_hash(std::string_view name) noexcept {
  struct entry {
    std::string_view name;
    const EVP_MD* (*get)();
  };
  constexpr entry known[] = {
      {"md5", &::EVP_md5},           {"sha1", &::EVP_sha1},     {"sha-1", &::EVP_sha1},
      {"sha256", &::EVP_sha256},     {"sha-256", &::EVP_sha256}, {"sha384", &::EVP_sha384},
      {"sha-384", &::EVP_sha384},    {"sha512", &::EVP_sha512}, {"sha-512", &::EVP_sha512},
      {"sha-512-256", &::EVP_sha512_256},
  };
  for (const entry& one : known)
    if (ascii::equal_ignoring_case(name, one.name)) return one.get();
  return nullptr;
}

}  // namespace detail

inline std::unique_ptr<hasher> make_hasher(std::string_view name) {
  const EVP_MD* const kind = detail::find_hash(name);
  if (kind == nullptr) return nullptr;
  auto made = std::make_unique<detail::openssl_hasher>(kind);
  if (!made->works()) return nullptr;
  return made;
}

inline std::optional<std::string> hash_with_openssl(std::string_view name,
                                                    std::string_view octets) {
  const auto sum = make_hasher(name);
  if (!sum) return std::nullopt;
  sum->update(octets);
  return sum->finish();
}

inline std::string sha256_of(std::string_view octets) {
  auto sum = hash_with_openssl("sha256", octets);
  if (!sum) throw std::bad_alloc();
  return std::move(*sum);
}

}  // namespace tinyhttp
