import { EpdError } from '../errors.js'
import type { Measured, MetricDescriptor } from '../metrics/metric.js'

/**
 * What a metric measures, if it is a number. Otherwise the error names metric and samples, and says why they have no
 * score.
 * @throws EpdError `score-undefined`
 */
export async function naming(
  { name, infiniteForEqual }: MetricDescriptor,
  samples: string,
  work: () => Promise<Measured>
): Promise<Measured> {
  const none = (reason: string, cause?: unknown) =>
    new EpdError('score-undefined', `${name} of "${samples}" is no finite number: ${reason}`, { cause })
  const found = await work().catch((error: unknown) => {
    throw error instanceof EpdError && error.code === 'score-undefined' ? none(error.message, error) : error
  })
  const { value } = found
  if (Number.isFinite(value)) return found
  if (value === Infinity && infiniteForEqual)
    throw none(`an image equals that of the reference; leave ${name} out, or compare other samples`)
  throw none(`it comes to ${value}`)
}
