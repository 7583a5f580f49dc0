// Nothing is no text.
// error: use of deleted function .*nullptr_t
// error: invokes a deleted function
#include <tinyhttp/http/response.hpp>

int main() {
#ifdef CONTROL
  (void)tinyhttp::text({});
#else
  (void)tinyhttp::text(nullptr);
#endif
}
