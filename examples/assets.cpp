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

#include <cstdint>
#include <cstdio>
#include <exception>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace th = tinyhttp;

// Octets as a string literal: octal escapes have an end, hexadecimal ones do not.
void print_literal(std::FILE* out, const std::string& octets) {
  for (std::size_t i = 0; i < octets.size(); ++i) {
    const auto octet = static_cast<unsigned char>(octets[i]);
    const bool plain = octet >= 0x20 && octet < 0x7f && octet != '"' && octet != '\\' && octet != '?';
    if (i % 100 == 0) std::fputs("\n      \"", out);
    std::fprintf(out, plain ? "%c" : "\\%03o", octet);
    if (i % 100 == 99 || i + 1 == octets.size()) std::fputc('"', out);
  }
  if (octets.empty()) std::fputs("\"\"", out);
}

void write_header(const std::vector<th::bundled_file>& files, const char* name) {
  std::FILE* out = std::fopen(name, "w");
  if (out == nullptr) throw std::runtime_error(std::string("cannot write ") + name);
  std::fputs("// Made by `assets`; do not edit.\n#pragma once\n\n#include <tinyhttp/files/assets.hpp>\n\n"
             "inline void add_site(tinyhttp::assets& to) {\n  using namespace std::string_literals;\n", out);
  for (const auto& file : files) {
    std::fputs("  to.add(", out);
    print_literal(out, file.name);
    std::fputs("s,", out);
    print_literal(out, file.octets);
    std::fprintf(out, "s, \"%s\");\n", std::string(file.coding).c_str());
  }
  std::fputs("}\n", out);
  const bool incomplete = std::ferror(out) != 0;
  if (std::fclose(out) != 0 || incomplete) throw std::runtime_error(std::string("cannot write ") + name);
}

int main(int argc, char** argv) try {
  const bool helps = argc == 2 && std::string(argv[1]) == "--help";
  const bool served = argc == 2 || (argc == 4 && std::string(argv[2]) == "--port");
  const auto port = th::ascii::parse_decimal_strict(argc == 4 ? argv[3] : "8000", 65535);
  if (helps || !port || (!served && (argc != 3 || argv[2][0] == '-')))
    return std::fputs("usage: assets FOLDER [--port N | HEADER]\n", helps ? stdout : stderr), helps ? 0 : 2;
  auto files = th::read_folder(argv[1]).value();
  if (!served) {
    write_header(files, argv[2]);
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
