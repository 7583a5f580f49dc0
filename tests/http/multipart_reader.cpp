// Forms with files, pulled off the body of a request.
#include <tinyhttp/http/multipart_reader.hpp>

#include "catch.hpp"

#include <string>
#include <string_view>
#include <utility>

using namespace tinyhttp;

namespace {

constexpr std::string_view whole =
    "--x\r\nContent-Disposition: form-data; name=a\r\n\r\none\r\n"
    "--x\r\nContent-Disposition: form-data; name=f; filename=b.txt\r\nContent-Type: text/plain\r\n\r\nthe file\r\n"
    "--x\r\nContent-Disposition: form-data; name=z\r\n\r\nlast\r\n--x--\r\n";

/// A form that comes `every` octets at a time.
request form_request(std::string_view octets, std::size_t every, std::string_view type = "multipart/form-data; boundary=x") {
  auto pull = [left = std::string(octets), every]() mutable -> result<std::string> {
    if (left.empty()) return std::string();
    std::string piece = left.substr(0, every);
    left.erase(0, every);
    if (piece == "!") return error(error_kind::closed, "body: the peer has gone", 400);
    return piece;
  };
  return request(method::post, "/", {{"Content-Type", type}}, stream_body(std::move(pull)));
}

template <class T>
T now(task<T> work) {
  REQUIRE(work.try_start());
  return work.take();
}

}  // namespace

TEST_CASE("a form is pulled part by part, and what is not read is skipped", "[http][multipart]") {
  for (const std::size_t every : {std::size_t{1}, std::size_t{5}, std::size_t{1000}}) {
    CAPTURE(every);
    request r = form_request(whole, every);
    auto form = multipart_reader::of(r).value();
    REQUIRE(now(form.next_part()).value());
    CHECK(form.part() == form_part{"a", std::nullopt});
    CHECK(now(form.read_part(3)).value() == "one");
    CHECK(now(form.next_piece()).value().empty());  // and stays at the end
    REQUIRE(now(form.next_part()).value());
    CHECK(form.part() == form_part{"f", "b.txt", "text/plain"});
    std::string begin(now(form.next_piece()).value());
    CHECK(std::string_view("the file").starts_with(begin));
    REQUIRE(now(form.next_part()).value());  // in the middle of the file
    CHECK(form.part().name == "z");
    CHECK(now(form.read_part(100)).value() == "last");
    CHECK_FALSE(now(form.next_part()).value());
    CHECK_FALSE(now(form.next_part()).value());
    CHECK(now(form.next_piece()).value().empty());
  }
}

TEST_CASE("a form that fails says so, and goes on saying it", "[http][multipart][limit]") {
  request cut = form_request(whole.substr(0, 50), 10);
  auto form = multipart_reader::of(cut).value();
  REQUIRE(now(form.next_part()).value());
  CHECK(now(form.read_part(100)).error().message() == "multipart: the body ends before its last boundary");
  CHECK(now(form.next_part()).error().status_hint() == 400);

  request gone = form_request(std::string(whole.substr(0, 50)) + "!", 1);
  auto broken = multipart_reader::of(gone).value();
  REQUIRE(now(broken.next_part()).value());
  CHECK(now(broken.next_part()).error().message() == "body: the peer has gone");

  request large = form_request(whole, 1000);
  auto small = multipart_reader::of(large).value();
  REQUIRE(now(small.next_part()).value());
  CHECK(now(small.read_part(2)).error().status_hint() == 413);

  request many = form_request(whole, 1000);
  auto few = multipart_reader::of(many, {.parts = 1}).value();
  REQUIRE(now(few.next_part()).value());
  CHECK(now(few.next_part()).error().status_hint() == 413);
  CHECK(now(few.next_part()).error().status_hint() == 413);

  request other = form_request(whole, 1000, "text/plain");
  CHECK(multipart_reader::of(other).error().status_hint() == 415);
}
