#include <tinyhttp/http/body.hpp>

#include <cstdint>
#include <cstring>
#include <limits>
#include <memory>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "catch.hpp"

using namespace tinyhttp;

namespace {

/// Runs a task that waits for nothing.
template <class T>
T run(task<T> t) {
  t.start();
  REQUIRE(t.done());
  return t.take();
}

/// Octets that give at most `piece` of themselves at a time, and may end early.
class slow_source final : public content_source {
 public:
  slow_source(std::string octets, std::size_t piece) : octets_(std::move(octets)), piece_(piece) {}
  result<std::size_t> read_at(std::uint64_t offset, std::span<char> room) const override {
    if (offset >= octets_.size()) return std::size_t{0};
    const auto rest = std::string_view(octets_).substr(static_cast<std::size_t>(offset));
    return rest.copy(room.data(), room.size() < piece_ ? room.size() : piece_);
  }

 private:
  std::string octets_;
  std::size_t piece_;
};

class broken_source final : public content_source {
 public:
  result<std::size_t> read_at(std::uint64_t, std::span<char>) const override {
    return error(error_kind::io, "read: no luck");
  }
};

content_slice slice_of(std::string octets, std::uint64_t offset, std::uint64_t length,
                       std::size_t piece = 3) {
  return {std::make_shared<slow_source>(std::move(octets), piece), offset, length};
}

body counted(std::vector<std::string> pieces, std::optional<std::uint64_t> length = std::nullopt) {
  return stream_body(
      [pieces = std::move(pieces), at = std::size_t{0}]() mutable {
        return at < pieces.size() ? pieces[at++] : std::string();
      },
      length);
}

/// Everything `next` gives, pieces divided by `|`.
std::string pulled(body& b) {
  std::string all;
  for (;;) {
    const auto piece = run(b.next());
    if (!piece) return all + "!" + piece.error().message();
    if (piece->empty()) return all;
    all.append(all.empty() ? "" : "|").append(*piece);
  }
}

}  // namespace

TEST_CASE("a body of any kind knows its length, and is pulled to its end", "[http][body]") {
  std::vector<body_piece> parts;
  parts.emplace_back(std::string("ab"));
  parts.emplace_back(std::string());
  parts.emplace_back(slice_of("0123456789", 4, 5));
  parts.emplace_back(slice_of("x", 0, 0));
  parts.emplace_back(std::string("c"));

  struct row {
    body content;
    std::optional<std::uint64_t> length;
    std::string pulled;
    bool octets;
  };
  row rows[] = {
      {body(), 0, "", true},
      {body(""), 0, "", true},
      {body("text"), 4, "text", true},
      {body(std::string_view("a\0b", 3)), 3, std::string("a\0b", 3), true},
      {body(std::make_shared<const std::string>("shared")), 6, "shared", true},
      {body(slice_of("0123456789", 2, 7)), 7, "234|567|8", false},
      {body(slice_of("0123456789", 2, 0)), 0, "", false},
      {body(parts), 8, "ab|456|78|c", false},
      {body(std::vector<body_piece>()), 0, "", false},
      {counted({"one", "two"}), std::nullopt, "one|two", false},
      {counted({"one"}, 3), 3, "one", false},
  };
  for (auto& each : rows) {
    CAPTURE(each.pulled);
    CHECK(each.content.length() == each.length);
    CHECK(each.content.is_octets() == each.octets);
    body copy = each.content;
    CHECK(pulled(copy) == each.pulled);
    CHECK(run(copy.next()).value().empty());  // the end stays the end
    body other = each.content;
    if (other.stream() != nullptr) continue;
    std::string here;  // without a task
    for (auto piece = other.next_here(); piece && !piece->empty(); piece = other.next_here())
      here.append(here.empty() ? "" : "|").append(*piece);
    CHECK(here == each.pulled);
  }
}

TEST_CASE("reading a body to its end keeps to the limit, exactly", "[http][body][limit]") {
  const auto reads = [](body b, std::uint64_t limit) {
    const auto all = run(b.read_all(limit));
    if (!all) return std::to_string(all.error().status_hint()) + " " + all.error().message();
    return std::string(*all);
  };
  CHECK(reads(body("12345"), 5) == "12345");
  CHECK(reads(body("12345"), 4) == "413 body: more than 4 octets");
  CHECK(reads(body(), 0) == "");
  CHECK(reads(body(slice_of("0123456789", 1, 5)), 5) == "12345");
  CHECK(reads(body(slice_of("0123456789", 1, 5)), 4) == "413 body: more than 4 octets");
  CHECK(reads(counted({"123", "45"}), 5) == "12345");
  CHECK(reads(counted({"123", "45"}), 4) == "413 body: more than 4 octets");
  CHECK(reads(counted({"123", "45"}), 2) == "413 body: more than 2 octets");
  CHECK(reads(counted({"1"}), 0) == "413 body: more than 0 octets");
  CHECK(reads(counted({"1"}, 1), 0) == "413 body: more than 0 octets");
  CHECK(reads(counted({"123"}), std::numeric_limits<std::uint64_t>::max()) == "123");
}

TEST_CASE("a body that has been read is octets, from their beginning on", "[http][body]") {
  const int kind = GENERATE(0, 1, 2);
  body b = kind == 0   ? body(slice_of("0123456789", 0, 10))
           : kind == 1 ? counted({"0123", "456789"})
                       : body(std::vector<body_piece>{body_piece(std::string("0123")),
                                                      body_piece(slice_of("456789", 0, 6))});
  SECTION("in one go") {
    CHECK(run(b.read_all(10)).value() == "0123456789");
    CHECK(b.is_octets());
    CHECK(run(b.read_all(10)).value() == "0123456789");
    CHECK(pulled(b) == "0123456789");
  }
  SECTION("what had been pulled before is gone") {
    const std::string first(run(b.next()).value());
    CHECK(run(b.read_all(10)).value() == std::string("0123456789").substr(first.size()));
    CHECK(pulled(b) == std::string("0123456789").substr(first.size()));
  }
}

TEST_CASE("a source that fails or ends early is an error, not a short body", "[http][body]") {
  body cut(slice_of("0123", 0, 10, 100));
  CHECK(pulled(cut) == "0123!content ended before its length");
  body broken(content_slice{std::make_shared<broken_source>(), 0, 1});
  CHECK(pulled(broken) == "!read: no luck");
  CHECK(!run(broken.read_all(10)));
}

TEST_CASE("a stream may give results, or tasks of results", "[http][body]") {
  int left = 2;
  body results = stream_body([&left]() -> result<std::string> {
    if (left-- > 0) return std::string("r");
    return error(error_kind::closed, "cut");
  });
  CHECK(pulled(results) == "r|r!cut");
  left = 2;
  body tasks = stream_body(
      [&left]() -> task<result<std::string>> { co_return std::string(left-- > 0 ? "t" : ""); });
  CHECK(pulled(tasks) == "t|t");
}

TEST_CASE("what a stream throws comes out where it is pulled", "[http][body]") {
  const auto pull = [](body b) {
    auto next = b.next();
    next.start();
    return std::string(next.take().value());
  };
  CHECK_THROWS_WITH(pull(stream_body([]() -> std::string { throw std::runtime_error("now"); })), "now");
  CHECK_THROWS_WITH(pull(stream_body([]() -> task<result<std::string>> {
                      throw std::runtime_error("later");
                      co_return std::string();
                    })),
                    "later");
}

TEST_CASE("a body that was moved from is empty, and null pointers are empty bodies",
          "[http][body][lifetime]") {
  body from =
      GENERATE(as<body>(), body("text"), body(std::make_shared<const std::string>("shared")),
               counted({"x"}), body(slice_of("0123", 0, 4)),
               body(std::shared_ptr<const std::string>()), body(std::shared_ptr<body_stream>()));
  const body to = std::move(from);
  CHECK(from.is_octets());
  CHECK(from.text().empty());
  CHECK(from.length() == 0);
  CHECK(pulled(from) == "");
  CHECK((to.is_octets() || to.stream() != nullptr || to.slice() != nullptr));
}

TEST_CASE("a body of any kind becomes another in place", "[http][body][lifetime]") {
  const auto text = std::make_shared<const std::string>("shared");
  const body before = GENERATE_REF(body(), body("own octets, too many to be kept in place"), body(text), counted({"x"}),
                                   body(slice_of("0123", 0, 4)), body(std::vector<body_piece>{std::string("a")}));
  body b = before;
  (void)run(b.next());
  b.become(std::shared_ptr<const std::string>(text));
  CHECK(pulled(b) == "shared");
  b.become(slice_of("content", 3, 4));
  CHECK_FALSE(b.is_octets());
  CHECK(b.length() == 4U);
  CHECK(pulled(b) == "ten|t");
  b.become(std::shared_ptr<const std::string>());
  CHECK(b.length() == 0U);
  CHECK(pulled(b) == "");
}

TEST_CASE("trailers of a stream outlive it", "[http][body][rfc9110-6.5]") {
  class with_trailers final : public body_stream {
   public:
    task<result<std::string_view>> next() override {
      const bool first = !std::exchange(pulled_, true);
      co_return std::string_view(first ? "x" : "");
    }
    [[nodiscard]] const fields* trailers() const noexcept override { return &section_; }

   private:
    bool pulled_ = false;
    fields section_{{"Digest", "d"}};
  };
  body b(std::make_shared<with_trailers>());
  CHECK(run(b.read_all(1)).value() == "x");
  REQUIRE(b.trailers() != nullptr);
  CHECK((*b.trailers())["digest"] == "d");
  CHECK(body("x").trailers() == nullptr);
}
