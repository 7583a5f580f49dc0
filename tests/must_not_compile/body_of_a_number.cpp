// A zero is a null pointer to the language, and to whoever writes `json(0)` a number.
// error: conversion from .int. to .*body.* is ambiguous
// error: no matching function for call to 'json'
#include <tinyhttp/http/response.hpp>

int main() {
#ifdef CONTROL
  (void)tinyhttp::json("0");
#else
  (void)tinyhttp::json(0);
#endif
}
