import { SCRIPT } from '../report/script.js'

/**
 * The script of all pages: that of reports, and what puts news of a run in its place. All that it is sent is HTML of
 * this server, whose values are escaped. A page that nobody looks at has no connection, since browsers open six to a
 * place.
 */
export const SERVE_SCRIPT = `${SCRIPT}
const live = document.querySelector('[data-events]');
if (live) {
  const parts = [...live.querySelectorAll('[data-part]')];
  const silent = live.querySelector('[data-silent]');
  let source;
  const open = () => {
    source = new EventSource(live.dataset.events);
    for (const part of parts) source.addEventListener(part.dataset.part, news => { part.innerHTML = news.data; });
    source.addEventListener('end', () => { source.close(); location.reload(); });
    source.addEventListener('open', () => { silent.hidden = true; });
    source.addEventListener('error', () => { silent.hidden = false; });
  };
  const attend = () => {
    if (!document.hidden) { if (!source) open(); return; }
    if (source) source.close();
    source = undefined;
  };
  document.addEventListener('visibilitychange', attend);
  attend();
}
`
