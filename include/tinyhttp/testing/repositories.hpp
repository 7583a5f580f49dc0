// tinyhttp/testing/repositories.hpp -- tiny, valid package repositories on a fake server: apt and npm.
//
// Built in memory from a few lines, and used by the real clients. Their files can then be broken like any
// other file of the server, with `srv.on(...)`.
#pragma once

#include <tinyhttp/core/ascii.hpp>
#include <tinyhttp/testing/archive.hpp>
#include <tinyhttp/testing/digest.hpp>
#include <tinyhttp/testing/fake_server.hpp>

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

namespace tinyhttp::testing {

/// A package for either kind: its name, version, files and dependencies.
struct package {
  std::string name;
  std::string version = "1.0.0";
  std::vector<archived_file> files = {};
  std::vector<std::string> depends = {};  // names
};

/// An apt repository below `prefix`, one suite, one component, architecture `all`.
///
///     apt_repository apt(srv);
///     apt.add({.name = "hello", .files = {{"usr/share/hello/a", "a\n"}}});
///     apt.publish();
///     // sources.list: apt.source_line(); a package is at apt.path_of("hello")
class apt_repository {
 public:
  explicit apt_repository(fake_server& on, std::string prefix = "/debian", std::string suite = "stable")
      : server_(on), prefix_(std::move(prefix)), suite_(std::move(suite)) {}

  apt_repository& add(package p);
  /// Puts packages and indices on the server, replacing earlier ones.
  void publish();

  /// `deb [trusted=yes] http://127.0.0.1:PORT/debian stable main`; trusted, because it is not signed.
  [[nodiscard]] std::string source_line() const {
    return "deb [trusted=yes] " + server_.url(prefix_) + " " + suite_ + " main";
  }
  /// The path on the server of the package of that name.
  [[nodiscard]] std::string path_of(const std::string& name) const;

 private:
  struct built {
    package what;
    std::string octets;
  };
  [[nodiscard]] std::string pool_name(const package& p) const {
    return "pool/main/" + p.name + "_" + p.version + "_all.deb";
  }

  fake_server& server_;
  std::string prefix_;
  std::string suite_;
  std::vector<built> all_;
};

/// An npm registry at the root of the server, or below `prefix`. One version of each package.
///
///     npm_registry npm(srv);
///     npm.add({.name = "left", .files = {{"index.js", "module.exports = 1\n"}}});
///     // npm install --registry=<npm.url()> left
class npm_registry {
 public:
  explicit npm_registry(fake_server& on, std::string prefix = "") : server_(on), prefix_(std::move(prefix)) {}

  /// Adds a package, on the server at once.
  npm_registry& add(const package& p);
  [[nodiscard]] std::string url() const { return server_.url(prefix_ + "/"); }
  [[nodiscard]] std::string path_of(const std::string& name) const { return prefix_ + "/" + name; }
  [[nodiscard]] std::string tarball_of(const std::string& name, const std::string& version = "1.0.0") const {
    return prefix_ + "/" + name + "/-/" + name + "-" + version + ".tgz";
  }

 private:
  fake_server& server_;
  std::string prefix_;
};

/// A Debian package with these files, which dpkg installs.
[[nodiscard]] inline std::string make_deb(const package& p);
/// The archive that `npm pack` would make of these files.
[[nodiscard]] inline std::string make_npm_tarball(const package& p);

// ---------------------------------------------------------------------------------------------

namespace detail {

[[nodiscard]] inline std::string deb_control(const package& p) {
  std::string needs;
  for (const auto& each : p.depends) needs += (needs.empty() ? "Depends: " : ", ") + each;
  return "Package: " + p.name + "\nVersion: " + p.version + "\nArchitecture: all\nMaintainer: Test <test@localhost>\n" +
         (needs.empty() ? "" : needs + "\n") + "Description: a package for tests\n";
}

/// The files of a package in the form that dpkg wants: below `./`, each folder before its contents.
[[nodiscard]] inline std::vector<archived_file> with_folders(const std::vector<archived_file>& files) {
  std::vector<archived_file> all{{"./", ""}};
  for (const auto& file : files) {
    for (std::size_t at = file.path.find('/'); at != file.path.npos; at = file.path.find('/', at + 1)) {
      const std::string folder = "./" + file.path.substr(0, at + 1);
      bool there = false;
      for (const auto& each : all) there = there || each.path == folder;
      if (!there) all.push_back({folder, ""});
    }
    all.push_back({"./" + file.path, file.octets});
  }
  return all;
}

[[nodiscard]] inline std::string npm_manifest(const package& p) {
  std::string needs;
  for (const auto& each : p.depends) needs += (needs.empty() ? "" : ",") + json_text(each) + ":\"*\"";
  return "\"name\":" + json_text(p.name) + ",\"version\":" + json_text(p.version) + ",\"dependencies\":{" + needs + "}";
}

}  // namespace detail

inline std::string make_deb(const package& p) {
  return make_ar({{"debian-binary", "2.0\n"},
                  {"control.tar", make_tar({{"./", ""}, {"./control", detail::deb_control(p)}})},
                  {"data.tar", make_tar(detail::with_folders(p.files))}});
}

inline std::string make_npm_tarball(const package& p) {
  std::vector<archived_file> all{{"package/package.json", "{" + detail::npm_manifest(p) + "}\n"}};
  for (const auto& each : p.files) all.push_back({"package/" + each.path, each.octets});
  return make_gzip(make_tar(all));
}

inline apt_repository& apt_repository::add(package p) {
  std::string octets = make_deb(p);
  all_.push_back({std::move(p), std::move(octets)});
  return *this;
}

inline std::string apt_repository::path_of(const std::string& name) const {
  for (const auto& each : all_)
    if (each.what.name == name) return prefix_ + "/" + pool_name(each.what);
  return {};
}

inline void apt_repository::publish() {
  std::string index;
  for (const auto& each : all_) {
    index += detail::deb_control(each.what) + "Filename: " + pool_name(each.what) +
             "\nSize: " + ascii::to_decimal(each.octets.size()) + "\nSHA256: " + sha256(each.octets) + "\n\n";
    server_.file(prefix_ + "/" + pool_name(each.what), each.octets).type("application/vnd.debian.binary-package");
  }
  const std::string packed = make_gzip(index);
  std::string release = "Origin: test\nLabel: test\nSuite: " + suite_ + "\nCodename: " + suite_ +
                        "\nDate: Thu, 01 Jan 2026 00:00:00 UTC\nArchitectures: all amd64 arm64\nComponents: main\nSHA256:\n";
  const std::string base = prefix_ + "/dists/" + suite_ + "/";
  for (const std::string architecture : {"all", "amd64", "arm64"}) {
    const std::string folder = "main/binary-" + architecture + "/";
    const std::string empty_or_all = architecture == "all" ? index : std::string();
    for (const auto& [name, octets] : {std::pair(folder + "Packages", empty_or_all),
                                       std::pair(folder + "Packages.gz", architecture == "all" ? packed : make_gzip(""))}) {
      release += " " + sha256(octets) + " " + ascii::to_decimal(octets.size()) + " " + name + "\n";
      server_.file(base + name, octets);
    }
  }
  server_.file(base + "Release", release).type("text/plain");
}

inline npm_registry& npm_registry::add(const package& p) {
  const std::string tarball = make_npm_tarball(p);
  const std::string at = tarball_of(p.name, p.version);
  server_.file(at, tarball).type("application/octet-stream");
  server_.file(path_of(p.name), "{\"name\":" + detail::json_text(p.name) + ",\"dist-tags\":{\"latest\":" +
                                    detail::json_text(p.version) + "},\"versions\":{" + detail::json_text(p.version) +
                                    ":{" + detail::npm_manifest(p) + ",\"dist\":{\"tarball\":" +
                                    detail::json_text(server_.url(at)) + ",\"shasum\":\"" + sha1(tarball) + "\"}}}}")
      .type("application/json");
  return *this;
}

}  // namespace tinyhttp::testing
