// tests/http/multipart.cpp -- tests http/multipart.hpp and http/typed_body.hpp
#include "catch.hpp"

#include <tinyhttp/http/multipart.hpp>

#include <memory>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

using namespace tinyhttp;

namespace {

class text_source final : public content_source {
 public:
  explicit text_source(std::string octets) : octets_(std::move(octets)) {}
  result<std::size_t> read_at(std::uint64_t offset, std::span<char> room) const override {
    const auto rest = std::string_view(octets_).substr(static_cast<std::size_t>(offset));
    return rest.copy(room.data(), room.size());
  }

 private:
  std::string octets_;
};

std::string all_of(body b) {
  auto reading = b.read_all(1 << 20);
  if (!reading.try_start()) FAIL("it waits, and for nothing");
  const auto read = reading.take();
  return read ? std::string(*read) : "!" + read.error().message();
}

body stream_of(std::string octets, bool tells_length) {
  const auto length = octets.size();
  auto pull = [octets = std::move(octets)]() mutable { return std::exchange(octets, ""); };
  if (tells_length) return stream_body(std::move(pull), length);
  return stream_body(std::move(pull));
}

}  // namespace

TEST_CASE("a form of fields and files is written part by part (RFC 7578)", "[http][multipart]") {
  multipart_form form("B");
  form.add("user", "Ada Lovelace").add("empty", "");
  form.add_file("notes", "n.txt", "some\r\noctets");
  form.add("after", "1");
  form.add_file("x", "y", body(), "image/png");
  const typed_body made = std::move(form).finish();
  CHECK(made.media_type == "multipart/form-data; boundary=B");
  const std::string expected =
      "--B\r\nContent-Disposition: form-data; name=\"user\"\r\n\r\nAda Lovelace\r\n"
      "--B\r\nContent-Disposition: form-data; name=\"empty\"\r\n\r\n\r\n"
      "--B\r\nContent-Disposition: form-data; name=\"notes\"; filename=\"n.txt\"\r\n"
      "Content-Type: text/plain\r\n\r\nsome\r\noctets\r\n"
      "--B\r\nContent-Disposition: form-data; name=\"after\"\r\n\r\n1\r\n"
      "--B\r\nContent-Disposition: form-data; name=\"x\"; filename=\"y\"\r\n"
      "Content-Type: image/png\r\n\r\n\r\n"
      "--B--\r\n";
  CHECK(all_of(made.body) == expected);
  CHECK(made.body.length() == expected.size());
}

TEST_CASE("a form without files is octets, and one without anything is its end", "[http][multipart]") {
  multipart_form fields("B");
  fields.add("a", "b");
  CHECK(std::move(fields).finish().body.text() ==
        "--B\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\nb\r\n--B--\r\n");
  CHECK(multipart_form("B").finish().body.text() == "--B--\r\n");
}

TEST_CASE("files stay slices, which can be sent again; a stream makes it a stream", "[http][multipart]") {
  const content_slice slice{std::make_shared<text_source>("0123456789"), 2, 5};
  const auto with = [&slice](body more) {
    multipart_form form("B");
    form.add_file("f", "f.bin", slice).add_file("g", "g", std::move(more), "a/b");
    return std::move(form).finish().body;
  };
  const std::string head =
      "--B\r\nContent-Disposition: form-data; name=\"f\"; filename=\"f.bin\"\r\n"
      "Content-Type: application/octet-stream\r\n\r\n23456\r\n"
      "--B\r\nContent-Disposition: form-data; name=\"g\"; filename=\"g\"\r\nContent-Type: a/b\r\n\r\n";
  const body pieces = with(std::vector<body_piece>{std::string("x"), slice});
  CHECK(pieces.pieces() != nullptr);
  CHECK(all_of(pieces) == head + "x23456\r\n--B--\r\n");
  CHECK(all_of(pieces) == head + "x23456\r\n--B--\r\n");

  const body known = with(stream_of("stream", true));
  CHECK(known.stream() != nullptr);
  CHECK(known.length() == head.size() + 15);
  CHECK(all_of(known) == head + "stream\r\n--B--\r\n");
  const body unknown = with(stream_of("stream", false));
  CHECK(!unknown.length());
  CHECK(all_of(unknown) == head + "stream\r\n--B--\r\n");
  body broken = with(stream_body([]() -> result<std::string> { return error(error_kind::io, "no luck"); }));
  CHECK(all_of(broken) == "!no luck");
}

TEST_CASE("names cannot end their quotes or their line", "[http][multipart][security]") {
  multipart_form form("B");
  form.add("a\"b\r\nc\\d%22 \xc3\xa4", "v");
  form.add_file("f", "../\"x\"\r\n\r\n.txt", "o");
  const auto text = all_of(std::move(form).finish().body);
  CHECK(text.find("; name=\"a%22b%0D%0Ac\\d%22 \xc3\xa4\"\r\n\r\nv\r\n") != std::string::npos);
  CHECK(text.find("; filename=\"../%22x%22%0D%0A%0D%0A.txt\"\r\nContent-Type: text/plain") !=
        std::string::npos);
}

TEST_CASE("a boundary or a media type that would break the format throws", "[http][multipart]") {
  CHECK_THROWS_AS(multipart_form(""), std::invalid_argument);
  CHECK_THROWS_AS(multipart_form(std::string(71, 'x')), std::invalid_argument);
  CHECK_THROWS_AS(multipart_form("a b"), std::invalid_argument);
  multipart_form form(std::string(70, 'x'));
  CHECK_THROWS_AS(form.add_file("f", "f", "", "text/plain\r\nEvil: 1"), std::invalid_argument);
  CHECK(all_of(std::move(form).finish().body) == "--" + std::string(70, 'x') + "--\r\n");
}

TEST_CASE("a form body says what it is", "[http][form]") {
  const typed_body form = form_body({{"name", "Ada Lovelace"}, {"q", "a&b=\xc3\xa4"}});
  CHECK(form.media_type == "application/x-www-form-urlencoded");
  CHECK(form.body.text() == "name=Ada+Lovelace&q=a%26b%3D%C3%A4");
}
