// What the recipes of docs/testing.md about TLS call `secure_download`: see recipes.hpp.
// Links with: -lssl -lcrypto
#pragma once

#include "recipes.hpp"

#include <tinyhttp/testing_tls.hpp>

/// The code under test: gets a URL, once. `ca_file`: whom to trust. `shown`: a file with our certificate and key.
inline outcome secure_download(const std::string& url, const std::string& ca_file, const std::string& shown = {}) {
  tinyhttp::tls_client_options whom;
  whom.ca_file = ca_file;
  whom.certificate_file = shown;
  tinyhttp::client_options how;
  how.tls = tinyhttp::tls_client_context(whom).value();
  how.connect_timeout = patience() * 3 / 20;  // 300 ms
  auto got = tinyhttp::client(std::move(how)).get(url);
  if (!got || got->status != 200) return {};
  return {true, std::string(got->body.text())};
}
