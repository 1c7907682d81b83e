// evaluate_picture: a scale, rows, lines.
#include "app/evaluate_picture.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

namespace bandstand::app {
namespace {

using learning::Estimate;

constexpr double kLeft = 110, kRight = 620, kTop = 64, kRow = 28;

std::string escaped(const std::string& text) {
  std::string out;
  for (const char c : text) {
    if (c == '&')
      out += "&amp;";
    else if (c == '<')
      out += "&lt;";
    else if (c == '>')
      out += "&gt;";
    else if (c == '"')
      out += "&quot;";
    else if (static_cast<unsigned char>(c) >= 0x20)
      out += c;
  }
  return out;
}

template <class... Values>
std::string format(const char* pattern, Values... values) {
  char text[512];
  std::snprintf(text, sizeof text, pattern, values...);
  return text;
}

std::string text_at(double x, double y, const char* anchor, const std::string& text, const char* more = "") {
  return format("<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"%s\"%s>", x, y, anchor, more) + escaped(text) +
         "</text>\n";
}

/// From values to places, with round steps.
class Scale {
 public:
  explicit Scale(double low, double high) {
    if (!(high > low)) {
      low -= .5 * std::max(std::abs(low), 1e-9);
      high += .5 * std::max(std::abs(high), 1e-9);
    }
    const double margin = .06 * (high - low);
    low_ = low - margin;
    high_ = high + margin;
    const double rough = (high_ - low_) / 5;
    const double power = std::pow(10, std::floor(std::log10(rough)));
    for (const double factor : {1.0, 2.0, 5.0, 10.0}) {
      step_ = factor * power;
      if (step_ >= rough) break;
    }
  }
  [[nodiscard]] double at(double value) const {
    return kLeft + (value - low_) / (high_ - low_) * (kRight - kLeft);
  }
  [[nodiscard]] std::string ticks(double bottom) const {
    std::string out;
    for (double k = std::ceil(low_ / step_); k * step_ <= high_; ++k) {
      const double x = at(k * step_);
      out += format("<line x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\" stroke=\"#ddd\"/>\n", x, kTop - 10,
                    x, bottom);
      out += text_at(x, bottom + 16, "middle", format("%.10g", k * step_ == 0 ? 0.0 : k * step_),
                     " fill=\"#555\"");
    }
    return out;
  }

 private:
  double low_ = 0, high_ = 1, step_ = 1;
};

Scale scale_of(const learning::Evaluation& evaluation, std::optional<double> truth) {
  double low = std::numeric_limits<double>::infinity();
  double high = -low;
  const auto take = [&](double value) {
    if (!std::isfinite(value)) return;
    low = std::min(low, value);
    high = std::max(high, value);
  };
  for (const Estimate& row : evaluation.estimates) {
    for (const auto& measured : {row.value, row.incumbent}) {
      take(measured.value);
      take(measured.low);
      take(measured.high);
    }
  }
  if (truth) take(*truth);
  return std::isfinite(low) ? Scale(low, high) : Scale(0, 1);
}

std::string draw_row(const Estimate& row, bool deciding, const Scale& scale, double y) {
  const char* const colour = deciding ? "#0b5394" : "#6fa8dc";
  std::string out = text_at(kLeft - 10, y + 4, "end", std::string(name_of(row.estimator)),
                            deciding ? " font-weight=\"bold\"" : "");
  if (!std::isfinite(row.value.value)) return out;
  if (std::isfinite(row.value.low)) {
    out +=
        format("<line x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\" stroke=\"%s\" stroke-width=\"%d\"/>\n",
               scale.at(row.value.low), y, scale.at(row.value.high), y, colour, deciding ? 4 : 3);
  }
  return out + format("<circle cx=\"%.1f\" cy=\"%.1f\" r=\"5\" fill=\"%s\"/>\n", scale.at(row.value.value), y,
                      colour);
}

}  // namespace

std::string draw_evaluation(const learning::Evaluation& evaluation, const std::string& title,
                            std::optional<double> truth) {
  const Scale scale = scale_of(evaluation, truth);
  const double bottom = kTop + kRow * static_cast<double>(evaluation.estimates.size());
  std::string out = format(
      "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 660 %.0f\" width=\"660\" height=\"%.0f\" "
      "font-family=\"sans-serif\" font-size=\"12\">\n<rect width=\"100%%\" height=\"100%%\" "
      "fill=\"white\"/>\n",
      bottom + 44, bottom + 44);
  out += text_at(20, 24, "start", title, " font-size=\"14\" font-weight=\"bold\"");
  out +=
      text_at(20, 42, "start",
              "value a round, 95 % intervals; dashed: incumbent" + std::string(truth ? "; red: truth" : ""),
              " fill=\"#555\"");
  out += scale.ticks(bottom);
  const auto deciding =
      std::find_if(evaluation.estimates.begin(), evaluation.estimates.end(),
                   [&](const Estimate& row) { return row.estimator == evaluation.deciding; });
  const auto vertical = [&](double value, const char* style) {
    const double x = scale.at(value);
    out += format("<line x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\" %s/>\n", x, kTop - 10, x, bottom,
                  style);
  };
  if (deciding != evaluation.estimates.end() && std::isfinite(deciding->incumbent.value)) {
    const auto& incumbent = deciding->incumbent;
    if (std::isfinite(incumbent.low)) {
      out += format(
          "<rect x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\" fill=\"#999\" "
          "fill-opacity=\"0.15\"/>\n",
          scale.at(incumbent.low), kTop - 10, scale.at(incumbent.high) - scale.at(incumbent.low),
          bottom - kTop + 10);
    }
    vertical(incumbent.value, "stroke=\"#555\" stroke-width=\"1.5\" stroke-dasharray=\"5 4\"");
  }
  if (truth) vertical(*truth, "stroke=\"#cc0000\" stroke-width=\"1.5\"");
  for (std::size_t i = 0; i < evaluation.estimates.size(); ++i) {
    const Estimate& row = evaluation.estimates[i];
    out += draw_row(row, row.estimator == evaluation.deciding, scale,
                    kTop + kRow * (static_cast<double>(i) + .5));
  }
  out += text_at(20, bottom + 36, "start", "verdict: " + std::string(name_of(evaluation.verdict.answer)),
                 " font-weight=\"bold\"");
  return out + "</svg>\n";
}

}  // namespace bandstand::app
