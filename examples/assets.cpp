// Carries a folder along in the program: serves it from memory, or makes source text of it.
//
//   $ c++ -std=c++20 -O2 -Iinclude examples/assets.cpp -o assets && ./assets public
//   7 files in memory, at http://127.0.0.1:8000/
//
//   $ ./assets public site.hpp
//   site.hpp: 7 files; call add_site(assets)
//
//   assets FOLDER [--port N]     serve: hashes as entity tags, stored .br, .zst and .gz as variants
//   assets FOLDER HEADER         write a header that a program includes; compile it in one file only
#include <tinyhttp/tinyhttp.hpp>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace th = tinyhttp;

// Octets as a string literal: octal escapes have an end, hexadecimal ones do not.
std::string literal(std::string_view octets) {
  std::string text = octets.empty() ? "\"\"s" : "";
  for (; !octets.empty(); octets.remove_prefix(std::min<std::size_t>(octets.size(), 100))) {
    text += "\n      \"";
    for (const char c : octets.substr(0, 100)) {
      char escape[5];
      std::snprintf(escape, sizeof escape, "\\%03o", static_cast<unsigned>(static_cast<unsigned char>(c)));
      const bool plain = c >= ' ' && c <= '~' && c != '"' && c != '\\' && c != '?';
      if (plain) text += c;
      else text += escape;
    }
    text += octets.size() > 100 ? "\"" : "\"s";
  }
  return text;
}

// Whole or not at all: half a header would be newer than what it is made of.
th::result<void> write_header(const std::vector<th::bundled_file>& files, const std::string& name) {
  std::string text =
      "// Made by `assets`; do not edit.\n#pragma once\n\n#include <tinyhttp/files/assets.hpp>\n\n"
      "inline void add_site(tinyhttp::assets& to) {\n  using namespace std::string_literals;\n";
  for (const auto& file : files)
    text += "  to.add(" + literal(file.name) + "," + literal(file.octets) + ", \"" + std::string(file.coding) + "\");\n";
  auto out = th::part_file::create(name);
  if (!out) return out.error();
  if (const auto written = out->write(text + "}\n"); !written) return written;
  return out->commit(false);
}

int main(int argc, char** argv) try {
  const bool helps = argc == 2 && std::string(argv[1]) == "--help";
  const bool served = argc == 2 || (argc == 4 && std::string(argv[2]) == "--port");
  const auto port = th::ascii::parse_decimal_strict(argc == 4 ? argv[3] : "8000", 65535);
  if (helps || !port || (!served && (argc != 3 || argv[2][0] == '-')))
    return std::fputs("usage: assets FOLDER [--port N | HEADER]\n", helps ? stdout : stderr), helps ? 0 : 2;
  auto files = th::read_folder(argv[1]).value();
  if (!served) {
    write_header(files, argv[2]).value();
    return std::printf("%s: %zu files; call add_site(assets)\n", argv[2], files.size()), 0;
  }
  th::assets site({.cache_rules = {{.hashed = true}}, .fallback = "index.html"});
  for (auto& file : files) site.add(file.name, std::move(file.octets), file.coding);
  th::signal_wait stop{SIGINT, SIGTERM};
  const th::server server(site, {.port = static_cast<std::uint16_t>(*port)});
  std::printf("%zu files in memory, at %s\n", files.size(), server.url().c_str());
  std::fflush(stdout);
  stop.wait();
} catch (const std::exception& failed) {
  std::fprintf(stderr, "assets: %s\n", failed.what());
  return 1;
}
