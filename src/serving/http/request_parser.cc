// request_parser: http-parser for the head, our own strict framing for the body.
#include "serving/http/request_parser.h"

#include <algorithm>
#include <cstring>

namespace bandstand::serving::http {
namespace {

using telemetry::HttpLimit;

struct KnownHeader {
  std::string_view name;  ///< lower case
  Header header;
};

/// Ordered by length, so that a name meets only those of its own length.
constexpr std::array kKnown{
    KnownHeader{"dnt", Header::dnt},
    KnownHeader{"host", Header::host},
    KnownHeader{"accept", Header::accept},
    KnownHeader{"cookie", Header::cookie},
    KnownHeader{"expect", Header::expect},
    KnownHeader{"origin", Header::origin},
    KnownHeader{"referer", Header::referer},
    KnownHeader{"sec-gpc", Header::sec_gpc},
    KnownHeader{"forwarded", Header::forwarded},
    KnownHeader{"x-real-ip", Header::x_real_ip},
    KnownHeader{"user-agent", Header::user_agent},
    KnownHeader{"traceparent", Header::traceparent},
    KnownHeader{"content-type", Header::content_type},
    KnownHeader{"authorization", Header::authorization},
    KnownHeader{"if-none-match", Header::if_none_match},
    KnownHeader{"accept-encoding", Header::accept_encoding},
    KnownHeader{"accept-language", Header::accept_language},
    KnownHeader{"idempotency-key", Header::idempotency_key},
    KnownHeader{"x-forwarded-for", Header::x_forwarded_for},
    KnownHeader{"content-encoding", Header::content_encoding},
    KnownHeader{"x-openrtb-version", Header::x_openrtb_version},
};
static_assert(kKnown.size() == static_cast<std::size_t>(Header::count_));
constexpr std::size_t kNameMax = kKnown.back().name.size();
constexpr auto kFirstOfLength = [] {
  std::array<std::uint8_t, kNameMax + 2> first{};
  for (std::size_t length = 0; length < first.size(); ++length) {
    std::size_t i = 0;
    while (i < kKnown.size() && kKnown[i].name.size() < length) ++i;
    first[length] = static_cast<std::uint8_t>(i);
  }
  return first;
}();

/// `lower` is made of lower-case letters, digits and dashes.
bool equals_ignoring_case(std::string_view text, std::string_view lower) {
  if (text.size() != lower.size()) return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if ((c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c) != lower[i]) return false;
  }
  return true;
}

Method method_of(unsigned method) {
  switch (method) {
    case HTTP_GET:
      return Method::get;
    case HTTP_HEAD:
      return Method::head;
    case HTTP_POST:
      return Method::post;
    case HTTP_PUT:
      return Method::put;
    case HTTP_DELETE:
      return Method::del;
    case HTTP_OPTIONS:
      return Method::options;
    case HTTP_PATCH:
      return Method::patch;
    default:
      return Method::other;
  }
}

}  // namespace

struct RequestParser::Callbacks {
  static RequestParser& self(http_parser* parser) { return *static_cast<RequestParser*>(parser->data); }

  /// Grows `span` by a fragment; false if it does not join on (a folded line).
  static bool extend(const RequestParser& me, Span& span, const char* at, std::size_t size) {
    const auto offset = static_cast<std::uint32_t>(at - me.base_);
    if (span.at == 0 && span.size == 0) span.at = offset;
    if (span.at + span.size != offset) return false;
    span.size += static_cast<std::uint32_t>(size);
    return true;
  }
  static int url(http_parser* parser, const char* at, std::size_t size) {
    RequestParser& me = self(parser);
    extend(me, me.target_, at, size);
    return me.target_.size > me.limits_.target_bytes_max ? 1 : 0;
  }
  static int field(http_parser* parser, const char* at, std::size_t size) {
    RequestParser& me = self(parser);
    if (me.in_value_ && !me.finish_header(me.base_)) return 1;
    return extend(me, me.name_, at, size) ? 0 : 1;
  }
  static int value(http_parser* parser, const char* at, std::size_t size) {
    RequestParser& me = self(parser);
    me.in_value_ = true;
    return extend(me, me.value_, at, size) ? 0 : 1;
  }
  /// 1: http-parser is to take no body.
  static int headers_complete(http_parser* parser) {
    RequestParser& me = self(parser);
    if (me.in_value_ && !me.finish_header(me.base_)) return -1;
    parser->upgrade = 0;
    return 1;
  }
  static int message_complete(http_parser* parser) {
    http_parser_pause(parser, 1);
    return 0;
  }
  static http_parser_settings settings() {
    http_parser_settings out;
    http_parser_settings_init(&out);
    out.on_url = url;
    out.on_header_field = field;
    out.on_header_value = value;
    out.on_headers_complete = headers_complete;
    out.on_message_complete = message_complete;
    return out;
  }
};

void RequestParser::next() {
  http_parser_init(&parser_, HTTP_REQUEST);
  parser_.data = this;
  headers_.fill({});
  target_ = name_ = value_ = {};
  in_value_ = has_length_ = has_encoding_ = expects_continue_ = false;
  keep_alive_ = true;
  method_ = Method::other;
  chunk_ = Chunk::size_first;
  status_ = 0;
  at_ = head_size_ = body_end_ = length_ = chunk_left_ = overhead_ = 0;
}

bool RequestParser::refuse(int status, HttpLimit limit) {
  status_ = status;
  limit_ = limit;
  return false;
}

RequestParser::Progress RequestParser::fail(int status, HttpLimit limit) {
  refuse(status, limit);
  return Progress::failed;
}

bool RequestParser::finish_header(const char* data) {
  const std::string_view name = name_.in(data);
  std::string_view value = value_.in(data);
  while (!value.empty() && (value.back() == ' ' || value.back() == '\t')) value.remove_suffix(1);
  value_.size = static_cast<std::uint32_t>(value.size());
  if (name.find(' ') != std::string_view::npos) return false;
  if (equals_ignoring_case(name, "content-length")) {
    // Digits only, once; http-parser has checked for overflow.
    if (has_length_ || value.empty() || value.find_first_not_of("0123456789") != std::string_view::npos)
      return false;
    has_length_ = true;
  } else if (equals_ignoring_case(name, "transfer-encoding")) {
    if (has_encoding_ || !equals_ignoring_case(value, "chunked")) return false;
    has_encoding_ = true;
  } else if (name.size() <= kNameMax) {
    for (std::size_t i = kFirstOfLength[name.size()]; i < kFirstOfLength[name.size() + 1]; ++i) {
      if (!equals_ignoring_case(name, kKnown[i].name)) continue;
      Span& kept = headers_[static_cast<std::size_t>(kKnown[i].header)];
      if (kept.at == 0) {
        kept = value_;
      } else if (kKnown[i].header == Header::host) {
        return false;
      }
      break;
    }
  }
  name_ = value_ = {};
  in_value_ = false;
  return true;
}

/// Every line of the head ends in CRLF and none begins with a blank (RFC 9112 sections 2.2 and 5.2). http-parser
/// takes any byte for the LF after an empty value and at the end of the head, so each CR is paired too.
bool RequestParser::lines_are_strict(const char* data) const {
  const char* const end = data + head_size_;
  if (std::count(data, end, '\r') != std::count(data, end, '\n')) return false;
  for (const char* p = data; p < end;) {
    const auto* lf = static_cast<const char*>(std::memchr(p, '\n', static_cast<std::size_t>(end - p)));
    if (lf == nullptr) return true;
    if (lf == data || lf[-1] != '\r') return false;
    if (lf + 1 < end && (lf[1] == ' ' || lf[1] == '\t')) return false;
    p = lf + 1;
  }
  return true;
}

bool RequestParser::finish_head(const char* data) {
  method_ = method_of(parser_.method);
  keep_alive_ = http_should_keep_alive(&parser_) != 0;
  if (parser_.http_major != 1 || parser_.http_minor > 1) {
    return refuse(parser_.http_major == 0 ? 400 : 505, HttpLimit::framing);
  }
  const bool host_ok = !http_1_1() || headers_[static_cast<std::size_t>(Header::host)].at != 0;
  const bool framing_ok =
      !(has_length_ && has_encoding_) && !(has_encoding_ && !http_1_1()) && parser_.method != HTTP_CONNECT;
  if (!lines_are_strict(data) || !host_ok || !framing_ok) return refuse(400, HttpLimit::framing);
  if (head_size_ - target_.size > limits_.header_bytes_max) return refuse(431, HttpLimit::header);
  const Span expect = headers_[static_cast<std::size_t>(Header::expect)];
  if (expect.at != 0 && http_1_1()) {
    if (!equals_ignoring_case(expect.in(data), "100-continue")) return refuse(417, HttpLimit::framing);
    expects_continue_ = true;
  }
  if (has_length_) {
    if (parser_.content_length > limits_.body_bytes_max) return refuse(413, HttpLimit::body);
    length_ = static_cast<std::size_t>(parser_.content_length);
  }
  return true;
}

RequestParser::Progress RequestParser::parse_head(char* data, std::size_t size) {
  static const http_parser_settings kSettings = Callbacks::settings();
  base_ = data;
  at_ += http_parser_execute(&parser_, &kSettings, data + at_, size - at_);
  const auto error = static_cast<http_errno>(parser_.http_errno);
  if (target_.size > limits_.target_bytes_max) return fail(414, HttpLimit::target);
  if (error == HPE_PAUSED) {
    head_size_ = at_;
    body_end_ = at_;
    return finish_head(data) ? Progress::ready : Progress::failed;
  }
  if (error == HPE_HEADER_OVERFLOW) return fail(431, HttpLimit::header);
  if (error != HPE_OK) return fail(400, HttpLimit::framing);
  if (size - target_.size > limits_.header_bytes_max) return fail(431, HttpLimit::header);
  return Progress::incomplete;
}

RequestParser::Progress RequestParser::parse(char* data, std::size_t& size) {
  if (status_ != 0) return Progress::failed;
  if (!head_done()) {
    const Progress progress = parse_head(data, size);
    if (progress != Progress::ready) return progress;
  }
  if (has_encoding_) return parse_chunks(data, size);
  if (size - head_size_ < length_) return Progress::incomplete;
  body_end_ = at_ = head_size_ + length_;
  return Progress::ready;
}

/// RFC 9112 section 7.1, without its lenience: sizes of at most 8 hexadecimal digits, CRLF everywhere.
RequestParser::Progress RequestParser::parse_chunks(char* data, std::size_t& size) {
  while (at_ < size) {
    if (chunk_ == Chunk::data) {
      const std::size_t take = std::min(chunk_left_, size - at_);
      if (at_ != body_end_) std::memmove(data + body_end_, data + at_, take);
      at_ += take;
      body_end_ += take;
      chunk_left_ -= take;
      if (chunk_left_ == 0) chunk_ = Chunk::data_cr;
      continue;
    }
    // Lines may cost as much as the largest body does; one-byte chunks beyond that are an attack, not a
    // request.
    if (++overhead_ > limits_.body_bytes_max) return fail(413, HttpLimit::body);
    const Progress progress = chunk_control(data[at_++]);
    if (progress != Progress::incomplete) return progress;
    if (body_end_ - head_size_ + chunk_left_ > limits_.body_bytes_max) return fail(413, HttpLimit::body);
  }
  size = at_ = body_end_;
  return Progress::incomplete;
}

RequestParser::Progress RequestParser::chunk_control(char c) {
  const auto to = [this](Chunk next) {
    chunk_ = next;
    return Progress::incomplete;
  };
  const auto expect = [&](char wanted, Chunk next) {
    return c == wanted ? to(next) : fail(400, HttpLimit::framing);
  };
  switch (chunk_) {
    case Chunk::size_first:
    case Chunk::size: {
      const int digit = c >= '0' && c <= '9'   ? c - '0'
                        : c >= 'a' && c <= 'f' ? c - 'a' + 10
                        : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                               : -1;
      if (digit >= 0) {
        if (chunk_left_ >> 28 != 0) return fail(413, HttpLimit::body);
        chunk_left_ = chunk_left_ * 16 + static_cast<std::size_t>(digit);
        return to(Chunk::size);
      }
      if (chunk_ == Chunk::size_first) return fail(400, HttpLimit::framing);
      if (c == ';') return to(Chunk::extension);
      return expect('\r', Chunk::size_lf);
    }
    case Chunk::extension:
      if (c == '\r') return to(Chunk::size_lf);
      return static_cast<unsigned char>(c) < 0x20 && c != '\t' ? fail(400, HttpLimit::framing)
                                                               : Progress::incomplete;
    case Chunk::size_lf:
      return expect('\n', chunk_left_ == 0 ? Chunk::trailer : Chunk::data);
    case Chunk::data_cr:
      return expect('\r', Chunk::data_lf);
    case Chunk::data_lf:
      return expect('\n', Chunk::size_first);
    case Chunk::trailer:
      if (c == '\r') return to(Chunk::end_lf);
      return c == '\n' || c == ' ' || c == '\t' ? fail(400, HttpLimit::framing) : to(Chunk::trailer_line);
    case Chunk::trailer_line:
      if (c == '\r') return to(Chunk::trailer_lf);
      return c == '\n' || c == '\0' ? fail(400, HttpLimit::framing) : Progress::incomplete;
    case Chunk::trailer_lf:
      return expect('\n', Chunk::trailer);
    case Chunk::end_lf:
      return c == '\n' ? Progress::ready : fail(400, HttpLimit::framing);
    case Chunk::data:
      break;
  }
  return fail(400, HttpLimit::framing);
}

void RequestParser::describe(const char* data, Request& request) const {
  request.method = method_;
  request.keep_alive = keep_alive_;
  request.target = target_.in(data);
  std::string_view path = request.target;
  if (!path.empty() && path[0] != '/' && path != "*") {  // absolute form: http://host/path
    const auto scheme = path.find("://");
    const auto slash = scheme == std::string_view::npos ? scheme : path.find('/', scheme + 3);
    path = slash == std::string_view::npos ? std::string_view("/") : path.substr(slash);
  }
  const auto mark = path.find('?');
  request.path = path.substr(0, mark);
  request.query = mark == std::string_view::npos ? std::string_view() : path.substr(mark + 1);
  for (std::size_t i = 0; i < headers_.size(); ++i) request.headers[i] = headers_[i].in(data);
  request.body = {data + head_size_, body_end_ - head_size_};
}

}  // namespace bandstand::serving::http
