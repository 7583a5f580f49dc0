// The text of a date lives in the object; a view of a temporary one would dangle.
//
// error: deleted
#include <tinyhttp/http/date.hpp>

#include <cstdint>
#include <string_view>

std::string_view today(std::int64_t now);

std::string_view today(std::int64_t now) {
#ifndef CONTROL
  return tinyhttp::format_date(now).view();
#else
  static tinyhttp::date_text text = tinyhttp::format_date(now);
  return text.view();
#endif
}
