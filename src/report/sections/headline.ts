import { html, type Html } from '../../html/html.js'
import type { MetricDescriptor } from '../../metrics/metric.js'
import { command, repeats, shell } from '../commands.js'
import type { ReportData } from '../data.js'
import { onSeeds, pairing, type Paired } from '../paired.js'
import type { Section } from '../section.js'
import { recordOf, tableIn } from '../distilled.js'
import {
  distillStageOf,
  mainStandings,
  printed,
  ranking,
  predictorOf,
  withSpread,
  type Ranked,
  type Standings
} from '../standings.js'

/** The best sampler at each NFE, against what, by how much, and whether that is more than chance. */
export const headline: Section = {
  id: 'best',
  title: 'The best sampler',
  async render(data) {
    const standings = mainStandings(data)
    if (!standings)
      return html`<p>Nothing is scored yet, so that no sampler can be called the best.</p>
        ${uses(data)}`
    const paired = pairing(data)
    const verdicts = await Promise.all(standings.nfes.map(nfe => verdict(paired, standings, nfe)))
    const { metric } = standings
    return html`<p class="measured">
        Measured by <b>${metric.name}</b>, the ${metric.title}; ${metric.moreIsBetter ? 'more' : 'less'} is better.
      </p>
      <ol class="cards">
        ${verdicts}
      </ol>
      ${uses(data, standings)}`
  }
}

async function verdict(paired: ReturnType<typeof pairing>, standings: Standings, nfe: number): Promise<Html> {
  const { metric } = standings
  const [best, ...others] = ranking(standings, nfe)
  const rivals = [...new Set([others.at(0), others.find(({ learned }) => learned === false)])].flatMap(one => one ?? [])
  const pairs = await Promise.all(rivals.map(rival => paired(metric, best, rival)))
  return html`<li class="card">
    <h3>At ${nfe} NFE</h3>
    <p class="winner"><b>${best.name}</b> <span class="value">${metric.name} ${withSpread(best, metric)}</span></p>
    ${rivals.length === 0 ? html`<p>It is the only sampler at this NFE.</p>` : ''}
    ${rivals.map((rival, i) => against(metric, best, rival, pairs[i]))}
  </li> `
}

function against(metric: MetricDescriptor, best: Ranked, rival: Ranked, pairs: Paired | undefined): Html {
  const difference = Math.abs(best.value - rival.value)
  const kind = rival.learned === false ? 'the best that learns nothing' : 'the next best'
  const share = metric.moreIsBetter || rival.value === 0 ? '' : ` (${Math.round((difference / rival.value) * 100)} %)`
  return html`<p>
    <b>${printed(difference, metric)}${share} better</b> than ${rival.name} (${withSpread(rival, metric)}), ${kind}.
    ${more(metric, best, rival, pairs)}
  </p>`
}

/** Whether a difference is more than the spread: of repetitions where there are any, else of seeds. */
function more(metric: MetricDescriptor, best: Ranked, rival: Ranked, pairs: Paired | undefined): Html {
  const spreads = [best.spread, rival.spread].flatMap(spread => spread ?? [])
  if (spreads.length > 0) {
    const isMore = Math.abs(best.value - rival.value) > spreads.reduce((sum, spread) => sum + spread, 0)
    const words = `${best.results.length} and ${rival.results.length} repetitions`
    return answer(isMore, `the spreads of ${words} ${isMore ? 'do not reach' : 'reach'} each other`)
  }
  if (!pairs) return html`<span class="unknown">More than the spread? Not known</span>: each was sampled once.`
  return answer(pairs.mean > 2 * pairs.error, `on the same seeds it is better on ${onSeeds(pairs, metric)}`)
}

function answer(isMore: boolean, why: string): Html {
  return html`<span class="${isMore ? 'yes' : 'no'}">More than the spread? ${isMore ? 'Yes' : 'No'}</span>: ${why}.`
}

/** How to repeat the runs, and how to use the best sampler that was learned. */
function uses(data: ReportData, standings?: Standings): Html {
  const best = standings?.nfes.flatMap(nfe => ranking(standings, nfe).slice(0, 1)) ?? []
  const learned = [...new Set(best.flatMap(entry => predictorOf(entry) ?? []))]
  const lines = [...new Set(best.flatMap(entry => waysToUse(data, entry)))]
  return html`<div class="uses">
    <div>
      <h3>Repeat it</h3>
      ${shell(...data.runs.map(run => repeats(data, run)))}
      <p>The <a href="#spec">spec</a> is below; what the store has is not computed again.</p>
    </div>
    <div>
      <h3>Use it</h3>
      ${
        lines.length > 0
          ? html`${shell(...lines)}
              <p>Or in a spec: <code>solver: { from: 'predictor:${learned[0]}' }</code></p>`
          : html`<p>
              ${best.length > 0 ? 'The best sampler learns nothing: name it in a spec as the spec below does.' : 'There is no sampler yet.'}
            </p>`
      }
    </div>
  </div>`
}

/**
 * The commands that sample with what an entry learned, and export it: as a program where it is a table, else as JSON.
 */
function waysToUse(data: ReportData, entry: Ranked): readonly string[] {
  const name = predictorOf(entry)
  if (name === undefined) return []
  const stage = entry.run.stages.find(one => one.name === distillStageOf(entry))
  const row = stage && data.store.predictor(stage.key)
  const record = row && recordOf(data, stage, row)
  const target = record && tableIn(record) ? 'diffusers' : 'json'
  return [
    command(data, 'sample', name, '--seeds', '0-63', '-o', 'images'),
    command(data, 'export', name, '--to', target)
  ]
}
