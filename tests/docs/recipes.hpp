// What the recipes of docs/testing.md call `download` and `CHECK`: see check_docs.py.
#pragma once

#include <tinyhttp/client/client.hpp>
#include <tinyhttp/testing.hpp>
#include <tinyhttp/testing/recording.hpp>

#include <cstdio>
#include <optional>
#include <string>
#include <thread>

using namespace tinyhttp::testing;

struct outcome {
  bool ok = false;
  std::string octets = {};
};

/// The code under test: gets a URL, and goes on where the line dropped, at most three times.
inline outcome download(std::string url, const std::string& login = {}) {
  tinyhttp::client_options how;
  how.first_octet_timeout = how.idle_timeout = patience() * 3 / 20;  // 300 ms
  how.max_redirects = 5;
  tinyhttp::client client(how);
  if (!login.empty()) url.insert(url.find("://") + 3, login + "@");
  std::string have, tag;
  for (int attempt = 0; attempt < 4; ++attempt) {
    tinyhttp::call_options with;
    if (!have.empty() && !tag.empty()) {
      with.fields.set("Range", "bytes=" + std::to_string(have.size()) + "-").set("If-Range", tag);
    } else {
      have.clear();
    }
    auto got = client.open(url, std::move(with));
    if (!got) continue;
    const auto wanted = "bytes " + std::to_string(have.size()) + "-";
    const bool goes_on = got->status == 206 && !have.empty() && got->fields["Content-Range"].starts_with(wanted);
    if (got->status != 200 && !goes_on) return {};
    if (got->status == 200) have.clear();
    tag = got->fields["ETag"];
    for (;;) {
      auto next = got->body.next();
      next.start();
      const auto piece = next.take();
      if (!piece) break;
      if (piece->empty()) return {true, have};
      have.append(*piece);
    }
  }
  return {};
}

inline int wrong_checks = 0;
#define CHECK(...)                                                                                  \
  do {                                                                                              \
    if (!static_cast<bool>(__VA_ARGS__)) ++wrong_checks, std::printf("line %d: not so: %s\n", __LINE__, #__VA_ARGS__); \
  } while (false)
