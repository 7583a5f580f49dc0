// Writes the seeds of every target anew, from the wire table: seeds DIRECTORY.
//
// Each target reads a few octets first to choose by; zeros are put in front for them.
#include "wire/cases.hpp"

#include <cstdio>
#include <string>
#include <string_view>

namespace {

int wrong = 0;

void write(const std::string& directory, std::size_t number, std::string_view octets) {
  const std::string path = directory + "/" + std::to_string(number);
  std::FILE* const file = std::fopen(path.c_str(), "wb");
  if (file == nullptr || std::fwrite(octets.data(), 1, octets.size(), file) != octets.size()) ++wrong;
  if (file != nullptr && std::fclose(file) != 0) ++wrong;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) return std::fprintf(stderr, "usage: seeds DIRECTORY\n"), 2;
  const std::string root = argv[1];
  constexpr std::string_view zeros("\0\0\0", 3);
  std::size_t n = 0;
  for (const auto& c : wire::requests()) {
    if (++n % 23 != 0 && c.at != wire::fault::none) continue;
    if (n % 9 != 0 && c.at == wire::fault::none) continue;
    write(root + "/requests", n, std::string(zeros.substr(0, 2)) + c.octets);
    if (c.body.empty()) write(root + "/head", n, std::string(zeros.substr(0, 1)) + c.octets);
  }
  for (const auto& c : wire::responses()) {
    if (++n % 13 == 0) write(root + "/responses", n, std::string(zeros) + c.octets);
    if (n % 39 == 0) write(root + "/head", n, std::string(zeros.substr(0, 1)) + c.octets);
  }
  for (const auto& row : wire::chunked_bodies)
    if (++n % 5 == 0) write(root + "/chunked", n, std::string(zeros.substr(0, 1)) + std::string(row.wire));
  for (const auto& row : wire::request_lines) {
    const auto first = row.line.find(' ');
    const auto second = row.line.find(' ', first + 1);
    if (++n % 6 == 0 && second != row.line.npos)
      write(root + "/target", n, std::string(zeros.substr(0, 1)) + std::string(row.line.substr(first + 1, second - first - 1)));
  }
  write(root + "/fields", 1, "\x01\x02" "abc\x04value");
  write(root + "/fields", 2, "\x01\x01" "X\x02y \x02\x01X\x03zzz\x03\x01" "x\x04\x01\x01Y\x01");
  return wrong == 0 ? 0 : 1;
}
