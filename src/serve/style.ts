import { STYLE } from '../report/style.js'

/** The style of all pages: that of reports, and what lists, forms and a run under way need besides. */
export const SERVE_STYLE = `${STYLE}
.crumbs{font-size:.88rem;margin:0 0 .2rem}
nav a[aria-current]{color:var(--ink);font-weight:600}
header+main{padding-top:1rem}
.unseen{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%);white-space:nowrap}
form.fields{display:flex;flex-wrap:wrap;gap:.55rem .9rem;align-items:end;margin:0 0 1rem}
form.fields label,form.fields fieldset{display:flex;flex-direction:column;gap:.15rem;font-size:.85rem;color:var(--soft);min-width:0}
form.fields fieldset{border:0;padding:0;margin:0;flex-direction:row;flex-wrap:wrap;gap:.15rem .9rem;flex-basis:100%}
form.fields fieldset label{flex-direction:row;align-items:center;gap:.35rem;color:var(--ink);overflow-wrap:anywhere}
input:not([type=checkbox]):not([type=range]),select,button{font:inherit;font-size:.92rem;color:var(--ink);background:var(--paper);border:1px solid var(--soft);border-radius:5px;padding:.3rem .55rem;min-height:2.1rem;max-width:100%}
.wide{width:min(24rem,100%)}
label:has(.wide){flex:1 1 15rem;max-width:24rem}
input[type=checkbox]{width:1.15rem;height:1.15rem;margin:.1rem 0;accent-color:var(--accent)}
button{cursor:pointer}
button.main{background:var(--accent);border-color:var(--accent);color:var(--paper);font-weight:600}
.copy{min-height:0;font-size:.82rem;padding:.15rem .5rem}
.bar-of{display:flex;flex-wrap:wrap;gap:.5rem .7rem;align-items:center;margin:.7rem 0}
.list{width:100%}
.list td,.list th[scope=row]{overflow-wrap:anywhere}
.list .about{display:block;color:var(--soft);font-size:.86rem}
.list .pick{width:2rem}
.list td.short,.list th.short{white-space:nowrap;overflow-wrap:normal}
.list thead a{text-decoration:none}
.tags{display:inline-flex;flex-wrap:wrap;gap:.2rem .35rem;list-style:none;margin:0;padding:0}
.tag{display:inline-block;border:1px solid var(--line);border-radius:1rem;padding:0 .55rem;font-size:.82rem;text-decoration:none;background:var(--panel);overflow-wrap:anywhere}
.state{white-space:nowrap}
.state::before{content:"";display:inline-block;width:.62rem;height:.62rem;border-radius:50%;margin-right:.4rem;border:2px solid var(--soft)}
.state.finished::before{background:var(--yes);border-color:var(--yes)}
.state.running::before{border-color:var(--accent);background:linear-gradient(90deg,var(--accent) 50%,transparent 50%)}
.state.failed::before{background:var(--no);border-color:var(--no);border-radius:1px}
.state.stopped::before{border-color:var(--no);border-radius:1px}
.problem{border-left:4px solid var(--no);background:var(--panel);padding:.5rem .8rem;white-space:pre-wrap}
.live .under{list-style:none;margin:.5rem 0;padding:0}
.live .under li{background:var(--panel);border:1px solid var(--line);border-radius:8px;padding:.6rem .9rem;margin:0 0 .6rem}
.live .under p{margin:.15rem 0}
progress{width:100%;height:.8rem;accent-color:var(--accent)}
.live .notes{margin:.2rem 0 0;padding:0;list-style:none;color:var(--soft);font-size:.86rem}
.live .notes li{background:none;border:0;padding:0;margin:0;overflow-wrap:anywhere}
.soft{color:var(--soft)}
.strip{display:block;max-width:none;image-rendering:pixelated}
.sheet{display:block;max-width:none;background:#fff}
footer{margin-top:1.6rem}
.strips .name{overflow-wrap:anywhere}
select{width:100%}
form.fields label{max-width:100%}
.scroll+p,.numbers+p{margin-top:.6rem}
td code{white-space:nowrap;overflow-wrap:normal}
@media (max-width:560px){.list .more{display:none}.list th,.list td{padding-right:.55rem}.list th[scope=row]{width:100%;max-width:0}.list .about{overflow:hidden;text-overflow:ellipsis;white-space:nowrap}}
@media print{form.fields,.bar-of,.pick,.crumbs{display:none}}
`
