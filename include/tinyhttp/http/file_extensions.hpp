// tinyhttp/http/file_extensions.hpp -- the table of media types by file extension.
//
// Data only; media_type.hpp looks things up. From the IANA registry where it has the type, else
// from what browsers and Debian's mime-support send. Decided where extensions are shared: `.ts` is
// video/mp2t, as its registration says, not TypeScript, which no browser runs; `.ogg` is audio.
//
// `charset=utf-8` stands with text/*, JavaScript and the XML that people write by hand. Not with
// JSON, which has no such parameter: it is UTF-8 by definition (RFC 8259 11).
#pragma once

#include <cstddef>
#include <string_view>

namespace tinyhttp {

/// Lines, each with an extension, a blank and a Content-Type value. Lower case, without the dot, sorted by the octets
/// of the extension, each there once. One text: as views, 622 addresses would make every program larger than the
/// names themselves do.
// clang-format off
inline constexpr char file_extensions[] =
    "3g2 video/3gpp2\n" "3gp video/3gpp\n" "7z application/x-7z-compressed\n" "aac audio/aac\n"
    "ai application/postscript\n" "aif audio/aiff\n" "aiff audio/aiff\n"
    "apk application/vnd.android.package-archive\n" "apng image/apng\n"
    "appcache text/cache-manifest; charset=utf-8\n" "asc text/plain; charset=utf-8\n"
    "atom application/atom+xml; charset=utf-8\n" "au audio/basic\n" "avi video/x-msvideo\n"
    "avif image/avif\n" "avifs image/avif\n" "azw3 application/vnd.amazon.mobi8-ebook\n"
    "bash text/x-sh; charset=utf-8\n" "bat text/plain; charset=utf-8\n" "bib text/x-bibtex; charset=utf-8\n"
    "bin application/octet-stream\n" "bmp image/bmp\n" "br application/x-brotli\n" "bz2 application/x-bzip2\n"
    "c text/x-c; charset=utf-8\n" "cab application/vnd.ms-cab-compressed\n" "cbor application/cbor\n"
    "cbz application/vnd.comicbook+zip\n" "cc text/x-c++; charset=utf-8\n" "cer application/pkix-cert\n"
    "cfg text/plain; charset=utf-8\n" "cjs text/javascript; charset=utf-8\n" "class application/java-vm\n"
    "conf text/plain; charset=utf-8\n" "cpp text/x-c++; charset=utf-8\n" "cr2 image/x-canon-cr2\n"
    "crl application/pkix-crl\n" "crt application/x-x509-ca-cert\n" "crx application/x-chrome-extension\n"
    "cs text/x-csharp; charset=utf-8\n" "csh text/x-csh; charset=utf-8\n" "css text/css; charset=utf-8\n"
    "csv text/csv; charset=utf-8\n" "cxx text/x-c++; charset=utf-8\n" "dart text/x-dart; charset=utf-8\n"
    "dcm application/dicom\n" "deb application/vnd.debian.binary-package\n" "der application/x-x509-ca-cert\n"
    "diff text/x-diff; charset=utf-8\n" "djvu image/vnd.djvu\n" "dll application/octet-stream\n"
    "dmg application/x-apple-diskimage\n" "dng image/x-adobe-dng\n" "doc application/msword\n"
    "docx application/vnd.openxmlformats-officedocument.wordprocessingml.document\n"
    "dtd application/xml-dtd; charset=utf-8\n" "dwg image/vnd.dwg\n" "dxf image/vnd.dxf\n"
    "eml message/rfc822\n" "eot application/vnd.ms-fontobject\n" "eps application/postscript\n"
    "epub application/epub+zip\n" "exe application/octet-stream\n" "fits image/fits\n" "flac audio/flac\n"
    "flv video/x-flv\n" "gcode text/x.gcode; charset=utf-8\n" "geojson application/geo+json\n"
    "gif image/gif\n" "glb model/gltf-binary\n" "gltf model/gltf+json\n" "go text/x-go; charset=utf-8\n"
    "gpg application/pgp-encrypted\n" "gpx application/gpx+xml; charset=utf-8\n"
    "gv text/vnd.graphviz; charset=utf-8\n" "gz application/gzip\n" "h text/x-c; charset=utf-8\n"
    "h5 application/x-hdf5\n" "har application/json\n" "hdr image/vnd.radiance\n" "heic image/heic\n"
    "heif image/heif\n" "hpp text/x-c++; charset=utf-8\n" "hs text/x-haskell; charset=utf-8\n"
    "htm text/html; charset=utf-8\n" "html text/html; charset=utf-8\n" "ico image/vnd.microsoft.icon\n"
    "ics text/calendar; charset=utf-8\n" "img application/octet-stream\n" "ini text/plain; charset=utf-8\n"
    "ipa application/octet-stream\n" "ipynb application/x-ipynb+json\n" "iso application/octet-stream\n"
    "j2k image/j2c\n" "jar application/java-archive\n" "java text/x-java; charset=utf-8\n" "jfif image/jpeg\n"
    "jnlp application/x-java-jnlp-file\n" "jp2 image/jp2\n" "jpe image/jpeg\n" "jpeg image/jpeg\n"
    "jpg image/jpeg\n" "jpm image/jpm\n" "js text/javascript; charset=utf-8\n" "json application/json\n"
    "jsonl application/jsonl\n" "jsonld application/ld+json\n" "jsx text/jsx; charset=utf-8\n"
    "jxl image/jxl\n" "jxr image/jxr\n" "kml application/vnd.google-earth.kml+xml; charset=utf-8\n"
    "kmz application/vnd.google-earth.kmz\n" "kt text/x-kotlin; charset=utf-8\n" "ktx image/ktx\n"
    "ktx2 image/ktx2\n" "less text/x-less; charset=utf-8\n" "list text/plain; charset=utf-8\n"
    "log text/plain; charset=utf-8\n" "lua text/x-lua; charset=utf-8\n" "lz application/lzip\n"
    "lz4 application/x-lz4\n" "lzma application/x-lzma\n" "m2ts video/mp2t\n" "m3u audio/mpegurl\n"
    "m3u8 application/vnd.apple.mpegurl\n" "m4a audio/mp4\n" "m4s video/iso.segment\n" "m4v video/mp4\n"
    "manifest text/cache-manifest; charset=utf-8\n" "map application/json\n"
    "markdown text/markdown; charset=utf-8\n" "mathml application/mathml+xml; charset=utf-8\n"
    "mbox application/mbox\n" "md text/markdown; charset=utf-8\n" "mdb application/vnd.ms-access\n"
    "mht message/rfc822\n" "mhtml message/rfc822\n" "mid audio/midi\n" "midi audio/midi\n"
    "mjs text/javascript; charset=utf-8\n" "mka audio/matroska\n" "mkv video/matroska\n"
    "mml application/mathml+xml; charset=utf-8\n" "mobi application/x-mobipocket-ebook\n"
    "mov video/quicktime\n" "mp2 audio/mpeg\n" "mp3 audio/mpeg\n" "mp4 video/mp4\n"
    "mpd application/dash+xml; charset=utf-8\n" "mpeg video/mpeg\n" "mpg video/mpeg\n" "mpga audio/mpeg\n"
    "msg application/vnd.ms-outlook\n" "msi application/x-msi\n" "msix application/msix\n" "mtl model/mtl\n"
    "mts video/mp2t\n" "mxf application/mxf\n" "mxl application/vnd.recordare.musicxml\n"
    "n3 text/n3; charset=utf-8\n" "ndjson application/x-ndjson\n" "nq application/n-quads\n"
    "nt application/n-triples\n" "obj model/obj\n" "odb application/vnd.oasis.opendocument.base\n"
    "odg application/vnd.oasis.opendocument.graphics\n"
    "odp application/vnd.oasis.opendocument.presentation\n"
    "ods application/vnd.oasis.opendocument.spreadsheet\n" "odt application/vnd.oasis.opendocument.text\n"
    "oga audio/ogg\n" "ogg audio/ogg\n" "ogv video/ogg\n" "ogx application/ogg\n" "opus audio/ogg\n"
    "org text/x-org; charset=utf-8\n" "otf font/otf\n" "owl application/rdf+xml; charset=utf-8\n"
    "p12 application/x-pkcs12\n" "p7b application/x-pkcs7-certificates\n" "p7c application/pkcs7-mime\n"
    "p7m application/pkcs7-mime\n" "p7s application/pkcs7-signature\n"
    "parquet application/vnd.apache.parquet\n" "patch text/x-diff; charset=utf-8\n"
    "pbf application/x-protobuf\n" "pbm image/x-portable-bitmap\n" "pcap application/vnd.tcpdump.pcap\n"
    "pdf application/pdf\n" "pem application/x-pem-file\n" "pfx application/x-pkcs12\n"
    "pgm image/x-portable-graymap\n" "php text/x-php; charset=utf-8\n" "pkg application/octet-stream\n"
    "pl text/x-perl; charset=utf-8\n" "pls audio/x-scpls\n" "ply model/ply\n" "png image/png\n"
    "pnm image/x-portable-anymap\n" "ppm image/x-portable-pixmap\n" "pps application/vnd.ms-powerpoint\n"
    "ppt application/vnd.ms-powerpoint\n"
    "pptx application/vnd.openxmlformats-officedocument.presentationml.presentation\n"
    "properties text/plain; charset=utf-8\n" "ps application/postscript\n" "psd image/vnd.adobe.photoshop\n"
    "py text/x-python; charset=utf-8\n" "qt video/quicktime\n" "r text/x-r; charset=utf-8\n"
    "rar application/vnd.rar\n" "rb text/x-ruby; charset=utf-8\n" "rdf application/rdf+xml; charset=utf-8\n"
    "rng application/xml; charset=utf-8\n" "rpm application/x-rpm\n" "rs text/rust; charset=utf-8\n"
    "rss application/rss+xml; charset=utf-8\n" "rst text/x-rst; charset=utf-8\n" "rtf application/rtf\n"
    "rtx text/richtext; charset=utf-8\n" "sass text/x-sass; charset=utf-8\n"
    "scss text/x-scss; charset=utf-8\n" "sgm text/sgml; charset=utf-8\n" "sgml text/sgml; charset=utf-8\n"
    "sh text/x-sh; charset=utf-8\n" "sha256 text/plain; charset=utf-8\n" "sha512 text/plain; charset=utf-8\n"
    "shtml text/html; charset=utf-8\n" "sig application/pgp-signature\n"
    "smi application/smil+xml; charset=utf-8\n" "smil application/smil+xml; charset=utf-8\n"
    "snd audio/basic\n" "so application/octet-stream\n" "spx audio/ogg\n" "sql application/sql\n"
    "sqlite application/vnd.sqlite3\n" "sqlite3 application/vnd.sqlite3\n" "srt text/plain; charset=utf-8\n"
    "step model/step\n" "stl model/stl\n" "stp model/step\n" "svg image/svg+xml; charset=utf-8\n"
    "swf application/vnd.adobe.flash.movie\n" "swift text/x-swift; charset=utf-8\n" "tar application/x-tar\n"
    "tbz2 application/x-bzip2\n" "tcl text/x-tcl; charset=utf-8\n" "tex text/x-tex; charset=utf-8\n"
    "text text/plain; charset=utf-8\n" "tga image/x-tga\n" "tgz application/gzip\n" "tif image/tiff\n"
    "tiff image/tiff\n" "toml application/toml\n" "torrent application/x-bittorrent\n"
    "trig application/trig\n" "ts video/mp2t\n" "tsv text/tab-separated-values; charset=utf-8\n"
    "tsx text/plain; charset=utf-8\n" "ttc font/collection\n" "ttf font/ttf\n"
    "ttl text/turtle; charset=utf-8\n" "ttml application/ttml+xml; charset=utf-8\n"
    "txt text/plain; charset=utf-8\n" "txz application/x-xz\n" "tzst application/zstd\n"
    "udeb application/vnd.debian.binary-package\n" "uri text/uri-list; charset=utf-8\n"
    "uris text/uri-list; charset=utf-8\n" "urls text/uri-list; charset=utf-8\n" "usda model/vnd.usda\n"
    "usdz model/vnd.usdz+zip\n" "vcard text/vcard; charset=utf-8\n" "vcf text/vcard; charset=utf-8\n"
    "vcs text/x-vcalendar; charset=utf-8\n" "vsd application/vnd.visio\n" "vtt text/vtt; charset=utf-8\n"
    "war application/java-archive\n" "warc application/warc\n" "wasm application/wasm\n" "wav audio/wav\n"
    "wave audio/wav\n" "weba audio/webm\n" "webm video/webm\n" "webmanifest application/manifest+json\n"
    "webp image/webp\n" "whl application/zip\n" "wma audio/x-ms-wma\n" "wmv video/x-ms-wmv\n"
    "woff font/woff\n" "woff2 font/woff2\n" "wrl model/vrml\n" "xbm image/x-xbitmap\n" "xcf image/x-xcf\n"
    "xht application/xhtml+xml; charset=utf-8\n" "xhtml application/xhtml+xml; charset=utf-8\n"
    "xls application/vnd.ms-excel\n"
    "xlsx application/vnd.openxmlformats-officedocument.spreadsheetml.sheet\n"
    "xml application/xml; charset=utf-8\n" "xpi application/x-xpinstall\n" "xpm image/x-xpixmap\n"
    "xps application/oxps\n" "xsd application/xml; charset=utf-8\n"
    "xsl application/xslt+xml; charset=utf-8\n" "xslt application/xslt+xml; charset=utf-8\n"
    "xspf application/xspf+xml; charset=utf-8\n" "xz application/x-xz\n" "yaml application/yaml\n"
    "yang application/yang\n" "yml application/yaml\n" "z application/x-compress\n" "zip application/zip\n"
    "zst application/zstd\n";
// clang-format on

/// A line of the table, as views into it.
struct file_extension {
  std::string_view extension;
  std::string_view media_type;
};

/// Takes the first line off `table`, which must not be empty.
[[nodiscard]] constexpr file_extension take_file_extension(std::string_view& table) noexcept;

// ---------------------------------------------------------------------------------------------

constexpr file_extension take_file_extension(std::string_view& table) noexcept {
  const std::size_t blank = table.find(' ');
  const std::size_t end = table.find('\n', blank);
  const file_extension first{table.substr(0, blank), table.substr(blank + 1, end - blank - 1)};
  table.remove_prefix(end + 1);
  return first;
}

}  // namespace tinyhttp
