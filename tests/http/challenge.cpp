// tests/http/challenge.cpp -- tests http/challenge.hpp
#include "catch.hpp"

#include <tinyhttp/http/challenge.hpp>

#include <string>
#include <string_view>

using namespace tinyhttp;

namespace {

/// Every challenge as `scheme/token68/parameters`, and what could not be read behind a `!`.
std::string taken(std::string_view field) {
  std::string all;
  while (const auto c = take_challenge(field)) {
    all.append(c->scheme).append("/").append(c->token68).append("/");
    auto rest = c->parameters;
    while (const auto p = take_auth_parameter(rest))
      all.append(p->name).append("=").append(p->text()).append(";");
    all += ' ';
  }
  if (!field.empty()) all.append("!").append(field);
  return all;
}

}  // namespace

TEST_CASE("several challenges share one list and its commas (RFC 9110 11.6.1)", "[http][challenge]") {
  CHECK(taken("Basic realm=\"x\"") == "Basic//realm=x; ");
  CHECK(taken("Newauth realm=\"apps\", type=1, title=\"Login to \\\"apps\\\"\", Basic realm=\"simple\"") ==
        "Newauth//realm=apps;type=1;title=Login to \"apps\"; Basic//realm=simple; ");
  CHECK(taken("Negotiate") == "Negotiate// ");
  CHECK(taken("Negotiate, NTLM , Basic realm=x") == "Negotiate// NTLM// Basic//realm=x; ");
  CHECK(taken("Negotiate abc+/==, Basic realm=x") == "Negotiate/abc+/==/ Basic//realm=x; ");
  CHECK(taken("Digest a = b ,c= \"d, Basic e=f\",, , Basic g=h") ==
        "Digest//a=b;c=d, Basic e=f; Basic//g=h; ");
  CHECK(taken(", ,\tBasic realm=x,") == "Basic//realm=x; ");
  CHECK(taken("") == "");
  CHECK(taken("Negotiate a1b2==") == "Negotiate/a1b2==/ ");
  CHECK(taken("NTLM ,") == "NTLM// ");
  CHECK(taken("Digest a\t=\tb") == "Digest//a=b; ");
}

TEST_CASE("what cannot be read ends the list and invents nothing", "[http][challenge]") {
  CHECK(taken("=x") == "!=x");
  CHECK(taken("Basic realm=\"open") == "Basic// !realm=\"open");
  CHECK(taken("Basic realm=\"x\"y") == "Basic// !realm=\"x\"y");
  CHECK(taken("Basic \"x\"") == "Basic// !\"x\"");
  CHECK(taken("Ba(sic") == "!Ba(sic");
  CHECK(taken("Basic =") == "Basic// !=");
  CHECK(taken("Basic a=b, =x") == "Basic//a=b; !=x");
  CHECK(taken("Basic x=y, a=, b=c") == "Basic//x=y; !a=, b=c");
  CHECK(taken("Negotiate,a=b") == "Negotiate// !a=b");          // parameters stand behind a space
  CHECK(taken("Negotiate abc==, a=b") == "Negotiate/abc==/ !a=b");  // and never beside a token68
}

TEST_CASE("a parameter is found by its name, whatever its case, the first one", "[http][challenge]") {
  std::string_view field = "Digest Realm=\"a \\\\ b\", nonce=n, realm=second";
  const auto c = take_challenge(field);
  REQUIRE(c);
  CHECK(c->parameter("realm") == "a \\ b");
  CHECK(c->parameter("NONCE") == "n");
  CHECK(!c->parameter("opaque"));
  std::string_view two = "Digest a=b, Basic realm=x";
  CHECK(take_challenge(two)->parameters == "a=b");  // not what the next one says
}

TEST_CASE("quoting and reading are each other's reverse", "[http][challenge]") {
  std::string text;
  append_quoted(text, "a \"b\" \\ c");
  CHECK(text == "\"a \\\"b\\\" \\\\ c\"");
  std::string all = "X y=" + text;
  std::string_view field = all;
  CHECK(take_challenge(field)->parameter("y") == "a \"b\" \\ c");
}
