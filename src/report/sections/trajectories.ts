import { lineChart, type Series } from '../../charts/lines.js'
import { decodeNpy } from '../../checkpoints/npy.js'
import { html, type Html } from '../../html/html.js'
import { distill } from '../../stages/distill.js'
import { isOf } from '../../stages/kind.js'
import { sample } from '../../stages/sample.js'
import { readTrajectories } from '../../stages/teacher.js'
import { distilled, type DistilledStage } from '../distilled.js'
import type { ReportData, ReportRun } from '../data.js'
import { percent, principalPlane } from '../principal.js'
import type { Section } from '../section.js'

/** The ways of a few seeds from noise to image in the plane in which they differ most. */
export const trajectories: Section = {
  id: 'trajectories',
  title: 'Trajectories',
  async render(data) {
    for (const stage of distilled(data)) {
      const found = await chart(data, stage)
      if (found) return html`<div class="charts">${found}</div>`
    }
    return undefined
  }
}

const SEEDS = 6

/** The states of some seeds, the first one first, each divided by the norm that pure noise of its level has. */
interface Ways {
  readonly seeds: readonly number[]
  readonly states: readonly (readonly Float64Array[])[]
}

async function chart(data: ReportData, { run, name, key }: DistilledStage): Promise<Html | undefined> {
  const stage = run.resolved.get(name)
  const row = data.store.predictor(key)
  if (!isOf(distill, stage) || !row) return undefined
  const ways = await waysOf(data, keyOf(run, stage.teacher), row.sigmas)
  if (!ways) return undefined
  const ends = ways.seeds.map(seed => studentEnd(data, run, name, seed))
  const { at, shares } = principalPlane([...ways.states.flat(), ...ends.flatMap(end => end ?? [])])
  const points = ways.states.map((states, i) => states.map((_, j) => at[i * states.length + j]))
  let next = ways.states.flat().length
  const series = ways.seeds.flatMap((seed, i): Series[] => {
    const group = `seed ${seed}`
    const teacher = { name: group, group, ringed: true, points: points[i].map(([x, y]) => ({ x, y })) }
    if (!ends[i]) return [teacher]
    const student = [points[i][0], at[next++]].map(([x, y]) => ({ x, y }))
    return [teacher, { name: `${group}, student`, group, dashed: true, points: student }]
  })
  return lineChart({
    caption: html`The teacher <b>${stage.teacher}</b> of ${name} on ${ways.seeds.length} seeds, at the student's time
      points. A ring is the noise that a line begins with, its other end the image. The plane holds
      ${percent(shares[0] + shares[1])} of all
      variance.${ends.some(Boolean) ? ' Dashed: from the same noise to where the student ends.' : ''} States are divided
      by √(1 + σ²).`,
    label: `Trajectories of ${ways.seeds.length} seeds by ${stage.teacher} in their first two principal components`,
    x: { title: `first component (${percent(shares[0])})` },
    y: { title: `second component (${percent(shares[1])})` },
    series,
    data: {
      titles: ['line', 'state', 'first', 'second'],
      rows: series.flatMap(one => one.points.map(({ x, y }, i) => [one.name, `${i + 1}`, rounded(x), rounded(y)]))
    }
  })
}

function rounded(value: number): number {
  return Number(value.toPrecision(4))
}

function keyOf({ stages }: ReportRun, name: string): string | undefined {
  return stages.find(stage => stage.name === name)?.key
}

/** The first seeds of a teacher. Undefined where it has kept other states than those at the time points. */
async function waysOf(
  { store }: ReportData,
  key: string | undefined,
  sigmas: readonly number[]
): Promise<Ways | undefined> {
  if (key === undefined) return undefined
  for await (const { seeds, states, sigmas: kept } of readTrajectories(store, key)) {
    const levels = kept ? [...kept] : sigmas
    if (states.length !== levels.length || !levels.every(Number.isFinite)) return undefined
    const size = states[0].length / seeds.length
    const scaled = (seed: number) =>
      states.map((state, i) =>
        state.slice(seed * size, (seed + 1) * size).map(value => value / Math.sqrt(1 + levels[i] ** 2))
      )
    const some = seeds.slice(0, SEEDS)
    return { seeds: some, states: some.map((_, i) => scaled(i)) }
  }
  return undefined
}

/** The sample of a seed that a distill stage's student has ended at, where a sample stage has it. */
function studentEnd({ store }: ReportData, run: ReportRun, from: string, seed: number): Float64Array | undefined {
  for (const { name, key } of run.stages) {
    const stage = run.resolved.get(name)
    if (!isOf(sample, stage) || stage.from !== from) continue
    const shard = store.shards(key).find(({ seeds }) => seeds.includes(seed))
    const file = shard && store.artifacts(key, 'samples').find(({ position }) => position === shard.position)
    if (!file) continue
    const data = Float64Array.from(decodeNpy(store.readArtifact(file)).data)
    const size = data.length / shard.seeds.length
    const at = shard.seeds.indexOf(seed)
    return data.subarray(at * size, (at + 1) * size)
  }
  return undefined
}
