import { html, type Html } from '../../html/html.js'
import { command, repeats, shell } from '../commands.js'
import type { ReportData, ReportRun } from '../data.js'
import type { Section } from '../section.js'

/** The specs of the runs; of several, the lines that not all of them have. */
export const spec: Section = {
  id: 'spec',
  title: 'Spec',
  render(data) {
    const { runs } = data
    const distinct = new Set(runs.map(({ run }) => run.spec))
    if (distinct.size === 1) return html`${runs.map(run => overridesOf(run, runs))}${whole(runs[0])}`
    const shared = (line: string) => runs.every(({ run }) => run.spec.split('\n').includes(line))
    return html`<p>These lines are not in the specs of all runs; each whole spec opens below them.</p>
      ${runs.map(
        one =>
          html`<h3>${one.run.id}</h3>
            ${overridesOf(one, runs)}
            <pre tabindex="0"><code>${one.run.spec
              .split('\n')
              .filter(line => !shared(line))
              .join('\n')}</code></pre>
            <details>
              <summary>The whole spec of ${one.run.id}</summary>
              ${whole(one)}
            </details>`
      )}`
  }
}

function whole({ run }: ReportRun): Html {
  return html`<pre tabindex="0"><code>${run.spec}</code></pre>`
}

function overridesOf({ run }: ReportRun, runs: readonly ReportRun[]): Html | undefined {
  if (run.overrides.length === 0) return undefined
  return html`<p>
    ${runs.length > 1 ? `${run.id} was` : 'It was'} run with
    ${run.overrides.map((one, i) => html`${i > 0 ? ', ' : ''}<code>--set ${one}</code>`)}.
  </p>`
}

/** The commands that repeat the runs and look into them. */
export const commands: Section = {
  id: 'commands',
  title: 'Commands',
  render: data =>
    html`${data.runs.map(
      run =>
        html`<h3>${run.run.id}</h3>
          ${lines(data, run)}`
    )}`
}

function lines(data: ReportData, run: ReportRun): Html {
  const { id } = run.run
  const word = (...words: readonly string[]) => command(data, ...words)
  return shell(
    ...['# Compute it again, from a file with the spec above', repeats(data, run)],
    ...['# Go on with it in its own store', word('resume', id)],
    ...['# Show it in a terminal, and this report', word('show', id), word('report', id, '-o', 'report.html')]
  )
}
