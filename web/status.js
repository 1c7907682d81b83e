// status: asks /api/v1/status each second and draws what it says. Nothing is fetched from anywhere else.
"use strict";

const kPoints = 120;
const kSvg = "http://www.w3.org/2000/svg";
let points = [];

// ---- small pieces --------------------------------------------------------------------------------------------------

function make(tag, className, text) {
  const node = document.createElement(tag);
  if (className) node.className = className;
  if (text !== undefined) node.textContent = text;
  return node;
}

function draw(tag, attributes) {
  const node = document.createElementNS(kSvg, tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  return node;
}

const part = (id, selector) => document.getElementById(id).querySelector(selector);
const isNumber = value => typeof value === "number" && isFinite(value);

function count(value) {
  if (!isNumber(value)) return "–";
  if (value >= 1e6) return (value / 1e6).toFixed(2) + " M";
  if (value >= 1e4) return (value / 1e3).toFixed(1) + " k";
  return value >= 100 || Number.isInteger(value) ? value.toFixed(0) : value.toFixed(1);
}
const share = value => isNumber(value) ? (100 * value).toFixed(value < .1 ? 2 : 1) + " %" : "–";
function time(us) {
  if (!isNumber(us)) return "–";
  if (us >= 1e6) return (us / 1e6).toFixed(2) + " s";
  if (us >= 1e4) return (us / 1e3).toFixed(1) + " ms";
  if (us >= 1e3) return (us / 1e3).toFixed(2) + " ms";
  return us.toFixed(us < 10 ? 1 : 0) + " µs";
}
/// Nanos (a decimal string) as units of currency.
function money(nanos) {
  const units = Number(nanos) / 1e9;
  if (units === 0) return "0";
  const digits = Math.abs(units) >= 1000 ? 0 : Math.abs(units) >= 10 ? 2 : 4;
  return units.toLocaleString("en", {minimumFractionDigits: digits, maximumFractionDigits: digits});
}
function age(seconds) {
  if (seconds < 120) return seconds.toFixed(0) + " s";
  if (seconds < 7200) return (seconds / 60).toFixed(0) + " min";
  return seconds < 172800 ? (seconds / 3600).toFixed(1) + " h" : (seconds / 86400).toFixed(1) + " d";
}

// ---- plots ---------------------------------------------------------------------------------------------------------

/// Rounded up to a round number, so that the scale does not jump with every point.
function ceiling(value) {
  if (!(value > 0)) return 1;
  const power = Math.pow(10, Math.floor(Math.log10(value)));
  return [1, 1.5, 2, 3, 5, 7.5, 10].map(n => n * power).find(n => n >= value * .999);
}

/// Runs of points without a gap, as coordinates in a box of 240 by 84; the newest point stands at the right.
function runs(values, low, high) {
  const out = [[]];
  values.forEach((value, i) => {
    if (!isNumber(value)) {
      if (out[out.length - 1].length > 0) out.push([]);
      return;
    }
    const x = 240 * (i + kPoints - values.length) / (kPoints - 1);
    out[out.length - 1].push([x, 83 - 66 * (value - low) / (high - low)]);  // the scale's text stands above
  });
  return out.filter(run => run.length > 0);
}

/// `lines` are {values, className}; `top` formats the scale's upper end.
function plot(id, lines, top, limit) {
  const section = document.getElementById(id);
  section.querySelectorAll(".plot, .axis").forEach(node => node.remove());
  const box = make("div", "plot");
  const all = lines.flatMap(line => line.values.filter(isNumber));
  if (all.length === 0) {
    box.append(make("span", "none", "no data yet"));
  } else {
    const high = limit || ceiling(Math.max(...all, 0));
    const low = Math.min(0, ...all);
    const svg = draw("svg", {viewBox: "0 0 240 84", preserveAspectRatio: "none", "aria-hidden": "true"});
    for (const line of lines) {
      const group = draw("g", {class: line.className});
      for (const run of runs(line.values, low, high)) {
        const path = run.map(point => point[0].toFixed(1) + "," + point[1].toFixed(1)).join(" ");
        if (lines.length === 1) {
          group.append(draw("polygon", {points: `${run[0][0]},84 ${path} ${run[run.length - 1][0]},84`}));
        }
        group.append(draw("polyline", {points: run.length > 1 ? path : `${path} ${run[0][0] + 1},${run[0][1]}`}));
      }
      svg.append(group);
    }
    box.append(svg, make("span", "top", top(high).replace(/[.]0+ /, " ")));
  }
  const axis = make("div", "axis");
  axis.append(make("span", "", "2 min ago"), make("span", "", "now"));
  section.append(box, axis);
}

/// The large figure of a tile: parts are [text, className] or plain text.
function figure(id, parts) {
  const section = document.getElementById(id);
  let node = section.querySelector(".figure");
  if (!node) {
    node = make("div", "figure");
    section.querySelector("h2").after(node);
  }
  node.replaceChildren(...parts.map(one => Array.isArray(one) ? make(one[1] === "small" ? "small" : "span", one[1], one[0])
                                                              : document.createTextNode(one)));
}

// ---- tables --------------------------------------------------------------------------------------------------------

/// Cells are text, a node, or {text, className, title}.
function table(id, head, rows, empty) {
  const place = part(id, ".rows");
  if (rows.length === 0) return place.replaceChildren(make("p", "hint", empty));
  const out = make("table");
  const fill = (row, cells, tag) => {
    for (const cell of cells) {
      const node = make(tag);
      if (cell instanceof Node) {
        node.className = "barcell";
        node.append(cell);
      } else if (typeof cell === "object") {
        node.className = cell.className || "";
        node.textContent = cell.text;
        if (cell.title) node.title = cell.title;
      } else {
        node.textContent = cell;
      }
      row.append(node);
    }
    return row;
  };
  if (head) {
    const top = make("thead");
    top.append(fill(make("tr"), head, "th"));
    out.append(top);
  }
  const body = make("tbody");
  for (const row of rows) body.append(fill(make("tr", row.className), row.cells, "td"));
  out.append(body);
  place.replaceChildren(out);
}

/// A bar filled to `part` of `whole`, with a mark at `mark` (or none).
function bar(part, whole, mark) {
  const at = value => Math.max(0, Math.min(100, whole > 0 ? 100 * value / whole : 0));
  const svg = draw("svg", {class: "bar", viewBox: "0 0 100 12", preserveAspectRatio: "none", "aria-hidden": "true"});
  svg.append(draw("rect", {class: "track", x: 0, y: 2, width: 100, height: 8, rx: 1}),
             draw("rect", {class: "fill", x: 0, y: 2, width: at(part), height: 8, rx: 1}));
  if (mark !== undefined) svg.append(draw("rect", {class: "mark", x: Math.min(98.9, at(mark)), y: 0, width: 1.1, height: 12}));
  return svg;
}

// ---- the page ------------------------------------------------------------------------------------------------------

function showTiles(status) {
  const traffic = status.traffic, latency = status.latency;
  figure("requests", [count(traffic.requests_per_s), [`  ${count(traffic.requests)} since the start`, "small"]]);
  figure("latency", [[time(latency.p50_us), "one"], ["  median   ", "small"], [time(latency.p99_us), "two"], ["  p99", "small"]]);
  figure("rates", [[share(traffic.bid_rate), "one"], ["  bid   ", "small"], [share(traffic.win_rate), "two"], ["  won", "small"]]);
  figure("reward", [money(status.money.reward), ["  since the start", "small"]]);
  const list = name => points.map(point => point[name]);
  plot("requests", [{values: list("requests_per_s"), className: "one"}], count);
  plot("latency", [{values: list("p50_us"), className: "one"}, {values: list("p99_us"), className: "two"}], time);
  plot("rates", [{values: list("bid_rate"), className: "one"}, {values: list("win_rate"), className: "two"}],
       share, ceiling(Math.max(.01, ...list("bid_rate").concat(list("win_rate")).filter(isNumber))));
  const rewards = list("reward").map(nanos => Number(nanos) / 1e9);
  plot("reward", [{values: rewards.some(value => value !== 0) ? rewards : [], className: "one"}],
       value => value.toLocaleString("en", {maximumSignificantDigits: 3}));
}

function showChecks(status) {
  const check = (name, value, good, title) => {
    const node = make("div", good ? "check" : "check bad");
    node.append(make("span", "", name + " "), make("b", "", value));
    if (title) node.title = title;
    return node;
  };
  const fallbacks = status.agents.reduce((sum, agent) => sum + agent.fallbacks, 0);
  document.getElementById("checks").replaceChildren(
      check("ledger imbalance", status.money.imbalance === "0" ? "0" : money(status.money.imbalance),
            status.money.imbalance === "0", "sum over all accounts; anything but 0 is a bug"),
      check("charged", money(status.money.charged), true),
      check("leased", money(status.money.leased), true, "in the hands of shards"),
      check("late", money(status.money.late), true, "charged after its lease had ended"),
      check("house loss", money(status.money.house_loss), status.money.house_loss === "0",
            "owed to exchanges and not charged to advertisers"),
      check("brown-out level", String(status.brownout_level), status.brownout_level === 0),
      check("fallbacks", count(fallbacks), true),
      check("unmatched", count(status.outcomes.unmatched), status.outcomes.unmatched === 0,
            "notices and events about bids that nobody remembers"),
      check("suspicious events", count(status.outcomes.suspicious), true,
            "of browsers: marked, and kept out of money and of learning"),
      check("rates off their course", String(status.anomalies.length), status.anomalies.length === 0,
            status.anomalies.slice(0, 5).map(
                one => `${one.subject} ${one.name || one.id}: ${one.watch} ${one.state}`).join("; ")),
      check("kill switches", String(status.killed), status.killed === 0),
      check("decision records dropped", count(status.decisions.dropped), status.decisions.dropped === 0));
}

function showCampaigns(status) {
  const rows = status.campaigns.map(campaign => {
    const spent = Number(campaign.spent), plan = Number(campaign.planned), budget = Number(campaign.budget);
    return {className: campaign.open ? "" : "closed", cells: [
      {text: campaign.name, className: "name", title: `${campaign.id}, ${campaign.advertiser}, ${campaign.pacing}`},
      bar(spent, budget, plan), money(campaign.spent), {text: money(campaign.planned), className: "dim"},
      {text: money(campaign.budget), className: "dim narrow"}, {text: campaign.mu.toFixed(2), className: "narrow"},
      {text: campaign.open ? "open" : campaign.closed_because, className: campaign.open ? "dim" : "",
       title: campaign.closed_words || ""}]};
  });
  table("campaigns", ["campaign", "", "spent", "plan", {text: "budget", className: "narrow"},
                      {text: "mu", className: "narrow"}, "state"], rows, "no campaigns in the catalogue");
  if (status.campaigns_total > status.campaigns.length) {
    part("campaigns", ".rows").append(make("p", "hint",
        `the ${status.campaigns.length} largest of ${status.campaigns_total}; /api/v1/campaigns has all`));
  }
}

function showAgents(status) {
  const slowest = Math.max(...status.agents.map(agent => agent.mean_us || 0));
  table("agents", ["agent", "", "mean", "p99", "fallbacks"], status.agents.map(agent => ({cells: [
    agent.agent, bar(agent.mean_us || 0, slowest), time(agent.mean_us), {text: time(agent.p99_us), className: "dim"},
    {text: count(agent.fallbacks), className: agent.fallback_share > .01 ? "bad" : "dim",
     title: Object.entries(agent.fallback_reasons).map(([reason, n]) => `${n} ${reason}`).join(", ")}]})),
        "no agent has been asked yet");
}

function showRest(status) {
  const reasons = status.traffic.no_bids.slice().sort((a, b) => b.count - a.count).slice(0, 6);
  table("nobids", null, reasons.map(reason => ({cells: [
    {text: reason.words, className: "name", title: `${reason.nbr} ${reason.name}`},
    bar(reason.count, reasons[0].count), count(reason.count)]})), "no request so far was left without a bid");
  const o = status.outcomes;
  table("outcomes", null, [
    ["won, charged, lost", `${count(status.traffic.bids_won)}, ${count(o.bills)}, ${count(o.losses)}`],
    ["clicks, conversions", `${count(o.clicks)}, ${count(o.conversions)}`],
    ["notices repeated, in conflict, refused", `${count(o.duplicates)}, ${count(o.conflicts)}, ${count(o.refused)}`],
    ["joined, late, unmatched", `${count(o.matched)}, ${count(o.late)}, ${count(o.unmatched)}`]].map(cells => ({cells})));
}

function show(status) {
  const state = document.getElementById("state");
  state.className = status.ready ? "good" : "bad";
  state.textContent = `${status.ready ? "serving" : "not ready"}, up ${age(status.uptime_s)}`;
  document.getElementById("about").textContent = `version ${status.versions.program}, ${count(status.line_items)} line items, ` +
      `catalogue ${status.versions.catalogue.slice(0, 8)}`;
  points.push({requests_per_s: status.traffic.requests_per_s, p50_us: status.latency.p50_us, p99_us: status.latency.p99_us,
               bid_rate: status.traffic.bid_rate, win_rate: status.traffic.win_rate, reward: status.money.reward});
  points = points.slice(-kPoints);
  showTiles(status);
  showChecks(status);
  showCampaigns(status);
  showAgents(status);
  showRest(status);
}

// ---- the loop ------------------------------------------------------------------------------------------------------

let answered = 0;  // when the last answer came

function gone(error) {
  const note = document.getElementById("gone");
  note.hidden = false;
  note.textContent = "The server does not answer (" + error + "). " +
      (answered ? `These figures are ${age((Date.now() - answered) / 1000)} old. ` : "") + "Trying again each second.";
  document.body.classList.add("stale");
  document.getElementById("state").className = "bad";
  document.getElementById("state").textContent = "unreachable";
}

async function ask(path) {
  const answer = await fetch(path, {cache: "no-store", signal: AbortSignal.timeout(5000)});
  if (!answer.ok) throw new Error(`${path}: ${answer.status}`);
  return answer.json();
}

async function turn() {
  try {
    if (!answered) points = (await ask("/api/v1/status/history")).points;
    const status = await ask("/api/v1/status");
    answered = Date.now();
    document.getElementById("gone").hidden = true;
    document.body.classList.remove("stale");
    show(status);
  } catch (error) {
    gone(error.message);
  }
  setTimeout(turn, 1000);
}

for (const id of ["requests", "latency", "rates", "reward"]) {
  figure(id, ["–"]);
  plot(id, [{values: [], className: "one"}], count);
}
turn();
