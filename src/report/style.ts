/** Colours that are told apart with any colour vision (Okabe and Ito), darker on white and lighter on black. */
const LIGHT = ['#0067a5', '#c24a00', '#00795a', '#a3427f', '#8a6d00', '#2b86b8', '#5b4fa8', '#4d4d4d']
const DARK = ['#5db3f0', '#ff9a4d', '#3ccf9d', '#e98cc2', '#e6c84a', '#8fd3ff', '#b3a7ff', '#c8c8c8']

const variables = (colours: readonly string[]) => colours.map((colour, i) => `--s${i}:${colour}`).join(';')
const classes = LIGHT.map((_, i) => `.c${i}{--own:var(--s${i})}`).join('\n')

/** The style of the page: light and dark, on screens from 320 pixels, and on paper. */
export const STYLE = `
:root{--ink:#1c2024;--soft:#5a626b;--paper:#fff;--panel:#f5f7f9;--line:#d5dbe1;--accent:#0067a5;--yes:#00693e;--no:#9c3d00;${variables(LIGHT)}}
@media screen and (prefers-color-scheme:dark){:root{--ink:#e6e9ec;--soft:#a3adb7;--paper:#14171a;--panel:#1d2226;--line:#39424a;--accent:#7cc0f5;--yes:#5fd39c;--no:#ffa466;${variables(DARK)}}}
*{box-sizing:border-box}
html{scroll-padding-top:3.2rem}
body{margin:0;background:var(--paper);color:var(--ink);font:16px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"DejaVu Sans",sans-serif}
header,main,footer{max-width:1200px;margin:0 auto;padding:0 1.25rem}
header{padding-top:1.1rem}
h1{font-size:1.55rem;line-height:1.2;margin:0;overflow-wrap:anywhere}
h2{font-size:1.25rem;margin:0 0 .6rem}
h3{font-size:1rem;margin:0 0 .35rem}
p{margin:.3rem 0 .6rem;overflow-wrap:anywhere}
header p,header ul{margin:.15rem 0;color:var(--soft)}
.runs{padding-left:1.1rem}
code,pre{font:.86em/1.5 ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono",monospace;overflow-wrap:anywhere}
a{color:var(--accent)}
a:focus-visible,summary:focus-visible,button:focus-visible,select:focus-visible,input:focus-visible,[tabindex]:focus-visible{outline:2px solid var(--accent);outline-offset:2px}
.skip{position:absolute;left:-99rem}
.skip:focus{left:1rem;top:.5rem;background:var(--paper);padding:.5rem;z-index:2}
nav{position:sticky;top:0;z-index:1;background:var(--paper);border-bottom:1px solid var(--line);margin:.6rem 0 1rem}
nav ul{display:flex;gap:.95rem;overflow-x:auto;list-style:none;max-width:1200px;margin:0 auto;padding:.45rem 1.25rem;white-space:nowrap}
nav a{text-decoration:none;font-size:.88rem}
section{margin:0 0 2.4rem}
section+section{border-top:1px solid var(--line);padding-top:1.4rem}
.measured{color:var(--soft);margin-top:-.3rem}
.cards{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,16.5rem),1fr));gap:.8rem;list-style:none;margin:0 0 .9rem;padding:0}
.card{background:var(--panel);border:1px solid var(--line);border-radius:8px;padding:.75rem .95rem}
.card h3{color:var(--soft);font-weight:600;font-size:.9rem;margin:0}
.card p{margin:.3rem 0 0;font-size:.93rem}
.card .winner{font-size:1.2rem;line-height:1.3;margin:.05rem 0 .3rem}
.winner .value{font-size:1rem;color:var(--soft);white-space:nowrap}
.yes{color:var(--yes);font-weight:600}.no{color:var(--no);font-weight:600}.unknown{font-weight:600}
.uses{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,26rem),1fr));gap:.4rem 1.2rem}
.uses>div{min-width:0}
.uses p{font-size:.9rem;color:var(--soft)}
pre{background:var(--panel);border:1px solid var(--line);border-radius:6px;padding:.55rem .75rem;margin:.2rem 0 .4rem;overflow:auto;max-height:34rem}
.shell{white-space:pre-wrap;padding-right:4.4rem}
.holder{position:relative}
.copy{position:absolute;top:.4rem;right:.4rem}
button,select{font:inherit;font-size:.82rem;color:var(--ink);background:var(--paper);border:1px solid var(--line);border-radius:5px;padding:.15rem .5rem;max-width:100%}
.scroll{overflow-x:auto;max-width:100%}
table{border-collapse:collapse;font-size:.92rem;font-variant-numeric:tabular-nums}
caption{text-align:left;color:var(--soft);font-size:.88rem;padding:0 0 .4rem;caption-side:top}
th,td{padding:.26rem .8rem .26rem 0;text-align:left;border-bottom:1px solid var(--line);vertical-align:top}
th{font-weight:600}tbody th{font-weight:400}
thead th{border-bottom:2px solid var(--line);white-space:nowrap}
.number,.numbers td,.numbers thead th+th{text-align:right;white-space:nowrap}
.numbers table{min-width:min(100%,24rem)}
.numbers .best{font-weight:700}
.facts td{overflow-wrap:anywhere;min-width:12rem}
.facts th[scope=row]{min-width:9rem;overflow-wrap:anywhere}
.charts{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,30rem),1fr));gap:1.2rem 1.8rem}
.charts.one{grid-template-columns:minmax(0,1fr)}
.charts>*{min-width:0;max-width:46rem}
.charts.one>*{max-width:none}
figure{margin:0}
figcaption{font-size:.92rem;margin:0 0 .4rem;overflow-wrap:anywhere}
.drawing svg[role=img]{display:block;width:100%;height:auto}
.drawing .wide svg[role=img]{width:auto;height:auto;max-width:none}
svg text{font:12px system-ui,-apple-system,"Segoe UI",Roboto,"DejaVu Sans",sans-serif;fill:var(--soft)}
svg .title{fill:var(--ink)}
.rule{stroke:var(--line);fill:none}.line,.mark{stroke:var(--soft);fill:none}
.break{stroke:var(--soft);stroke-dasharray:2 3;fill:none}
${classes}
.stroke{fill:none;stroke:var(--own);stroke-width:2;stroke-linejoin:round}
.sign{fill:var(--own)}.hollow{fill:var(--paper);stroke:var(--own);stroke-width:1.6}
.bar{stroke:var(--own);stroke-width:1.4;fill:none}
.dashed .stroke{stroke-dasharray:6 4}
.faint .stroke{stroke:var(--soft);stroke-width:1;opacity:.45}.faint .bar{stroke:var(--soft);opacity:.45}
.legend{display:flex;flex-wrap:wrap;gap:.15rem 1rem;list-style:none;padding:0;margin:0 0 .4rem;font-size:.85rem}
.legend svg{vertical-align:-1px}
.arrow{fill:none;stroke:var(--soft);opacity:.7}
.box rect{fill:var(--panel);stroke:var(--accent)}
.box.light rect{fill:var(--paper);stroke:var(--soft);stroke-dasharray:3 3}
.box .name{fill:var(--ink);font-weight:600}
.box .note{font-size:11px}
.span{fill:var(--s0)}.span.light{fill:var(--line)}
summary{cursor:pointer;color:var(--accent);font-size:.88rem;padding:.25rem 0}
.strips{list-style:none;padding:0;margin:.8rem 0}
.strips li{margin:0 0 .9rem}
.strips .name{font-weight:600}.strips .value{color:var(--soft)}
.pixels{image-rendering:pixelated;display:block;max-width:none}
.strips .pixels+.pixels{margin-top:2px}
.stack{position:relative;width:max-content}
.curtain{position:absolute;left:0;top:0;width:50%;min-width:4px;max-width:100%;overflow:hidden;resize:horizontal;border-right:3px solid var(--no);height:100%;background:var(--paper)}
.scripted .curtain{resize:none}
.overlay label{display:inline-block;margin:.1rem .8rem .1rem 0}
.slider input{vertical-align:middle;width:12rem;max-width:60vw}
.damage{color:var(--no)}
footer{border-top:1px solid var(--line);color:var(--soft);font-size:.88rem;padding-top:.6rem;padding-bottom:1.4rem}
@media (max-width:560px){body{font-size:15px}header,main,footer{padding-left:.9rem;padding-right:.9rem}nav ul{padding-left:.9rem;padding-right:.9rem}h1{font-size:1.3rem}header{padding-top:.7rem}nav{margin:.4rem 0 .7rem}.drawing svg text{font-size:16px}.drawing .wide svg text{font-size:12px}.card .winner{font-size:1.08rem}}
@media print{nav,.copy,.skip,.overlay,summary{display:none}body{font-size:10pt}pre{max-height:none;white-space:pre-wrap}section,figure,.card,.strips li{break-inside:avoid}section{break-inside:auto}.pixels{max-width:100%;height:auto}.scroll{overflow:visible}a{color:inherit}}
`
