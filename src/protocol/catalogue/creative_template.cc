// creative_template: slots to variants, placeholders to text.
#include "protocol/catalogue/creative_template.h"

#include <algorithm>
#include <array>

#include "base/hash.h"
#include "base/spelling.h"
#include "protocol/openrtb/escape.h"

namespace bandstand::protocol::catalogue {
namespace {

constexpr std::uint64_t kIdSeed = 0x7E3A91A7Eull;  ///< part of the meaning of logged ids: never to be changed
constexpr std::string_view kOpen = "{SLOT";

bool is_name(std::string_view name) {
  return !name.empty() && name.size() <= 32 && std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
  });
}

bool is_text(const Value& value) { return value.kind == Value::Kind::text || value.kind == Value::Kind::number; }

bool is_web_address(std::string_view text, bool secure) {
  return text.starts_with("https://") || (!secure && text.starts_with("http://"));
}

/// Nothing that could end a declaration or load anything.
bool is_css_word(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return is_name({&c, 1}) || c == '#' || c == '.' || c == '%' || c == ' ';
  });
}

Alternative read_alternative(Fields& slot, const Field& field) {
  Alternative out{.name = field.name, .texts = {}};
  const Value& value = field.value;
  if (!is_name(field.name)) slot.problem(value.line, field.name, "is no name: letters, digits, '_' and '-', at most 32");
  if (is_text(value)) {
    out.texts.emplace_back("", value.scalar);
  } else if (value.kind == Value::Kind::object && !value.fields.empty()) {
    for (const Field& part : value.fields) {
      if (!is_name(part.name) || !is_text(part.value)) {
        slot.problem(part.value.line, field.name + "." + part.name, "expected a text");
      }
      out.texts.emplace_back(part.name, part.value.scalar);
    }
  } else {
    slot.problem(value.line, field.name, "expected a text, or an object of texts");
  }
  return out;
}

Slot read_slot(Fields& slots, const Field& field, std::vector<Problem>& problems) {
  Slot out{.name = field.name, .alternatives = {}};
  Fields in(field.value, slots.path_of(field.name), problems);
  if (!is_name(field.name)) in.problem(in.line(), "", "is no name: letters, digits, '_' and '-', at most 32");
  for (const Field& alternative : field.value.fields) out.alternatives.push_back(read_alternative(in, alternative));
  if (out.alternatives.empty() || out.alternatives.size() > CreativeTemplate::kAlternativesMax) {
    in.problem(in.line(), "", "a slot has from 1 to " + std::to_string(CreativeTemplate::kAlternativesMax) + " alternatives");
  }
  return out;
}

std::string choice_name(const Slot& slot, std::uint8_t choice) { return slot.name + "=" + slot.alternatives[choice].name; }

std::uint64_t hash_of(std::uint32_t template_id, const CreativeTemplate& from, const std::vector<std::uint8_t>& choices) {
  // By name, not by place: sorted, so that the order of the slots in the file means nothing.
  std::vector<std::string> names;
  for (std::size_t s = 0; s < choices.size(); ++s) names.push_back(choice_name(from.slots[s], choices[s]));
  std::sort(names.begin(), names.end());
  std::string text = std::to_string(template_id);
  for (const std::string& name : names) text += '\n' + name;
  return base::hash64(text, kIdSeed);
}

/// The next combination, the last slot turning fastest; false after the last one.
bool advance(const CreativeTemplate& from, std::vector<std::uint8_t>& choices) {
  for (std::size_t s = choices.size(); s-- > 0;) {
    if (++choices[s] < from.slots[s].alternatives.size()) return true;
    choices[s] = 0;
  }
  return false;
}

/// The first ones that show an alternative that none before showed, then the first of the others, until there are `count`.
void keep_covering(const CreativeTemplate& from, std::size_t count, std::vector<Variant>& variants) {
  std::vector<std::array<bool, CreativeTemplate::kAlternativesMax>> shown(from.slots.size());
  const auto is_new = [&](const Variant& variant) {
    bool fresh = false;
    for (std::size_t s = 0; s < variant.choices.size(); ++s) {
      fresh = fresh || !shown[s][variant.choices[s]];
    }
    return fresh;
  };
  std::vector<Variant> kept, others;
  for (Variant& variant : variants) {
    if (kept.size() < count && is_new(variant)) {
      for (std::size_t s = 0; s < variant.choices.size(); ++s) shown[s][variant.choices[s]] = true;
      kept.push_back(std::move(variant));
    } else {
      others.push_back(std::move(variant));
    }
  }
  others.resize(count - kept.size());
  kept.insert(kept.end(), others.begin(), others.end());
  variants = std::move(kept);
}

/// Braces of a filled text in markup: as HTML writes them, so that no macro is found in them.
void append_without_braces(std::string_view text, std::string& out) {
  for (const char c : text) {
    if (c == '{') {
      out += "&#123;";
    } else {
      out += c;
    }
  }
}

enum class Place : std::uint8_t { markup, text, address };

class Filler {
 public:
  Filler(const CreativeTemplate& from, const Variant& variant, bool secure, std::vector<bool>& used,
         const std::function<void(std::string_view, std::string)>& problem)
      : from_(from), variant_(variant), secure_(secure), used_(used), problem_(problem) {}

  void fill(std::string_view field, Place place, std::string& text) {
    if (!has_placeholder(text)) return;
    field_ = field;
    place_ = place;
    std::string out;
    std::string_view rest = text;
    for (std::size_t at = rest.find(kOpen); at != std::string_view::npos; at = rest.find(kOpen)) {
      out += rest.substr(0, at);
      rest.remove_prefix(at);
      const std::size_t end = rest.find('}');
      const std::size_t colon = rest.find(':');
      if (end == std::string_view::npos || colon > end) {
        problem_(field_, "a placeholder looks like {SLOT:name}");
        return;
      }
      whole_ = out.empty() && end + 1 == rest.size();
      append(rest.substr(1, colon - 1), rest.substr(colon + 1, end - colon - 1), out);
      rest.remove_prefix(end + 1);
    }
    out += rest;
    if (place == Place::address && !is_web_address(out, secure_)) complain("is no " + address_kind() + " address", out);
    text = std::move(out);
  }

 private:
  /// `name`: "headline" or "item.title".
  const std::string* find(std::string_view name) {
    const std::string_view slot = name.substr(0, name.find('.'));
    const std::string_view part = slot.size() == name.size() ? std::string_view() : name.substr(slot.size() + 1);
    std::vector<std::string> known;
    for (std::size_t s = 0; s < from_.slots.size(); ++s) {
      known.push_back(from_.slots[s].name);
      if (from_.slots[s].name != slot) continue;
      used_[s] = true;
      const Alternative& alternative = from_.slots[s].alternatives[variant_.choices[s]];
      for (const auto& [key, text] : alternative.texts) {
        if (key == part) return &text;
      }
      problem_(field_, "{" + std::string(name) + "}: " + choice_name(from_.slots[s], variant_.choices[s]) +
                           (part.empty() ? " has parts, of which one must be named" : " has no part of that name"));
      return nullptr;
    }
    const std::string near = base::nearest(slot, known);
    problem_(field_, "there is no slot '" + std::string(slot) + "'" + (near.empty() ? "" : "; did you mean '" + near + "'?"));
    return nullptr;
  }

  void append(std::string_view kind, std::string_view name, std::string& out) {
    const std::string* text = find(name);
    if (text == nullptr) return;
    if (place_ != Place::markup) {
      if (kind != "SLOT") return complain("only {SLOT:...} is known here", kind);
      if (place_ == Place::text || whole_) {
        out += *text;
      } else {
        openrtb::append_url(*text, out);
      }
      return;
    }
    std::string escaped;
    if (kind == "SLOT" || kind == "SLOT_URL") {
      if (kind == "SLOT_URL" && !is_web_address(*text, secure_)) complain("is no " + address_kind() + " address", *text);
      openrtb::append_html(*text, escaped);
      append_without_braces(escaped, out);
    } else if (kind == "SLOT_URL_ENC") {
      openrtb::append_url(*text, out);
    } else if (kind == "SLOT_JS") {
      append_script(*text, out);
    } else if (kind == "SLOT_CSS") {
      if (!is_css_word(*text)) complain("is no colour or length", *text);
      out += *text;
    } else {
      complain("is none of SLOT, SLOT_URL, SLOT_URL_ENC, SLOT_JS, SLOT_CSS", kind);
    }
  }

  /// For strings in either kind of quotes, in scripts and in attributes: what HTML, scripts or macros may read, as \u00XX.
  static void append_script(std::string_view text, std::string& out) {
    constexpr char kHex[] = "0123456789abcdef";
    for (const char c : text) {
      const auto byte = static_cast<unsigned char>(c);
      if (byte < 0x20 || std::string_view("\"'`\\<>&{}/=").find(c) != std::string_view::npos) {
        out += "\\u00";
        out += kHex[byte >> 4];
        out += kHex[byte & 15];
      } else {
        out += c;
      }
    }
  }

  void complain(const std::string& what, std::string_view text) { problem_(field_, "'" + std::string(text) + "' " + what); }
  [[nodiscard]] std::string address_kind() const { return secure_ ? "https" : "http or https"; }

  const CreativeTemplate& from_;
  const Variant& variant_;
  bool secure_;
  std::vector<bool>& used_;
  const std::function<void(std::string_view, std::string)>& problem_;
  std::string_view field_;
  Place place_ = Place::text;
  bool whole_ = false;
};

/// All texts of a creative that may have placeholders: each(field, place, text).
template <class CreativeLike, class Each>
void each_text(CreativeLike& creative, Each each) {
  each("markup", Place::markup, creative.markup);
  each("media_url", Place::address, creative.media_url);
  each("landing_page", Place::address, creative.landing_page);
  each("native.title", Place::text, creative.native.title);
  each("native.description", Place::text, creative.native.description);
  each("native.sponsored", Place::text, creative.native.sponsored);
  each("native.call_to_action", Place::text, creative.native.call_to_action);
  each("native.rating", Place::text, creative.native.rating);
  each("native.icon_url", Place::address, creative.native.icon_url);
  each("native.image_url", Place::address, creative.native.image_url);
}

}  // namespace

CreativeTemplate read_template(Fields& in, std::vector<Problem>& problems) {
  CreativeTemplate out;
  out.variants_max = in.integer<std::size_t>("variants_max", CreativeTemplate::kVariantsMax, 1, CreativeTemplate::kVariantsMax);
  const Value* field = in.get("slots", true);
  if (field == nullptr) return out;
  Fields slots(*field, in.path_of("slots"), problems);
  for (const Field& slot : field->fields) out.slots.push_back(read_slot(slots, slot, problems));
  if (out.slots.empty() || out.slots.size() > CreativeTemplate::kSlotsMax) {
    in.problem(field->line, "slots", "a template has from 1 to " + std::to_string(CreativeTemplate::kSlotsMax) + " slots");
  }
  if (combinations(out) > CreativeTemplate::kCombinationsMax) {
    in.problem(field->line, "slots", "more than " + std::to_string(CreativeTemplate::kCombinationsMax) + " combinations");
  }
  return out;
}

std::size_t combinations(const CreativeTemplate& from) noexcept {
  std::size_t count = 1;
  for (const Slot& slot : from.slots) {
    count *= slot.alternatives.size();
    if (count > CreativeTemplate::kCombinationsMax) return count;  // before it could overflow
  }
  return count;
}

std::vector<Variant> variants_of(std::uint32_t template_id, const CreativeTemplate& from) {
  std::vector<Variant> variants;
  std::vector<std::uint8_t> choices(from.slots.size());
  do {
    const auto id = static_cast<std::uint32_t>(hash_of(template_id, from, choices) | 0x8000'0000u);
    variants.push_back({id, choices});
  } while (advance(from, choices));
  const auto by_id = [](const Variant& a, const Variant& b) { return a.id < b.id; };
  std::sort(variants.begin(), variants.end(), by_id);
  if (variants.size() > from.variants_max) keep_covering(from, from.variants_max, variants);
  std::sort(variants.begin(), variants.end(), by_id);
  return variants;
}

std::vector<std::string> choices_of(const CreativeTemplate& from, const Variant& variant) {
  std::vector<std::string> out;
  for (std::size_t s = 0; s < from.slots.size(); ++s) out.push_back(choice_name(from.slots[s], variant.choices[s]));
  return out;
}

bool has_placeholder(std::string_view text) noexcept { return text.find(kOpen) != std::string_view::npos; }

bool has_placeholder(const domain::Creative& creative) noexcept {
  bool found = false;
  each_text(creative, [&](const char*, Place, const std::string& text) { found = found || has_placeholder(text); });
  return found;
}

void fill_variant(const CreativeTemplate& from, const Variant& variant, domain::Creative& creative, std::vector<bool>& used,
                  const std::function<void(std::string_view, std::string)>& problem) {
  Filler filler(from, variant, creative.secure, used, problem);
  each_text(creative, [&](const char* field, Place place, std::string& text) { filler.fill(field, place, text); });
}

}  // namespace bandstand::protocol::catalogue
