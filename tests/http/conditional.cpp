// Entity tags, and the order in which a request's conditions are decided.
#include <tinyhttp/http/conditional.hpp>

#include "catch.hpp"

#include <optional>
#include <string>
#include <string_view>

using namespace tinyhttp;
using namespace std::string_view_literals;

namespace {

constexpr auto proceed = precondition_verdict::proceed;
constexpr auto not_modified = precondition_verdict::not_modified;
constexpr auto failed = precondition_verdict::precondition_failed;

constexpr std::string_view before = "Sun, 06 Nov 1994 08:49:36 GMT";
constexpr std::string_view same = "Sun, 06 Nov 1994 08:49:37 GMT";
constexpr std::string_view after = "Sun, 06 Nov 1994 08:49:38 GMT";

/// Changed at `same`, looked at an hour later.
constexpr representation_facts file{
    .etag = "\"a\"", .last_modified = 784'111'777, .exists = true, .now = 784'115'377};
constexpr representation_facts nothing{
    .etag = {}, .last_modified = std::nullopt, .exists = false, .now = 784'115'377};
constexpr representation_facts without_validators{
    .etag = {}, .last_modified = std::nullopt, .exists = true, .now = 784'115'377};

// the four rows of the table in 8.8.3.2
static_assert(!strong_match({"1", true}, {"1", true}) && weak_match({"1", true}, {"1", true}));
static_assert(!strong_match({"1", true}, {"2", true}) && !weak_match({"1", true}, {"2", true}));
static_assert(!strong_match({"1", true}, {"1", false}) && weak_match({"1", true}, {"1", false}));
static_assert(strong_match({"1", false}, {"1", false}) && weak_match({"1", false}, {"1", false}));

}  // namespace

TEST_CASE("an entity tag is quoted and has no escapes", "[http][conditional][rfc9110-8.8.3]") {
  struct row {
    std::string_view text;
    std::optional<entity_tag> tag;
  };
  const row rows[] = {
      {"\"xyzzy\"", entity_tag{"xyzzy", false}},
      {"W/\"xyzzy\"", entity_tag{"xyzzy", true}},
      {"\"\"", entity_tag{"", false}},
      {"W/\"\"", entity_tag{"", true}},
      {"\"a,b\"", entity_tag{"a,b", false}},
      {"\"a\\\"", entity_tag{"a\\", false}},
      {"\"!~\"", entity_tag{"!~", false}},
      {"\"\xc3\xa9\"", entity_tag{"\xc3\xa9", false}},
      {"w/\"xyzzy\"", {}},
      {"W/ \"xyzzy\"", {}},
      {"W\"xyzzy\"", {}},
      {"W/", {}},
      {"W/xyzzy", {}},
      {"xyzzy", {}},
      {"'xyzzy'", {}},
      {"\"xyzzy", {}},
      {"xyzzy\"", {}},
      {"\"", {}},
      {"W/\"", {}},
      {"\"a b\"", {}},
      {"\"a\"b\"", {}},
      {"\"a\tb\"", {}},
      {"\"a\0b\""sv, {}},
      {"\"a\x7f\"", {}},
      {" \"a\"", {}},
      {"*", {}},
      {"", {}},
  };
  for (const row& r : rows) {
    CAPTURE(r.text);
    CHECK(parse_entity_tag(r.text) == r.tag);
  }
}

TEST_CASE("one condition decides alone", "[http][conditional][rfc9110-13.1]") {
  struct row {
    preconditions fields;
    precondition_verdict get;    // for GET and HEAD, of a file that exists
    precondition_verdict put;    // for other methods, of the same file
    precondition_verdict fresh;  // for other methods, where nothing exists
  };
  const row rows[] = {
      {{}, proceed, proceed, proceed},
      // 13.1.1 If-Match: strong, a list, or anything that exists
      {{.if_match = "\"a\""}, proceed, proceed, failed},
      {{.if_match = "\"b\", \"a\""}, proceed, proceed, failed},
      {{.if_match = ",, \"b\" ,\"a\","}, proceed, proceed, failed},
      {{.if_match = "*"}, proceed, proceed, failed},
      {{.if_match = " * "}, proceed, proceed, failed},
      {{.if_match = "\"b\""}, failed, failed, failed},
      {{.if_match = "W/\"a\""}, failed, failed, failed},
      {{.if_match = ""}, failed, failed, failed},
      {{.if_match = "a"}, failed, failed, failed},
      {{.if_match = "\"a"}, failed, failed, failed},
      {{.if_match = "*, \"b\""}, failed, failed, failed},  // no mixing of the two forms
      {{.if_match = "\"b, \"a\""}, failed, failed, failed},
      // 13.1.2 If-None-Match: weak
      {{.if_none_match = "\"a\""}, not_modified, failed, proceed},
      {{.if_none_match = "W/\"a\""}, not_modified, failed, proceed},
      {{.if_none_match = "\"b\", W/\"a\""}, not_modified, failed, proceed},
      {{.if_none_match = "\"b\\\", \"a\""}, not_modified, failed, proceed},
      {{.if_none_match = "\"b,\", \"a\""}, not_modified, failed, proceed},
      {{.if_none_match = "x, \"a\""}, not_modified, failed, proceed},
      {{.if_none_match = "*"}, not_modified, failed, proceed},
      {{.if_none_match = "\"b\""}, proceed, proceed, proceed},
      {{.if_none_match = "\"A\""}, proceed, proceed, proceed},
      {{.if_none_match = "a"}, proceed, proceed, proceed},
      {{.if_none_match = ""}, proceed, proceed, proceed},
      {{.if_none_match = "\"*\""}, proceed, proceed, proceed},
      {{.if_none_match = "\"a\0\""sv}, proceed, proceed, proceed},
      // 13.1.3 If-Modified-Since: GET and HEAD only
      {{.if_modified_since = before}, proceed, proceed, proceed},
      {{.if_modified_since = same}, not_modified, proceed, proceed},
      {{.if_modified_since = after}, not_modified, proceed, proceed},
      {{.if_modified_since = "Sunday, 06-Nov-94 08:49:37 GMT"}, not_modified, proceed, proceed},
      {{.if_modified_since = "Sun Nov  6 08:49:37 1994"}, not_modified, proceed, proceed},
      {{.if_modified_since = "yesterday"}, proceed, proceed, proceed},
      {{.if_modified_since = ""}, proceed, proceed, proceed},
      {{.if_modified_since = "0"}, proceed, proceed, proceed},
      {{.if_modified_since = "Sun, 06 Nov 1994 08:49:37 GMT, Sun, 06 Nov 1994 08:49:37 GMT"},
       proceed,
       proceed,
       proceed},
      // 13.1.4 If-Unmodified-Since: any method
      {{.if_unmodified_since = before}, failed, failed, proceed},
      {{.if_unmodified_since = same}, proceed, proceed, proceed},
      {{.if_unmodified_since = after}, proceed, proceed, proceed},
      {{.if_unmodified_since = "yesterday"}, proceed, proceed, proceed},
      {{.if_unmodified_since = ""}, proceed, proceed, proceed},
  };
  for (const row& r : rows) {
    CAPTURE(r.fields.if_match, r.fields.if_none_match, r.fields.if_modified_since,
            r.fields.if_unmodified_since);
    CHECK(evaluate_preconditions(true, r.fields, file) == r.get);
    CHECK(evaluate_preconditions(false, r.fields, file) == r.put);
    CHECK(evaluate_preconditions(false, r.fields, nothing) == r.fresh);
  }
}

TEST_CASE("conditions are decided in the order of the RFC", "[http][conditional][rfc9110-13.2.2]") {
  struct row {
    preconditions fields;
    precondition_verdict get;
    precondition_verdict put;
  };
  const row rows[] = {
      // If-Match hides If-Unmodified-Since
      {{.if_match = "\"a\"", .if_unmodified_since = before}, proceed, proceed},
      {{.if_match = "\"b\"", .if_unmodified_since = after}, failed, failed},
      // If-None-Match hides If-Modified-Since, even where it is nonsense
      {{.if_none_match = "\"b\"", .if_modified_since = after}, proceed, proceed},
      {{.if_none_match = "\"a\"", .if_modified_since = before}, not_modified, failed},
      {{.if_none_match = "", .if_modified_since = after}, proceed, proceed},
      // 412 comes before 304
      {{.if_match = "\"b\"", .if_none_match = "\"a\""}, failed, failed},
      {{.if_none_match = "\"a\"", .if_unmodified_since = before}, failed, failed},
      {{.if_match = "\"a\"", .if_none_match = "\"a\""}, not_modified, failed},
      {{.if_match = "*", .if_none_match = "\"b\""}, proceed, proceed},
      {{.if_modified_since = after, .if_unmodified_since = after}, not_modified, proceed},
      {{.if_modified_since = before, .if_unmodified_since = before}, failed, failed},
      {{.if_match = "\"a\"", .if_modified_since = same}, not_modified, proceed},
  };
  for (const row& r : rows) {
    CAPTURE(r.fields.if_match, r.fields.if_none_match, r.fields.if_modified_since,
            r.fields.if_unmodified_since);
    CHECK(evaluate_preconditions(true, r.fields, file) == r.get);
    CHECK(evaluate_preconditions(false, r.fields, file) == r.put);
  }
}

TEST_CASE("a representation without validators matches only the asterisk",
          "[http][conditional][rfc9110-13.1]") {
  const auto get = [](const preconditions& fields) {
    return evaluate_preconditions(true, fields, without_validators);
  };
  CHECK(get({.if_match = "*"}) == proceed);
  CHECK(get({.if_match = "\"\""}) == failed);
  CHECK(get({.if_none_match = "*"}) == not_modified);
  CHECK(get({.if_none_match = "\"\""}) == proceed);
  CHECK(get({.if_modified_since = after}) == proceed);
  CHECK(get({.if_unmodified_since = before}) == proceed);
}

TEST_CASE("what is no tag matches nothing, not even the empty tag", "[http][conditional][rfc9110-8.8.3]") {
  representation_facts untagged = file;
  untagged.etag = "\"\"";
  CHECK(evaluate_preconditions(true, {.if_none_match = "junk, W/"}, untagged) == proceed);
  CHECK(evaluate_preconditions(false, {.if_match = "junk"}, untagged) == failed);
  CHECK(evaluate_preconditions(true, {.if_none_match = "junk, \"\""}, untagged) == not_modified);
}

TEST_CASE("If-Range lets a range through only for the very same octets",
          "[http][conditional][rfc9110-13.1.5]") {
  representation_facts weak = file;
  weak.etag = "W/\"a\"";
  representation_facts young = file;
  young.now = *file.last_modified;
  representation_facts gone = file;
  gone.exists = false;
  representation_facts just_old_enough = file;
  just_old_enough.now = *file.last_modified + 1;

  struct row {
    std::string_view field;
    representation_facts facts;
    bool applies;
  };
  const row rows[] = {
      {"\"a\"", file, true},
      {"\"b\"", file, false},
      {"W/\"a\"", file, false},
      {"\"a\"", weak, false},
      {"W/\"a\"", weak, false},
      {"\"a\"", nothing, false},
      {"\"a\"", without_validators, false},
      {"\"\"", without_validators, false},
      {"Thu, 01 Jan 1970 00:00:00 GMT", without_validators, false},
      {"\"a\"", gone, false},
      {"\"a\", \"b\"", file, false},  // one validator, not a list
      {"*", file, false},
      {same, file, true},
      {before, file, false},
      {after, file, false},  // exact: later is not good enough
      {"Sunday, 06-Nov-94 08:49:37 GMT", file, true},
      {"Sun Nov  6 08:49:37 1994", file, true},
      {same, young, false},
      {same, just_old_enough, true},
      {same, without_validators, false},
      {same, nothing, false},
      {"a", file, false},
      {"", file, false},
      {"\"a", file, false},
      {"\"a\"\0"sv, file, false},
  };
  for (const row& r : rows) {
    CAPTURE(r.field, r.facts.etag, r.facts.now);
    CHECK(evaluate_if_range(r.field, r.facts) == r.applies);
  }
}

TEST_CASE("a hostile list costs no more than its length", "[http][conditional]") {
  std::string list;
  for (int i = 0; i < 200'000; ++i) list += "\"x\",";
  CHECK(evaluate_preconditions(true, {.if_none_match = list}, file) == proceed);
  CHECK(evaluate_preconditions(true, {.if_none_match = list + "\"a\""}, file) == not_modified);
  const std::string quotes(1'000'001, '"');
  CHECK(evaluate_preconditions(true, {.if_none_match = quotes}, file) == proceed);
  CHECK(evaluate_preconditions(false, {.if_match = quotes}, file) == failed);
}

TEST_CASE("the conditions of a request are judged by its method and its fields", "[http][conditional][rfc9110-13.2.2]") {
  struct row {
    tinyhttp::method asked;
    fields of_request;
    precondition_verdict verdict;
  };
  const row rows[] = {
      {method::get, {}, proceed},
      {method::get, {{"If-None-Match", "\"a\""}}, not_modified},
      {method::head, {{"If-None-Match", "W/\"a\""}}, not_modified},
      {method::put, {{"If-None-Match", "*"}}, failed},
      {method::put, {{"If-Match", "*"}}, proceed},
      {method::put, {{"If-Match", "\"b\""}, {"if-match", "\"a\""}}, proceed},  // two lines are one list
      {method::patch, {{"If-Match", "\"b\""}}, failed},
      {method::get, {{"If-Modified-Since", same}}, not_modified},
      {method::post, {{"If-Modified-Since", same}}, proceed},  // for GET and HEAD alone (13.1.3)
      {method::post, {{"If-Unmodified-Since", before}}, failed},
      {method::post, {{"If-Unmodified-Since", same}}, proceed},
  };
  for (const row& r : rows) {
    std::string shown;
    r.of_request.append_to(shown);
    CAPTURE(r.asked.name(), shown);
    CHECK(evaluate_preconditions(r.asked, r.of_request, file) == r.verdict);
  }
}
