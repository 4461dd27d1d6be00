import type { Digits, MetricDescriptor } from '../../src/metrics/metric.js'
import { METRICS } from '../../src/metrics/registry.js'
import { code, listed, paragraph, table } from './markdown.js'

/** The reference of all metrics, from their descriptors. */
export function metricsPage(): string {
  return [
    '# Metrics',
    paragraph(
      'A [score stage](stages.md#score) names its metrics under `metrics`:',
      `${listed(METRICS.map(({ name }) => name))}.`,
      'A spec is checked for what each of them needs before anything runs.',
      'A score that is not a finite number is an error.'
    ),
    ...METRICS.flatMap(metric => [
      `## ${metric.name}`,
      `${capital(metric.title)}.`,
      table(['property', 'value'], propertiesOf(metric))
    ])
  ].join('\n\n')
}

function propertiesOf({ moreIsBetter, digits, needs, options = [], infiniteForEqual }: MetricDescriptor): string[][] {
  const { keys = [], oneOf = [], pairs, prompts, colours, images, network, classes } = needs
  const wanted = [
    ...(keys.length > 0 ? [listed(keys)] : []),
    ...(oneOf.length > 0 ? [`${listed(oneOf, 'or')}; the first that is there counts`] : [])
  ]
  return [
    ['better', moreIsBetter ? 'more' : 'less'],
    ['digits in tables', inWords(digits)],
    ...(wanted.length > 0 ? [['keys that it needs', wanted.join(', and ')]] : []),
    ...(options.length > 0 ? [['options', listed(options)]] : []),
    ...(pairs ? [['images', "each is compared with the reference's of the same seed"]] : []),
    ...(images === undefined ? [] : [['fewest images of either side', String(images)]]),
    ...(network === undefined ? [] : [['network of features', code(network)]]),
    ...(classes ? [['classes', 'the model must have them']] : []),
    ...(prompts ? [['prompts', 'the spec must have them']] : []),
    ...(colours ? [['channels', '1 or 3']] : []),
    ...(infiniteForEqual ? [['equal images', 'they have no score, since it would be infinite']] : [])
  ]
}

function inWords(digits: Digits): string {
  return 'decimals' in digits ? `${digits.decimals} after the point` : `${digits.significant} in all`
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1)
}
