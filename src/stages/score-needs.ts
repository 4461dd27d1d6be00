import { FEATURE_NETWORKS, featureNetwork } from '../metrics/feature-networks.js'
import type { MetricDescriptor, MetricNeed, MetricNeeds } from '../metrics/metric.js'
import { either, expected, listed, quote, type Path, type Report } from '../reading/problem.js'
import { isOf, type FindStage } from './kind.js'
import { sample, type SampleStage } from './sample.js'
import type { RawScore } from './score-keys.js'
import type { ResolveContext } from './spec.js'

/** Reports what the metrics of a score stage need and do not have. */
export function checkNeeds(raw: RawScore, metrics: readonly MetricDescriptor[], context: ResolveContext): void {
  const { path, report } = context
  checkPairs(raw, metrics, [...path, 'samples'], context)
  checkPrompts(metrics, [...path, 'metrics'], context)
  checkKeys(raw, metrics, path, report)
  checkNetworks(raw, metrics, context)
  checkCounts(raw, metrics, path, context)
}

function sampleIn(find: FindStage, name: string): SampleStage | undefined {
  const found = find(name)
  return isOf(sample, found) ? found : undefined
}

/** Whether a metric looks at the reference, with what the stage has. */
export function comparesWithReference({ needs: { keys = [], oneOf = [] } }: MetricDescriptor, raw: RawScore): boolean {
  return [...keys, oneOf.find(key => raw[key] !== undefined)].includes('reference')
}

/** The keys of a score stage that a metric may need, in the words of messages. */
const WORDS: Readonly<Record<MetricNeed, string>> = {
  reference: 'the name of a sample stage',
  features: either(FEATURE_NETWORKS.map(({ words }) => words)),
  statistics: 'an .npz of statistics',
  clip: 'the folder of a CLIPModel',
  dataset: '{ name: shapes16 }'
}

/** Reports each key that is missing, with the metrics that need it. */
function checkKeys(raw: RawScore, metrics: readonly MetricDescriptor[], path: Path, report: Report): void {
  const missing = new Map<MetricNeed, { readonly words: string; readonly names: string[] }>()
  for (const { name, needs } of metrics)
    for (const keys of [...(needs.keys ?? []).map(key => [key]), needs.oneOf ?? []]) {
      if (keys.length === 0 || keys.some(key => raw[key] !== undefined)) continue
      const [first, ...others] = keys
      const words = [wordsOf(first, needs), ...others.map(key => `a ${key}`)].join(', or ')
      const known = missing.get(first) ?? { words, names: [] }
      known.names.push(name)
      missing.set(first, known)
    }
  for (const [key, { words, names }] of missing)
    report(
      [...path, key],
      `${expected(words, undefined)}, which ${listed(names)} ${names.length > 1 ? 'need' : 'needs'}`
    )
}

/** What a metric needs under a key, in the words of messages. */
function wordsOf(key: MetricNeed, { network }: MetricNeeds): string {
  return key === 'features' && network !== undefined ? featureNetwork({ network }).words : WORDS[key]
}

/** Reports each metric of another network's features than those that the stage compares. */
function checkNetworks(
  { features }: RawScore,
  metrics: readonly MetricDescriptor[],
  { path, report, metrics: all }: ResolveContext
): void {
  if (!features) return
  const { name: compared } = featureNetwork(features)
  const fitting = all.filter(({ needs }) => needs.network === compared).map(({ name }) => name)
  metrics.forEach(({ name, needs: { network } }, i) => {
    if (network === undefined || network === compared) return
    const others = fitting.length === 0 ? '' : `, such as ${either(fitting)}`
    const found = `${expected(`a metric of the features of ${compared}${others}`, name)}, which compares those of ${network}`
    report([...path, 'metrics', i], `${found}; it needs features: ${featureNetwork({ network }).words}`)
  })
}

function checkPrompts(metrics: readonly MetricDescriptor[], path: Path, { prompted, report }: ResolveContext): void {
  metrics.forEach(({ name, needs }, i) => {
    if (needs.prompts && !prompted)
      report([...path, i], `expected prompts at the top of the spec, which ${name} compares images with, found nothing`)
  })
}

/**
 * Whether images of the same seeds can be compared: the reference must have some, and must not be the samples
 * themselves.
 */
function checkPairs(
  { samples, reference }: RawScore,
  metrics: readonly MetricDescriptor[],
  path: Path,
  { find, report }: ResolveContext
): void {
  if (reference === undefined) return
  const truth = sampleIn(find, reference)
  const seeds = truth && metrics.some(({ needs }) => needs.pairs) ? truth.seeds : undefined
  const infinite = metrics.find(({ infiniteForEqual }) => infiniteForEqual)
  samples.forEach((name, i) => {
    const stage = sampleIn(find, name)
    if (seeds && stage && stage.seeds.firstIn(seeds) === undefined)
      report(
        [...path, i],
        `expected a stage with seeds of reference ${quote(reference)}, found ${quote(name)} with none of them`
      )
    if (infinite && name === reference)
      report(
        [...path, i],
        `expected a stage other than the reference, from which ${infinite.name} is infinite, found ${quote(name)}`
      )
  })
}

/** Whether there are images enough for each metric. */
function checkCounts(
  { samples, reference, groups }: RawScore,
  metrics: readonly MetricDescriptor[],
  path: Path,
  { find, report }: ResolveContext
): void {
  const check = (at: Path, name: string | undefined, needed: number, what: string) => {
    const found = sampleIn(find, name ?? '')?.seeds.length ?? Infinity
    if (found < needed)
      report([...path, ...at], `expected a stage with ${what}, found ${quote(name ?? '')} with ${found}`)
  }
  const most = (some: readonly MetricDescriptor[]) => Math.max(0, ...some.map(({ needs }) => needs.images ?? 0))
  const fewest = most(metrics)
  const inEach = groups > 1 ? most(metrics.filter(({ options }) => options?.includes('groups'))) : 0
  const grouped = inEach * groups > fewest
  const needed = grouped ? inEach * groups : fewest
  const words = grouped ? `${inEach} seeds or more in each of ${groups} groups` : `${fewest} seeds or more`
  for (const [i, name] of samples.entries()) check(['samples', i], name, needed, words)
  check(['reference'], reference, fewest, `${fewest} seeds or more`)
}
