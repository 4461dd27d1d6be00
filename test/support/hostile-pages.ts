import { HOSTILE_VALUES } from './hostile-values.js'

/** What a store may hold as a name, a note, a path or an error, and what no page may obey. */
export const HOSTILE_PAGES: readonly string[] = [
  ...Object.values(HOSTILE_VALUES),
  '<script>document.documentElement.dataset.pwned = 1</script>',
  '</script><script>document.documentElement.dataset.pwned = 1</script>',
  '</style><style>*{display:none}</style>',
  '"><img src=x onerror="document.documentElement.dataset.pwned = 1">',
  "' onmouseover='document.documentElement.dataset.pwned = 1",
  '<svg onload=document.documentElement.dataset.pwned=1>',
  '</title></pre></code></textarea><iframe src="https://example.com">',
  'javascript:document.documentElement.dataset.pwned=1',
  '<a href="javascript:document.documentElement.dataset.pwned=1">x</a>',
  '<!-- <base href="https://example.com/"> --!>',
  '&lt;script&gt; &amp;lt; &#60;',
  'url(https://example.com/x.png); background: red',
  '{{constructor.constructor("x")()}} ${7*7} `',
  '\u202egnp.exe \u2066isolated\u2069 \u200f\u061c',
  '\u001b[2J\u0007\u0000 controls \u0085\u2028',
  '\ud800 alone',
  ']]><x/>',
  '=HYPERLINK("https://example.com")',
  '../../../etc/passwd'
]

/** All of them in one text. */
export const HOSTILE = HOSTILE_PAGES.join(' ')
