package report

// style has the looks of pages and pictures. Every colour is a property that a dark
// page gives another value; what it means is written beside it too.
const style = `:root { color-scheme: light dark;
--ground: #ffffff; --panel: #f6f8fa; --text: #1f2328; --dim: #59636e; --grid: #d1d9e0;
--a: #0969da; --b: #bc4c00; --c: #8250df; --good: #1a7f37; --bad: #cf222e; --warn: #9a6700;
--queue: #8c959f; --dns: #0f7b83; --connect: #bc4c00; --tls: #8250df; --send: #bf3989; --wait: #1a7f37; --receive: #0969da }
@media (prefers-color-scheme: dark) { :root {
--ground: #0d1117; --panel: #161b22; --text: #e6edf3; --dim: #9198a1; --grid: #3d444d;
--a: #4493f8; --b: #f0883e; --c: #ab7df8; --good: #3fb950; --bad: #f85149; --warn: #d29922;
--queue: #818b98; --dns: #39c5cf; --connect: #f0883e; --tls: #ab7df8; --send: #f778ba; --wait: #3fb950; --receive: #4493f8 } }
svg { font: 12px system-ui, sans-serif; fill: var(--text) }
svg .ground { fill: var(--ground) } svg .panel { fill: var(--panel) }
svg .grid { stroke: var(--grid); stroke-width: 1 } svg .label { fill: var(--dim); font-size: 11px }
svg .title { font-size: 14px; font-weight: 600 } svg .head { font-size: 20px; font-weight: 600 }
svg .mono { font-family: ui-monospace, Menlo, Consolas, monospace }
svg .line { fill: none; stroke-width: 1.6 } svg .a { stroke: var(--a) } svg .b { stroke: var(--b) } svg .c { stroke: var(--c) }
svg .mark { stroke: var(--b); stroke-width: 1; stroke-dasharray: 3 2 }
svg .bar { fill: var(--a) } svg .failed { fill: var(--bad) } svg .hot { fill: transparent }
svg .queue { fill: var(--queue) } svg .dns { fill: var(--dns) } svg .connect { fill: var(--connect) } svg .tls { fill: var(--tls) }
svg .send { fill: var(--send) } svg .wait { fill: var(--wait) } svg .receive { fill: var(--receive) }
`

// pageStyle is the style of what only a page has.
const pageStyle = `body { margin: 0 auto; max-width: 1200px; padding: 24px; background: var(--ground); color: var(--text); font: 14px/1.5 system-ui, sans-serif }
h1 { font-size: 22px; margin: 0 0 4px } h2 { font-size: 16px; margin: 28px 0 8px }
p { margin: 0 0 12px } .dim { color: var(--dim) } code, .mono { font-family: ui-monospace, Menlo, Consolas, monospace; font-size: 13px; overflow-wrap: anywhere }
table { border-collapse: collapse; width: auto; font-variant-numeric: tabular-nums }
th, td { text-align: left; padding: 3px 14px 3px 0; border-bottom: 1px solid var(--grid); vertical-align: top }
th { font-weight: 600; color: var(--dim) } .n { text-align: right; white-space: nowrap }
.wide { overflow-x: auto } .good { color: var(--good) } .bad { color: var(--bad) } .warn { color: var(--warn) }
figure { margin: 0; background: var(--panel); border-radius: 6px; padding: 8px } figcaption { color: var(--dim); overflow-wrap: anywhere }
.pair { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 420px), 1fr)); gap: 16px } .pair svg { display: block; width: 100%; height: auto }
.fall { width: 100%; table-layout: fixed } .fall .bars { width: 42%; padding: 0 } .fall .bars svg { display: block; width: 100%; height: 22px; overflow: visible }
.fall .no { width: 36px } .fall .status { width: 48px } .fall .size, .fall .time { width: 68px }
.key { display: inline-block; margin-right: 14px } .key svg { width: 10px; height: 10px; margin-right: 5px }
@media (max-width: 700px) { .fall .size { display: none } .fall .bars { width: 34% } }
`
