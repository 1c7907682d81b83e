// exchange_response: simdjson, on demand, with an owned padded copy.
#include "simulation/exchange_response.h"

#define SIMDJSON_EXCEPTIONS 0
#include <simdjson.h>

#include <cstring>

namespace bandstand::simulation {

namespace ondemand = simdjson::ondemand;

struct ResponseReader::State {
  ondemand::parser parser;
  std::string padded;
};

namespace {

/// Text, or a number as written; anything else leaves `to` empty.
void read_text(ondemand::value& value, std::string& to) {
  std::string_view text;
  if (value.get_string().get(text) == simdjson::SUCCESS) to.assign(text);
}

void read_int(ondemand::value& value, std::int32_t& to) {
  std::int64_t number = 0;
  if (value.get_int64().get(number) == simdjson::SUCCESS) to = static_cast<std::int32_t>(number);
}

void read_first(ondemand::value& value, std::string& to) {
  ondemand::array array;
  if (value.get_array().get(array) != simdjson::SUCCESS) return;
  bool first = true;
  for (auto item : array) {
    std::string_view text;
    if (item.get_string().get(text) != simdjson::SUCCESS || !first) continue;
    to.assign(text);
    first = false;
  }
}

void read_price(ondemand::value& value, base::Nanos& to) {
  std::string_view token = value.raw_json_token();
  while (!token.empty() &&
         (token.back() == ' ' || token.back() == '\n' || token.back() == '\r' || token.back() == '\t')) {
    token.remove_suffix(1);
  }
  const auto price = base::parse_cpm(token);
  if (price) to = *price;
}

void read_ext(ondemand::value& value, ReadBid& out) {
  ondemand::object object;
  if (value.get_object().get(object) != simdjson::SUCCESS) return;
  for (auto item : object) {
    ondemand::field field;
    if (std::move(item).get(field) != simdjson::SUCCESS) return;
    if (field.key() == "conversion_url") read_text(field.value(), out.conversion_url);
  }
}

std::string* text_field(ReadBid& bid, ondemand::raw_json_string key) {
  struct Row {
    const char* name;
    std::string ReadBid::*to;
  };
  static constexpr Row kRows[] = {{"id", &ReadBid::id},           {"impid", &ReadBid::imp_id},
                                  {"adid", &ReadBid::ad_id},      {"crid", &ReadBid::creative_id},
                                  {"cid", &ReadBid::campaign_id}, {"dealid", &ReadBid::deal_id},
                                  {"nurl", &ReadBid::win_url},    {"burl", &ReadBid::billing_url},
                                  {"lurl", &ReadBid::loss_url},   {"adm", &ReadBid::markup}};
  for (const Row& row : kRows) {
    if (key == row.name) return &(bid.*row.to);
  }
  return nullptr;
}

void read_bid(ondemand::object& object, ReadBid& out) {
  for (auto item : object) {
    ondemand::field field;
    if (std::move(item).get(field) != simdjson::SUCCESS) return;
    const ondemand::raw_json_string key = field.key();
    if (std::string* text = text_field(out, key)) {
      read_text(field.value(), *text);
    } else if (key == "price") {
      read_price(field.value(), out.price);
    } else if (key == "mtype") {
      read_int(field.value(), out.type);
    } else if (key == "w") {
      read_int(field.value(), out.w);
    } else if (key == "h") {
      read_int(field.value(), out.h);
    } else if (key == "adomain") {
      read_first(field.value(), out.domain);
    } else if (key == "cat") {
      read_first(field.value(), out.category);
    } else if (key == "ext") {
      read_ext(field.value(), out);
    }
  }
}

void read_bids(ondemand::value& value, ReadResponse& out) {
  ondemand::array array;
  if (value.get_array().get(array) != simdjson::SUCCESS) return;
  for (auto item : array) {
    ondemand::object object;
    if (item.get_object().get(object) != simdjson::SUCCESS) return;
    if (out.bids == out.bid.size()) out.bid.emplace_back();
    ReadBid& bid = out.bid[out.bids++];
    bid.clear();
    read_bid(object, bid);
  }
}

void read_seats(ondemand::value& value, ReadResponse& out) {
  ondemand::array array;
  if (value.get_array().get(array) != simdjson::SUCCESS) return;
  for (auto item : array) {
    ondemand::object object;
    if (item.get_object().get(object) != simdjson::SUCCESS) return;
    const std::size_t first = out.bids;
    std::string seat;
    for (auto part : object) {
      ondemand::field field;
      if (std::move(part).get(field) != simdjson::SUCCESS) return;
      if (field.key() == "bid") {
        read_bids(field.value(), out);
      } else if (field.key() == "seat") {
        read_text(field.value(), seat);
      }
    }
    for (std::size_t i = first; i < out.bids; ++i) out.bid[i].seat = seat;
  }
}

}  // namespace

void ReadBid::clear() {
  for (std::string* text : {&id, &imp_id, &ad_id, &creative_id, &campaign_id, &deal_id, &seat, &win_url,
                            &billing_url, &loss_url, &markup, &conversion_url, &domain, &category}) {
    text->clear();
  }
  price = base::Nanos{-1};
  type = w = h = 0;
}

ResponseReader::ResponseReader() : state_(std::make_unique<State>()) {}
ResponseReader::~ResponseReader() = default;

bool ResponseReader::read(std::string_view body, ReadResponse& out) {
  out.id.clear();
  out.bid_id.clear();
  out.currency = "USD";
  out.no_bid_reason = -1;
  out.bids = 0;
  std::string& padded = state_->padded;
  padded.assign(body);
  padded.append(simdjson::SIMDJSON_PADDING, '\0');
  ondemand::document document;
  ondemand::object root;
  if (state_->parser.iterate(padded.data(), body.size(), padded.size()).get(document) != simdjson::SUCCESS)
    return false;
  if (document.get_object().get(root) != simdjson::SUCCESS) return false;
  for (auto item : root) {
    ondemand::field field;
    if (std::move(item).get(field) != simdjson::SUCCESS) return false;
    const ondemand::raw_json_string key = field.key();
    if (key == "id") {
      read_text(field.value(), out.id);
    } else if (key == "bidid") {
      read_text(field.value(), out.bid_id);
    } else if (key == "cur") {
      read_text(field.value(), out.currency);
    } else if (key == "nbr") {
      read_int(field.value(), out.no_bid_reason);
    } else if (key == "seatbid") {
      read_seats(field.value(), out);
    }
  }
  return true;
}

}  // namespace bandstand::simulation
