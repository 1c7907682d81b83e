// admin_texts: the OpenAPI description and the status page, as they are sent.
#include "serving/admin.h"

namespace bandstand::serving {

const char* const kOpenApi = R"({"openapi":"3.1.0","info":{"title":"Bandstand operators' API","version":"1"},
"paths":{
"/api/v1/status":{"get":{"summary":"Totals, latency, agents, outcomes, campaigns","responses":{"200":{"description":"ok","content":{"application/json":{"schema":{"type":"object","required":["uptime_s","requests","bids","wins","bills","latency_ms","fallbacks","agents","outcomes","reward_nanos","imbalance_nanos","campaigns"]}}}}}}},
"/api/v1/campaigns":{"get":{"summary":"Campaigns with their pacing","responses":{"200":{"description":"ok","content":{"application/json":{"schema":{"type":"object","required":["campaigns"]}}}}}}},
"/api/v1/campaigns/{id}/balance":{"get":{"summary":"A campaign's accounts, nanos as decimal strings","parameters":[{"name":"id","in":"path","required":true,"schema":{"type":"integer"}}],"responses":{"200":{"description":"ok","content":{"application/json":{"schema":{"type":"object","required":["id","funded","available","leased","charged","late"]}}}},"404":{"description":"unknown campaign"}}}},
"/api/v1/decisions/{id}":{"get":{"summary":"One of the latest decisions; format=text explains it","parameters":[{"name":"id","in":"path","required":true,"schema":{"type":"string","pattern":"^[0-9a-f]{32}$"}},{"name":"format","in":"query","schema":{"type":"string","enum":["json","text"]}}],"responses":{"200":{"description":"ok","content":{"application/json":{"schema":{"type":"object","required":["id","consent","fraud","bids","calls","impressions"]}}}},"404":{"description":"not kept"}}}},
"/api/v1/kill":{"post":{"summary":"Stop a scope at once","responses":{"200":{"description":"stopped"}}},"delete":{"summary":"Let it go on","responses":{"200":{"description":"released"}}}},
"/api/v1/reload":{"post":{"summary":"Read the catalogue again","responses":{"202":{"description":"requested"}}}}
}})";

const char* const kStatusPage = R"PAGE(<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1">
<title>Bandstand</title>
<style>
:root{color-scheme:light dark;--ink:#1d2430;--dim:#6a7485;--line:#d9dee6;--back:#f6f7f9;--card:#fff;--one:#2463b8;--two:#c2571a}
@media (prefers-color-scheme:dark){:root{--ink:#e4e8ee;--dim:#93a0b3;--line:#323b48;--back:#14181e;--card:#1c222b;--one:#78aef0;--two:#f0a06a}}
*{box-sizing:border-box}body{margin:0;background:var(--back);color:var(--ink);font:14px/1.45 system-ui,sans-serif}
main{max-width:1240px;margin:0 auto;padding:16px;display:grid;gap:12px;grid-template-columns:repeat(12,1fr)}
header{grid-column:1/-1;display:flex;align-items:baseline;gap:16px;flex-wrap:wrap}h1{font-size:20px;margin:0}
#state{color:var(--dim)}#state.bad{color:var(--two);font-weight:600}
section{background:var(--card);border:1px solid var(--line);border-radius:8px;padding:10px 12px;grid-column:span 3;min-width:0}
section h2{font-size:12px;font-weight:600;color:var(--dim);margin:0 0 2px}section b{font-size:22px;font-weight:600}
section.wide{grid-column:span 6}section.full{grid-column:1/-1}
svg{width:100%;height:64px;display:block}table{width:100%;border-collapse:collapse}td,th{padding:3px 6px;text-align:right;white-space:nowrap}
th{font-weight:600;color:var(--dim);font-size:12px}td:first-child,th:first-child{text-align:left;overflow:hidden;text-overflow:ellipsis;max-width:220px}
tr+tr td{border-top:1px solid var(--line)}.bar{position:relative;height:10px;background:var(--line);border-radius:5px;min-width:120px}
.bar i{position:absolute;left:0;top:0;bottom:0;background:var(--one);border-radius:5px}.bar u{position:absolute;top:-3px;bottom:-3px;width:2px;background:var(--two)}
@media (max-width:760px){section,section.wide{grid-column:1/-1}}
</style></head><body><main>
<header><h1>Bandstand</h1><span id="state">no data yet</span></header>
<section><h2>requests a second</h2><b id="rate">–</b><svg id="g_rate" preserveAspectRatio="none"></svg></section>
<section><h2>latency p50 / p99 (ms, upper bucket edge)</h2><b id="lat">–</b><svg id="g_lat" preserveAspectRatio="none"></svg></section>
<section><h2>bids a second / win rate</h2><b id="bids">–</b><svg id="g_win" preserveAspectRatio="none"></svg></section>
<section><h2>reward (currency units)</h2><b id="reward">–</b><svg id="g_reward" preserveAspectRatio="none"></svg></section>
<section class="wide"><h2>agents: time to answer (&micro;s, upper bucket edge)</h2><table id="agents"></table></section>
<section class="wide"><h2>outcomes and money</h2><table id="facts"></table></section>
<section class="full"><h2>spend (bar) against plan (mark), of the present period's budget</h2><table id="campaigns"></table></section>
</main><script>
"use strict";
const el=i=>document.getElementById(i),keep=120,series={rate:[],p50:[],p99:[],win:[],reward:[]};let last=null;
const put=(k,v)=>{const s=series[k];s.push(v);if(s.length>keep)s.shift()};
function plot(id,lists){const svg=el(id),w=240,h=64,top=Math.max(1e-9,...lists.flat());svg.setAttribute("viewBox",`0 0 ${w} ${h}`);svg.replaceChildren();
lists.forEach((s,n)=>{const p=document.createElementNS("http://www.w3.org/2000/svg","polyline");
p.setAttribute("points",s.map((v,i)=>`${(i+keep-s.length)*w/(keep-1)},${h-2-v/top*(h-6)}`).join(" "));
p.setAttribute("fill","none");p.setAttribute("stroke",n?"var(--two)":"var(--one)");p.setAttribute("stroke-width","1.5");p.setAttribute("vector-effect","non-scaling-stroke");svg.append(p)})}
function table(id,head,rows){const t=el(id);t.replaceChildren();const add=(cells,tag)=>{const r=document.createElement("tr");
cells.forEach(c=>{const d=document.createElement(tag);c instanceof Node?d.append(c):d.textContent=c;r.append(d)});t.append(r)};if(head)add(head,"th");rows.forEach(r=>add(r,"td"))}
const units=n=>(Number(n)/1e9).toFixed(4);
function bar(spent,plan,budget){const b=document.createElement("div");b.className="bar";const i=document.createElement("i"),u=document.createElement("u");
const share=x=>Math.min(100,100*Number(x)/Math.max(1,Number(budget)))+"%";i.style.width=share(spent);u.style.left=share(plan);b.append(i,u);return b}
async function tick(){try{const r=await fetch("/api/v1/status",{cache:"no-store"}),s=await r.json(),now=performance.now();
if(last){const dt=(now-last.at)/1e3,d=k=>(s[k]-last.s[k])/dt;put("rate",d("requests"));put("p50",s.latency_ms.p50);put("p99",s.latency_ms.p99);
const bids=d("bids"),win=s.bids>0?100*s.wins/s.bids:0;put("win",win);put("reward",Math.max(0,Number(s.reward_nanos)/1e9));
el("rate").textContent=d("requests").toFixed(0);el("lat").textContent=s.latency_ms.p50+" / "+s.latency_ms.p99;
el("bids").textContent=bids.toFixed(0)+" / "+win.toFixed(1)+" %";el("reward").textContent=units(s.reward_nanos);
plot("g_rate",[series.rate]);plot("g_lat",[series.p50,series.p99]);plot("g_win",[series.win]);plot("g_reward",[series.reward])}
last={s,at:now};el("state").className="";el("state").textContent=`up ${s.uptime_s.toFixed(0)} s, ${s.catalogue.line_items} line items, catalogue ${s.catalogue.version}`;
table("agents",["agent","p50","p99"],s.agents.map(a=>[a.name,a.p50_us.toFixed(1),a.p99_us.toFixed(1)]));
table("facts",null,[["wins / billed / lost",`${s.wins} / ${s.bills} / ${s.losses}`],["clicks / conversions",`${s.clicks} / ${s.conversions}`],
["matched / late / unmatched",`${s.outcomes.matched} / ${s.outcomes.late} / ${s.outcomes.unmatched}`],["agent fallbacks",s.fallbacks],
["ledger imbalance (must be 0)",s.imbalance_nanos],["decision records dropped",s.decisions_dropped]]);
table("campaigns",["campaign","","spent","plan","budget","mu","state"],s.campaigns.map(c=>[c.name,bar(c.spent_nanos,c.planned_nanos,c.budget_nanos),
units(c.spent_nanos),units(c.planned_nanos),units(c.budget_nanos),c.mu.toFixed(2),c.open?"open":c.why]))}
catch(e){el("state").className="bad";el("state").textContent="the server does not answer; trying again"}
setTimeout(tick,1000)}
tick();
</script></body></html>
)PAGE";

}  // namespace bandstand::serving
