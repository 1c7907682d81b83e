// escape: text from outside into JSON, HTML, XML and URLs, each by the rules of its context; appends, never
// allocates beyond the buffer's growth.
#pragma once

#include <string>
#include <string_view>

namespace bandstand::protocol::openrtb {

/// Between the quotes of a JSON string (RFC 8259). Also escapes '<' followed by '/' ("<\/"), so that it may
/// stand in a script element. Bytes that are no UTF-8 are passed on.
void append_json(std::string_view text, std::string& out);
/// Text or a quoted attribute value of HTML or XML. Control characters that XML 1.0 forbids become spaces.
void append_html(std::string_view text, std::string& out);
/// A component of a URL (RFC 3986): everything but unreserved characters is percent-encoded.
void append_url(std::string_view text, std::string& out);
/// Inside <![CDATA[ ]]>: "]]>" is split over two sections.
void append_cdata(std::string_view text, std::string& out);

}  // namespace bandstand::protocol::openrtb
