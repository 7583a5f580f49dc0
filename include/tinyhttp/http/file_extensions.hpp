// tinyhttp/http/file_extensions.hpp -- which media type do the names of files promise? A table.
//
// Data only; media_type.hpp looks things up. From the IANA registry where it has the type, else
// from what browsers and Debian's mime-support send. Decided where extensions are shared: `.ts` is
// video/mp2t, as its registration says, not TypeScript, which no browser runs; `.ogg` is audio.
//
// `charset=utf-8` stands with text/*, JavaScript and the XML that people write by hand. Not with
// JSON, which has no such parameter: it is UTF-8 by definition (RFC 8259 11).
#pragma once

#include <array>
#include <cstddef>
#include <string_view>

namespace tinyhttp {

struct file_extension {
  std::string_view extension;   // lower case, without the dot
  std::string_view media_type;  // a Content-Type value
};

/// Sorted by extension, each there once; the compiler checks it.
// clang-format off
inline constexpr std::array<file_extension, 311> file_extensions{{
    {"3g2", "video/3gpp2"}, {"3gp", "video/3gpp"}, {"7z", "application/x-7z-compressed"},
    {"aac", "audio/aac"}, {"ai", "application/postscript"}, {"aif", "audio/aiff"},
    {"aiff", "audio/aiff"}, {"apk", "application/vnd.android.package-archive"},
    {"apng", "image/apng"}, {"appcache", "text/cache-manifest; charset=utf-8"},
    {"asc", "text/plain; charset=utf-8"}, {"atom", "application/atom+xml; charset=utf-8"},
    {"au", "audio/basic"}, {"avi", "video/x-msvideo"}, {"avif", "image/avif"},
    {"avifs", "image/avif"}, {"azw3", "application/vnd.amazon.mobi8-ebook"},
    {"bash", "text/x-sh; charset=utf-8"}, {"bat", "text/plain; charset=utf-8"},
    {"bib", "text/x-bibtex; charset=utf-8"}, {"bin", "application/octet-stream"},
    {"bmp", "image/bmp"}, {"br", "application/x-brotli"}, {"bz2", "application/x-bzip2"},
    {"c", "text/x-c; charset=utf-8"}, {"cab", "application/vnd.ms-cab-compressed"},
    {"cbor", "application/cbor"}, {"cbz", "application/vnd.comicbook+zip"},
    {"cc", "text/x-c++; charset=utf-8"}, {"cer", "application/pkix-cert"},
    {"cfg", "text/plain; charset=utf-8"}, {"cjs", "text/javascript; charset=utf-8"},
    {"class", "application/java-vm"}, {"conf", "text/plain; charset=utf-8"},
    {"cpp", "text/x-c++; charset=utf-8"}, {"cr2", "image/x-canon-cr2"},
    {"crl", "application/pkix-crl"}, {"crt", "application/x-x509-ca-cert"},
    {"crx", "application/x-chrome-extension"}, {"cs", "text/x-csharp; charset=utf-8"},
    {"csh", "text/x-csh; charset=utf-8"}, {"css", "text/css; charset=utf-8"},
    {"csv", "text/csv; charset=utf-8"}, {"cxx", "text/x-c++; charset=utf-8"},
    {"dart", "text/x-dart; charset=utf-8"}, {"dcm", "application/dicom"},
    {"deb", "application/vnd.debian.binary-package"}, {"der", "application/x-x509-ca-cert"},
    {"diff", "text/x-diff; charset=utf-8"}, {"djvu", "image/vnd.djvu"},
    {"dll", "application/octet-stream"}, {"dmg", "application/x-apple-diskimage"},
    {"dng", "image/x-adobe-dng"}, {"doc", "application/msword"},
    {"docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"},
    {"dtd", "application/xml-dtd; charset=utf-8"}, {"dwg", "image/vnd.dwg"},
    {"dxf", "image/vnd.dxf"}, {"eml", "message/rfc822"}, {"eot", "application/vnd.ms-fontobject"},
    {"eps", "application/postscript"}, {"epub", "application/epub+zip"},
    {"exe", "application/octet-stream"}, {"fits", "image/fits"}, {"flac", "audio/flac"},
    {"flv", "video/x-flv"}, {"gcode", "text/x.gcode; charset=utf-8"},
    {"geojson", "application/geo+json"}, {"gif", "image/gif"}, {"glb", "model/gltf-binary"},
    {"gltf", "model/gltf+json"}, {"go", "text/x-go; charset=utf-8"},
    {"gpg", "application/pgp-encrypted"}, {"gpx", "application/gpx+xml; charset=utf-8"},
    {"gv", "text/vnd.graphviz; charset=utf-8"}, {"gz", "application/gzip"},
    {"h", "text/x-c; charset=utf-8"}, {"h5", "application/x-hdf5"}, {"har", "application/json"},
    {"hdr", "image/vnd.radiance"}, {"heic", "image/heic"}, {"heif", "image/heif"},
    {"hpp", "text/x-c++; charset=utf-8"}, {"hs", "text/x-haskell; charset=utf-8"},
    {"htm", "text/html; charset=utf-8"}, {"html", "text/html; charset=utf-8"},
    {"ico", "image/vnd.microsoft.icon"}, {"ics", "text/calendar; charset=utf-8"},
    {"img", "application/octet-stream"}, {"ini", "text/plain; charset=utf-8"},
    {"ipa", "application/octet-stream"}, {"ipynb", "application/x-ipynb+json"},
    {"iso", "application/octet-stream"}, {"j2k", "image/j2c"}, {"jar", "application/java-archive"},
    {"java", "text/x-java; charset=utf-8"}, {"jfif", "image/jpeg"},
    {"jnlp", "application/x-java-jnlp-file"}, {"jp2", "image/jp2"}, {"jpe", "image/jpeg"},
    {"jpeg", "image/jpeg"}, {"jpg", "image/jpeg"}, {"jpm", "image/jpm"},
    {"js", "text/javascript; charset=utf-8"}, {"json", "application/json"},
    {"jsonl", "application/jsonl"}, {"jsonld", "application/ld+json"},
    {"jsx", "text/jsx; charset=utf-8"}, {"jxl", "image/jxl"}, {"jxr", "image/jxr"},
    {"kml", "application/vnd.google-earth.kml+xml; charset=utf-8"},
    {"kmz", "application/vnd.google-earth.kmz"}, {"kt", "text/x-kotlin; charset=utf-8"},
    {"ktx", "image/ktx"}, {"ktx2", "image/ktx2"}, {"less", "text/x-less; charset=utf-8"},
    {"list", "text/plain; charset=utf-8"}, {"log", "text/plain; charset=utf-8"},
    {"lua", "text/x-lua; charset=utf-8"}, {"lz", "application/lzip"}, {"lz4", "application/x-lz4"},
    {"lzma", "application/x-lzma"}, {"m2ts", "video/mp2t"}, {"m3u", "audio/mpegurl"},
    {"m3u8", "application/vnd.apple.mpegurl"}, {"m4a", "audio/mp4"}, {"m4s", "video/iso.segment"},
    {"m4v", "video/mp4"}, {"manifest", "text/cache-manifest; charset=utf-8"},
    {"map", "application/json"}, {"markdown", "text/markdown; charset=utf-8"},
    {"mathml", "application/mathml+xml; charset=utf-8"}, {"mbox", "application/mbox"},
    {"md", "text/markdown; charset=utf-8"}, {"mdb", "application/vnd.ms-access"},
    {"mht", "message/rfc822"}, {"mhtml", "message/rfc822"}, {"mid", "audio/midi"},
    {"midi", "audio/midi"}, {"mjs", "text/javascript; charset=utf-8"}, {"mka", "audio/matroska"},
    {"mkv", "video/matroska"}, {"mml", "application/mathml+xml; charset=utf-8"},
    {"mobi", "application/x-mobipocket-ebook"}, {"mov", "video/quicktime"}, {"mp2", "audio/mpeg"},
    {"mp3", "audio/mpeg"}, {"mp4", "video/mp4"}, {"mpd", "application/dash+xml; charset=utf-8"},
    {"mpeg", "video/mpeg"}, {"mpg", "video/mpeg"}, {"mpga", "audio/mpeg"},
    {"msg", "application/vnd.ms-outlook"}, {"msi", "application/x-msi"},
    {"msix", "application/msix"}, {"mtl", "model/mtl"}, {"mts", "video/mp2t"},
    {"mxf", "application/mxf"}, {"mxl", "application/vnd.recordare.musicxml"},
    {"n3", "text/n3; charset=utf-8"}, {"ndjson", "application/x-ndjson"},
    {"nq", "application/n-quads"}, {"nt", "application/n-triples"}, {"obj", "model/obj"},
    {"odb", "application/vnd.oasis.opendocument.base"},
    {"odg", "application/vnd.oasis.opendocument.graphics"},
    {"odp", "application/vnd.oasis.opendocument.presentation"},
    {"ods", "application/vnd.oasis.opendocument.spreadsheet"},
    {"odt", "application/vnd.oasis.opendocument.text"}, {"oga", "audio/ogg"}, {"ogg", "audio/ogg"},
    {"ogv", "video/ogg"}, {"ogx", "application/ogg"}, {"opus", "audio/ogg"},
    {"org", "text/x-org; charset=utf-8"}, {"otf", "font/otf"},
    {"owl", "application/rdf+xml; charset=utf-8"}, {"p12", "application/x-pkcs12"},
    {"p7b", "application/x-pkcs7-certificates"}, {"p7c", "application/pkcs7-mime"},
    {"p7m", "application/pkcs7-mime"}, {"p7s", "application/pkcs7-signature"},
    {"parquet", "application/vnd.apache.parquet"}, {"patch", "text/x-diff; charset=utf-8"},
    {"pbf", "application/x-protobuf"}, {"pbm", "image/x-portable-bitmap"},
    {"pcap", "application/vnd.tcpdump.pcap"}, {"pdf", "application/pdf"},
    {"pem", "application/x-pem-file"}, {"pfx", "application/x-pkcs12"},
    {"pgm", "image/x-portable-graymap"}, {"php", "text/x-php; charset=utf-8"},
    {"pkg", "application/octet-stream"}, {"pl", "text/x-perl; charset=utf-8"},
    {"pls", "audio/x-scpls"}, {"ply", "model/ply"}, {"png", "image/png"},
    {"pnm", "image/x-portable-anymap"}, {"ppm", "image/x-portable-pixmap"},
    {"pps", "application/vnd.ms-powerpoint"}, {"ppt", "application/vnd.ms-powerpoint"},
    {"pptx", "application/vnd.openxmlformats-officedocument.presentationml.presentation"},
    {"properties", "text/plain; charset=utf-8"}, {"ps", "application/postscript"},
    {"psd", "image/vnd.adobe.photoshop"}, {"py", "text/x-python; charset=utf-8"},
    {"qt", "video/quicktime"}, {"r", "text/x-r; charset=utf-8"}, {"rar", "application/vnd.rar"},
    {"rb", "text/x-ruby; charset=utf-8"}, {"rdf", "application/rdf+xml; charset=utf-8"},
    {"rng", "application/xml; charset=utf-8"}, {"rpm", "application/x-rpm"},
    {"rs", "text/rust; charset=utf-8"}, {"rss", "application/rss+xml; charset=utf-8"},
    {"rst", "text/x-rst; charset=utf-8"}, {"rtf", "application/rtf"},
    {"rtx", "text/richtext; charset=utf-8"}, {"sass", "text/x-sass; charset=utf-8"},
    {"scss", "text/x-scss; charset=utf-8"}, {"sgm", "text/sgml; charset=utf-8"},
    {"sgml", "text/sgml; charset=utf-8"}, {"sh", "text/x-sh; charset=utf-8"},
    {"sha256", "text/plain; charset=utf-8"}, {"sha512", "text/plain; charset=utf-8"},
    {"shtml", "text/html; charset=utf-8"}, {"sig", "application/pgp-signature"},
    {"smi", "application/smil+xml; charset=utf-8"}, {"smil", "application/smil+xml; charset=utf-8"},
    {"snd", "audio/basic"}, {"so", "application/octet-stream"}, {"spx", "audio/ogg"},
    {"sql", "application/sql"}, {"sqlite", "application/vnd.sqlite3"},
    {"sqlite3", "application/vnd.sqlite3"}, {"srt", "text/plain; charset=utf-8"},
    {"step", "model/step"}, {"stl", "model/stl"}, {"stp", "model/step"},
    {"svg", "image/svg+xml; charset=utf-8"}, {"swf", "application/vnd.adobe.flash.movie"},
    {"swift", "text/x-swift; charset=utf-8"}, {"tar", "application/x-tar"},
    {"tbz2", "application/x-bzip2"}, {"tcl", "text/x-tcl; charset=utf-8"},
    {"tex", "text/x-tex; charset=utf-8"}, {"text", "text/plain; charset=utf-8"},
    {"tga", "image/x-tga"}, {"tgz", "application/gzip"}, {"tif", "image/tiff"},
    {"tiff", "image/tiff"}, {"toml", "application/toml"}, {"torrent", "application/x-bittorrent"},
    {"trig", "application/trig"}, {"ts", "video/mp2t"},
    {"tsv", "text/tab-separated-values; charset=utf-8"}, {"tsx", "text/plain; charset=utf-8"},
    {"ttc", "font/collection"}, {"ttf", "font/ttf"}, {"ttl", "text/turtle; charset=utf-8"},
    {"ttml", "application/ttml+xml; charset=utf-8"}, {"txt", "text/plain; charset=utf-8"},
    {"txz", "application/x-xz"}, {"tzst", "application/zstd"},
    {"udeb", "application/vnd.debian.binary-package"}, {"uri", "text/uri-list; charset=utf-8"},
    {"uris", "text/uri-list; charset=utf-8"}, {"urls", "text/uri-list; charset=utf-8"},
    {"usda", "model/vnd.usda"}, {"usdz", "model/vnd.usdz+zip"},
    {"vcard", "text/vcard; charset=utf-8"}, {"vcf", "text/vcard; charset=utf-8"},
    {"vcs", "text/x-vcalendar; charset=utf-8"}, {"vsd", "application/vnd.visio"},
    {"vtt", "text/vtt; charset=utf-8"}, {"war", "application/java-archive"},
    {"warc", "application/warc"}, {"wasm", "application/wasm"}, {"wav", "audio/wav"},
    {"wave", "audio/wav"}, {"weba", "audio/webm"}, {"webm", "video/webm"},
    {"webmanifest", "application/manifest+json"}, {"webp", "image/webp"},
    {"whl", "application/zip"}, {"wma", "audio/x-ms-wma"}, {"wmv", "video/x-ms-wmv"},
    {"woff", "font/woff"}, {"woff2", "font/woff2"}, {"wrl", "model/vrml"},
    {"xbm", "image/x-xbitmap"}, {"xcf", "image/x-xcf"},
    {"xht", "application/xhtml+xml; charset=utf-8"},
    {"xhtml", "application/xhtml+xml; charset=utf-8"}, {"xls", "application/vnd.ms-excel"},
    {"xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"},
    {"xml", "application/xml; charset=utf-8"}, {"xpi", "application/x-xpinstall"},
    {"xpm", "image/x-xpixmap"}, {"xps", "application/oxps"},
    {"xsd", "application/xml; charset=utf-8"}, {"xsl", "application/xslt+xml; charset=utf-8"},
    {"xslt", "application/xslt+xml; charset=utf-8"},
    {"xspf", "application/xspf+xml; charset=utf-8"}, {"xz", "application/x-xz"},
    {"yaml", "application/yaml"}, {"yang", "application/yang"}, {"yml", "application/yaml"},
    {"z", "application/x-compress"}, {"zip", "application/zip"}, {"zst", "application/zstd"},
}};
// clang-format on

// ---------------------------------------------------------------------------------------------

namespace detail {

[[nodiscard]] constexpr bool extensions_are_sorted() noexcept {
  for (std::size_t i = 1; i < file_extensions.size(); ++i)
    if (!(file_extensions[i - 1].extension < file_extensions[i].extension)) return false;
  return true;
}

static_assert(extensions_are_sorted(), "sorted, without duplicates: the look-up halves the table");

}  // namespace detail

}  // namespace tinyhttp
