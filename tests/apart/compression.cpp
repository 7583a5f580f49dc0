// tests/apart/compression.cpp -- tests compression.hpp and the headers in compression/
//
// What is decoded was encoded by the libraries themselves, or by the tools gzip, brotli and zstd.
#include "catch.hpp"
#include "gzipped.hpp"

#include <tinyhttp/compression.hpp>
#include <tinyhttp/compression/brotli_encoder.hpp>
#include <tinyhttp/compression/with_compression.hpp>
#include <tinyhttp/compression/zstd_encoder.hpp>

#include <brotli/encode.h>
#include <zlib.h>
#include <zstd.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <random>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

using namespace tinyhttp;
using namespace apart_test;

namespace {

std::string zlib_deflated(std::string_view plain) { return deflated(plain, 15); }
std::string bare_deflated(std::string_view plain) { return deflated(plain, -15); }

std::string brotli_coded(std::string_view plain) {
  std::size_t size = BrotliEncoderMaxCompressedSize(plain.size()) + 64;
  std::string coded(size, '\0');
  REQUIRE(BrotliEncoderCompress(5, 22, BROTLI_MODE_GENERIC, plain.size(), octets(plain), &size,
                                reinterpret_cast<std::uint8_t*>(coded.data())) == BROTLI_TRUE);
  coded.resize(size);
  return coded;
}

std::string zstd_coded(std::string_view plain, int window = 0, bool checksum = true) {
  ZSTD_CCtx* made = ZSTD_createCCtx();
  ZSTD_CCtx_setParameter(made, ZSTD_c_checksumFlag, checksum ? 1 : 0);
  ZSTD_CCtx_setParameter(made, ZSTD_c_windowLog, window);
  std::string coded(ZSTD_compressBound(plain.size()) + 64, '\0');
  ZSTD_outBuffer to{coded.data(), coded.size(), 0};
  ZSTD_inBuffer from{plain.data(), plain.size(), 0};
  ZSTD_inBuffer no_more{plain.data(), 0, 0};  // flushed first, so that no size is in the head
  REQUIRE(ZSTD_isError(ZSTD_compressStream2(made, &to, &from, ZSTD_e_flush)) == 0);
  REQUIRE(ZSTD_compressStream2(made, &to, &no_more, ZSTD_e_end) == 0);
  ZSTD_freeCCtx(made);
  coded.resize(to.pos);
  return coded;
}

struct kind {
  const char* name;     // of the test
  const char* coding;   // as in Content-Encoding
  std::string (*encode)(std::string_view);
  bool has_checksum;
};
const kind kinds[] = {
    {"gzip", "gzip", &gzipped, true},
    {"deflate with zlib's header", "deflate", &zlib_deflated, true},
    {"bare deflate", "deflate", &bare_deflated, false},
    {"br", "br", &brotli_coded, false},
    {"zstd", "zstd", [](std::string_view plain) { return zstd_coded(plain); }, true},
};

struct outcome {
  std::string octets;
  std::string error;  // empty: the end came
  error_kind why = error_kind::io;
};

/// Decodes `coded`, which comes in pieces of `size` octets, to the end or the first error.
outcome decoded(std::string_view coding, std::string coded, std::size_t size = std::string::npos,
                const decode_limits& limits = {}) {
  const bool is_here = size == std::string::npos;
  response r(status::ok, {{"Content-Encoding", coding}});
  if (is_here) r.body = body(std::move(coded));
  else
    r.body = stream_body([coded = std::move(coded), size, at = std::size_t{0}]() mutable {
      const auto piece = coded.substr(at, size);
      at += piece.size();
      return piece;
    });
  const auto undone = decode(r, limits);
  if (!undone) FAIL(undone.error().message());
  outcome got;
  for (;;) {
    auto next = r.body.next();
    if (!next.try_start()) FAIL("it waits, and for nothing");
    const auto piece = next.take();
    if (!piece) {
      got.error = piece.error().message();
      got.why = piece.error().kind();
      return got;
    }
    if (piece->empty()) return got;
    got.octets.append(*piece);
  }
}

struct dice {
  std::mt19937 engine;
  unsigned operator()() { return static_cast<unsigned>(engine()); }
};

std::string random_text(std::size_t size, unsigned seed, unsigned letters) {
  dice chance{std::mt19937(seed)};
  std::string text(size, '\0');
  for (char& c : text) c = static_cast<char>(chance() % letters);
  return text;
}

}  // namespace

TEST_CASE("every coding gives the octets that were encoded, however they were cut", "[apart]") {
  const std::string plains[] = {"x", "hello, hello, hello", random_text(150'000, 1, 4),
                                random_text(70'000, 2, 256), std::string(300'000, 'z')};
  for (const kind& k : kinds) {
    INFO(k.name);
    for (const std::string& plain : plains) {
      const std::string coded = k.encode(plain);
      for (const std::size_t size : {std::string::npos, std::size_t{1}, std::size_t{17},
                                     std::size_t{4096}, std::size_t{65'536}}) {
        if (size < 20 && coded.size() > 5'000) continue;
        const outcome got = decoded(k.coding, coded, size);
        CHECK(got.error == "");
        CHECK(got.octets == plain);
      }
    }
    const std::string nothing = k.encode("");
    CHECK(decoded(k.coding, nothing).error == "");
    CHECK(decoded(k.coding, nothing).octets == "");
  }
}

TEST_CASE("what the tools gzip, brotli and zstd wrote is read", "[apart]") {
  const auto from_hex = [](std::string_view hex) {
    std::string text;
    for (std::size_t i = 0; i < hex.size(); i += 2)
      text += static_cast<char>(ascii::hex_value(hex[i]) * 16 + ascii::hex_value(hex[i + 1]));
    return text;
  };
  // printf 'tiny tiny http' | gzip -n9, brotli -c, zstd -c, and Python's zlib.compress
  CHECK(decoded("gzip", from_hex("1f8b08000000000002032bc9ccab542801111925250500cdfafd420e000000")).octets == "tiny tiny http");
  CHECK(decoded("br", from_hex("8f068074696e792074696e79206874747003")).octets == "tiny tiny http");
  CHECK(decoded("zstd", from_hex("28b52ffd045871000074696e792074696e792068747470b7b7a331")).octets == "tiny tiny http");
  CHECK(decoded("deflate", from_hex("789c2bc9ccab542801111925250500297e0589")).octets == "tiny tiny http");
}

TEST_CASE("a coded body that is cut off anywhere is an error behind a true beginning", "[apart]") {
  const std::string plain = random_text(600, 3, 6);
  for (const kind& k : kinds) {
    INFO(k.name);
    const std::string coded = k.encode(plain);
    for (std::size_t cut = 1; cut < coded.size(); ++cut) {
      const outcome got = decoded(k.coding, coded.substr(0, cut), cut % 3 == 0 ? 5 : 500);
      if (got.error.empty() || got.why != error_kind::protocol || !plain.starts_with(got.octets))
        FAIL(k.name << " cut at " << cut << ": " << got.error);
    }
  }
}

TEST_CASE("octets behind the end of a coding are an error", "[apart]") {
  const std::string plain = "hello, hello, hello";
  for (const kind& k : kinds) {
    INFO(k.name);
    for (const std::string_view more : {"x", "", "\r\n", "trailing garbage of some length"}) {
      const std::string coded = k.encode(plain).append(more.empty() ? std::string(1, '\0') : more);
      for (const std::size_t size : {std::string::npos, std::size_t{1}, coded.size() - 1})
        CHECK(decoded(k.coding, coded, size).error != "");
    }
  }
}

TEST_CASE("gzip members and zstd frames may stand in a row (RFC 1952 2.2, RFC 8878 3)", "[apart]") {
  const std::string skippable("\x50\x2a\x4d\x18\x03\x00\x00\x00???", 11);
  for (const std::size_t size : {std::string::npos, std::size_t{1}}) {
    CHECK(decoded("gzip", gzipped("one, ") + gzipped("") + gzipped("two"), size).octets ==
          "one, two");
    CHECK(decoded("zstd", zstd_coded("one, ") + skippable + zstd_coded("two"), size).octets ==
          "one, two");
    CHECK(decoded("br", brotli_coded("one, ") + brotli_coded("two"), size).error ==
          "br: octets behind the end after " + std::string(size == 1 ? "5" : "0") +
              " decoded octets");
  }
  CHECK(decoded("gzip", gzipped("one, ") + gzipped("two").substr(0, 9)).error ==
        "gzip: cut off after 5 decoded octets");
}

TEST_CASE("an octet changed on the way never gives other octets where there is a checksum",
          "[apart]") {
  const std::string plain = random_text(400, 4, 5);
  for (const kind& k : kinds) {
    if (!k.has_checksum) continue;
    INFO(k.name);
    const std::string coded = k.encode(plain);
    for (std::size_t at = 0; at < coded.size(); ++at)
      for (const int bit : {0, 3, 7}) {
        std::string damaged = coded;
        damaged[at] = static_cast<char>(damaged[at] ^ (1 << bit));
        const outcome got = decoded(k.coding, damaged);
        if (got.error.empty() && got.octets != plain) FAIL(k.name << " at " << at << '.' << bit);
      }
  }
}

namespace {

constexpr std::size_t most_decoded = 1 << 17;  // of the mutated; none comes near

/// What the library makes of all octets at once; empty when it refuses them.
std::optional<std::string> brotli_at_once(std::string_view coded) {
  std::string plain(most_decoded, '\0');
  BrotliDecoderState* made = BrotliDecoderCreateInstance(nullptr, nullptr, nullptr);
  std::size_t left = coded.size(), room = plain.size();
  const std::uint8_t* in = octets(coded);
  auto* out = reinterpret_cast<std::uint8_t*>(plain.data());
  const auto said = BrotliDecoderDecompressStream(made, &left, &in, &room, &out, nullptr);
  BrotliDecoderDestroyInstance(made);
  if (said != BROTLI_DECODER_RESULT_SUCCESS || left != 0) return std::nullopt;
  plain.resize(plain.size() - room);
  return plain;
}

std::optional<std::string> zstd_at_once(std::string_view coded) {
  std::string plain(most_decoded, '\0');
  const auto size = ZSTD_decompress(plain.data(), plain.size(), coded.data(), coded.size());
  if (ZSTD_isError(size) != 0) return std::nullopt;
  plain.resize(size);
  return plain;
}

std::optional<std::string> deflate_at_once(std::string_view coded, int window_bits) {
  std::string plain(most_decoded, '\0');
  z_stream z{};
  if (inflateInit2(&z, window_bits) != Z_OK) return std::nullopt;
  z.next_in = const_cast<Bytef*>(octets(coded));
  z.avail_in = static_cast<uInt>(coded.size());
  z.next_out = reinterpret_cast<Bytef*>(plain.data());
  z.avail_out = static_cast<uInt>(plain.size());
  const bool whole = inflate(&z, Z_FINISH) == Z_STREAM_END && z.avail_in == 0;
  plain.resize(z.total_out);
  inflateEnd(&z);
  if (!whole) return std::nullopt;
  return plain;
}

/// `coded` with a few octets changed, removed, repeated or cut off.
std::string mutated(std::string coded, dice& chance) {
  for (unsigned changes = 1 + chance() % 3; changes > 0 && !coded.empty(); --changes) {
    const std::size_t at = chance() % coded.size();
    const std::size_t count = std::min<std::size_t>(1 + chance() % 4, coded.size() - at);
    switch (chance() % 5) {
      case 0: coded.erase(at, count); break;
      case 1: coded.insert(at, coded.substr(at, count)); break;
      case 2: coded.resize(at); break;
      case 3: coded.insert(at, 1, static_cast<char>(chance())); break;
      default: coded[at] = static_cast<char>(chance()); break;
    }
  }
  return coded;
}

}  // namespace

TEST_CASE("mutated bodies are read as the libraries read them whole, or are errors", "[apart]") {
  dice chance{std::mt19937(20'261'127)};
  const unsigned rounds = std::getenv("TINYHTTP_LONG") != nullptr ? 200'000 : 300;
  for (const kind& k : kinds) {
    INFO(k.name);
    std::uint64_t same = 0, refused = 0;
    for (unsigned round = 0; round < rounds; ++round) {
      const std::string plain = random_text(1 + chance() % 300, chance(), 1 + chance() % 9);
      const std::string coded = mutated(k.encode(plain), chance);
      if (coded.empty()) continue;
      const outcome got = decoded(k.coding, coded, 1 + chance() % 40);
      const std::string_view name = k.coding;
      const auto expected =
          name == "br"     ? brotli_at_once(coded)
          : name == "zstd" ? zstd_at_once(coded)
          : name == "gzip" ? deflate_at_once(coded, 31)
                           : deflate_at_once(coded, (coded[0] & 15) == 8 ? 15 : -15);
      if (got.error.empty() && expected && got.octets == *expected) ++same;
      else if (!got.error.empty() && (!expected || got.why == error_kind::limit)) ++refused;
      else FAIL(k.name << " round " << round << ": " << got.error);
    }
    CHECK(same + refused > rounds / 2);
    CHECK(refused > 0);
  }
}

TEST_CASE("a small body that becomes a huge one stops at the limit", "[apart]") {
  const std::string zeros(3'000'000, '\0');
  const decode_limits limits{.max_octets = 100'000};
  for (const kind& k : kinds) {
    INFO(k.name);
    const outcome got = decoded(k.coding, k.encode(zeros), 1000, limits);
    CHECK(got.why == error_kind::limit);
    CHECK(got.octets.size() <= 100'000);
    CHECK(got.error == std::string(k.coding) + ": more than 100000 decoded octets");
  }
  const outcome twice = decoded("gzip, gzip", gzipped(gzipped(zeros)), 1000, limits);
  CHECK(twice.error == "gzip: more than 100000 decoded octets");
}

TEST_CASE("want of memory in a library is not taken for damage", "[apart][memory]") {
  const auto shown = [](const error& e) {
    return std::to_string(static_cast<int>(e.kind())) + " " + e.message() + " " + std::to_string(e.status_hint());
  };
  const std::string none = std::to_string(static_cast<int>(error_kind::io)) + " no memory 503";
  CHECK(shown(detail::zlib_failure(Z_MEM_ERROR, nullptr)) == none);
  for (const auto said : {BROTLI_DECODER_ERROR_ALLOC_CONTEXT_MODES, BROTLI_DECODER_ERROR_ALLOC_TREE_GROUPS,
                          BROTLI_DECODER_ERROR_ALLOC_CONTEXT_MAP, BROTLI_DECODER_ERROR_ALLOC_RING_BUFFER_1,
                          BROTLI_DECODER_ERROR_ALLOC_RING_BUFFER_2, BROTLI_DECODER_ERROR_ALLOC_BLOCK_TYPE_TREES})
    CHECK(shown(detail::brotli_failure(said)) == none);
  CHECK(shown(detail::zstd_failure(std::size_t{0} - ZSTD_error_memory_allocation)) == none);
  CHECK(detail::zlib_failure(Z_DATA_ERROR, "why").message() == "damaged (why)");
  CHECK(detail::zlib_failure(Z_NEED_DICT, nullptr).message() == "damaged (needs a dictionary)");
  CHECK(detail::brotli_failure(BROTLI_DECODER_ERROR_FORMAT_RESERVED).kind() == error_kind::protocol);
  CHECK(detail::brotli_failure(BROTLI_DECODER_ERROR_UNREACHABLE).kind() == error_kind::protocol);
  CHECK(detail::zstd_failure(std::size_t{0} - ZSTD_error_corruption_detected).kind() == error_kind::protocol);
}

TEST_CASE("a zstd frame that wants more history than the limit is refused", "[apart]") {
  const std::string coded = zstd_coded("hello", 24);
  const outcome refused = decoded("zstd", coded);
  CHECK(refused.why == error_kind::limit);
  CHECK(refused.error == "zstd: needs a larger window after 0 decoded octets");
  CHECK(decoded("zstd", coded, 3, {.max_window = 16 << 20}).octets == "hello");
  CHECK(decoded("zstd", zstd_coded("hello", 23)).octets == "hello");
  CHECK(decoded("zstd", zstd_coded("hello", 11), 3, {.max_window = 1024}).error != "");
  CHECK(decoded("zstd", zstd_coded("hello", 10), 3, {.max_window = 1}).octets == "hello");
}

TEST_CASE("a zstd frame is as long as its head says", "[apart]") {
  const std::string plain = "hello, hello, hello";
  std::string coded(200, '\0');
  ZSTD_CCtx* made = ZSTD_createCCtx();
  ZSTD_CCtx_setParameter(made, ZSTD_c_checksumFlag, 1);
  coded.resize(ZSTD_compress2(made, coded.data(), coded.size(), plain.data(), plain.size()));
  ZSTD_freeCCtx(made);
  REQUIRE(coded[5] == static_cast<char>(plain.size()));
  for (const std::size_t size : {std::string::npos, std::size_t{1}, std::size_t{7}}) {
    CHECK(decoded("zstd", coded + coded, size).octets == plain + plain);
    std::string longer = coded;
    ++longer[5];
    CHECK(decoded("zstd", longer, size).error.find("damaged") != std::string::npos);
  }
}

TEST_CASE("several codings in a row, each by its own library", "[apart]") {
  const std::string plain = random_text(50'000, 5, 3);
  const std::string coded = brotli_coded(gzipped(zstd_coded(bare_deflated(plain))));
  CHECK(decoded("deflate, zstd, gzip, br", coded, 100).octets == plain);
  CHECK(decoded("deflate, zstd, gzip, br", coded.substr(0, coded.size() - 1), 100).error != "");
  CHECK(decoded("deflate, zstd, br, gzip", coded, 100).error ==
        "gzip: damaged (incorrect header check) after 0 decoded octets");
}

TEST_CASE("every encoder keeps to its contract, however little room it gets", "[apart]") {
  const std::string plains[] = {"x", random_text(150'000, 1, 4), random_text(70'000, 2, 256), std::string(300'000, 'z')};
  for (const content_encoding& coding : {gzip_encoding(), brotli_encoding(), zstd_encoding(), gzip_encoding(9), brotli_encoding(1)}) {
    CAPTURE(coding.name, coding.level);
    for (const std::string& plain : plains) {
      for (const std::size_t room : {7U, 100U, 16'384U}) {
        if (room == 7 && plain.size() > 100'000) continue;
        for (const bool told : {false, true}) {
          const auto by = coding.make(coding.level, told ? std::optional<std::uint64_t>(plain.size()) : std::nullopt);
          REQUIRE(by);
          std::string coded, window(room, '\0');
          const auto run = [&](std::string_view in, encoding_step step) {
            for (std::size_t got = room, calls = 0; got == room; ++calls) {
              if (calls > 40'000) FAIL("no end of it");
              const auto wrote = by->encode(in, window, step);
              REQUIRE(wrote);
              got = *wrote;
              coded.append(window, 0, got);
            }
            REQUIRE(in.empty());
          };
          const std::size_t half = plain.size() / 2;
          run(std::string_view(plain).substr(0, half), encoding_step::more);
          run({}, encoding_step::flush);
          CHECK(decoded(coding.name, coded).octets == plain.substr(0, half));
          run(std::string_view(plain).substr(half), encoding_step::more);
          run({}, encoding_step::finish);
          const outcome got = decoded(coding.name, coded);
          CHECK(got.error == "");
          CHECK(got.octets == plain);
        }
      }
    }
  }
  CHECK_THROWS_AS(brotli_encoding(0), std::invalid_argument);
  CHECK_THROWS_AS(brotli_encoding(12), std::invalid_argument);
  CHECK_THROWS_AS(zstd_encoding(0), std::invalid_argument);
  CHECK_THROWS_AS(zstd_encoding(20), std::invalid_argument);
}

TEST_CASE("of several codings the client's favourite is taken, and the first between equals", "[apart]") {
  const std::string plain = random_text(5'000, 1, 4), large = random_text(200'000, 1, 4);
  const any_handler app = with_compression(
      [&](const request& r) { return text(r.path() == "/large" ? large : plain).with("ETag", "\"a\""); },
      {.codings = {zstd_encoding(), brotli_encoding(), gzip_encoding()}});
  for (const auto& [wants, gets] : {std::pair("gzip, br, zstd", "zstd"), std::pair("gzip, br", "br"), std::pair("gzip", "gzip"),
                                    std::pair("zstd;q=0.5, gzip;q=0.8, br;q=0.7", "gzip"), std::pair("*", "zstd"),
                                    std::pair("zstd;q=0, *", "br")}) {
    CAPTURE(wants);
    for (const auto* path : {"/", "/large"}) {
      response r = app(request::get(path, {{"Accept-Encoding", wants}}));
      CHECK(r.fields["Content-Encoding"] == gets);
      CHECK(r.fields["ETag"] == std::string("\"a-") + gets + "\"");
      REQUIRE(decode(r));
      auto reading = r.body.read_all();
      REQUIRE(reading.try_start());
      const auto read = reading.take();
      REQUIRE(read);
      CHECK(*read == (path[1] == 0 ? plain : large));
    }
  }
}

TEST_CASE("what to ask for", "[apart]") {
  CHECK(accept_encoding(all_codings) == "gzip, deflate, br, zstd");
}
