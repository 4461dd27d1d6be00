import { EpdError, messageOf } from '../errors.js'
import { predictorNamed } from '../pipeline/predictors.js'
import { carryOutSampling, samplerExperiment, type SamplerOptions } from '../pipeline/sample-with.js'
import { targetAt } from '../pipeline/sampled-files.js'
import { parseSeeds } from '../reading/seeds.js'
import { solverWords } from '../stages/kind.js'
import { createStore, type WritableStore } from '../store/store.js'
import { openDisplay } from './display.js'
import type { Flags } from './flags.js'
import { onInterrupt } from './interrupt.js'
import { print, printJson, tellInPlace } from './output.js'
import { printable } from './printable.js'
import { samplesLine } from './progress.js'
import { seedsIn } from './seeds.js'
import { isLive } from './terminal.js'

export interface SampleFlags extends Flags, Pick<SamplerOptions, 'model' | 'batch' | 'allowMismatch'> {
  readonly seeds: string
  readonly prompts?: string
  readonly labels?: string
  readonly out?: string
}

/** Samples with a predictor, and writes a folder of PNGs or an .npz. */
export async function sample(name: string, flags: SampleFlags): Promise<void> {
  const { model, prompts, batch, allowMismatch, store: dir, json } = flags
  const seeds = seedsIn(flags.seeds)
  const labels = flags.labels === undefined ? undefined : classesIn(flags.labels)
  const out = flags.out ?? name.replace(/[^A-Za-z0-9._=,@-]+/g, '-')
  const target = targetAt(out)
  predictorNamed(dir, name)
  const store = createStore(dir)
  const interrupt = onInterrupt(() => wayOn(store))
  try {
    const { experiment, learned } = await samplerExperiment(name, store, {
      seeds,
      model,
      prompts,
      labels,
      batch,
      allowMismatch
    })
    const display = await openDisplay(experiment, flags)
    const options = { experiment, store, signal: interrupt.signal, onEvent: display.show }
    const runId = await carryOutSampling(options, target, {
      watch: display,
      onWritten: json ? undefined : writing(out)
    })
    if (json) printJson({ type: 'done', run: runId, out, predictor: learned.name, images: seeds.length })
    else
      print(
        `${printable(out)}: ${seeds.length.toLocaleString('en')} images by ${solverWords(learned.record.solver)} of ${learned.name}`
      )
  } catch (error) {
    const isLost = error instanceof EpdError && error.code === 'store-lost'
    throw interrupt.signal.aborted && !isLost ? new EpdError('interrupted', wayOn(store)) : error
  } finally {
    interrupt.release()
    store.close()
  }
}

/** Shows how many images are written, where that can be seen. */
function writing(out: string): (done: number, total: number) => void {
  const line = samplesLine()
  return (done, total) => {
    if (!isLive(process.stderr)) return
    const words = line(done, total)
    tellInPlace(done < total ? `writing ${out}  ${words}` : '')
  }
}

/** @throws EpdError `usage` */
function classesIn(text: string): number[] {
  try {
    return [...parseSeeds(text)]
  } catch (error) {
    if (!(error instanceof RangeError)) throw error
    throw new EpdError('usage', `--labels ${text}: expected classes such as 0-9 or 3,7, none of them twice`, {
      cause: error
    })
  }
}

function wayOn(store: WritableStore): string {
  try {
    store.check()
  } catch (error) {
    return `Interrupted; ${messageOf(error)}`
  }
  return 'Interrupted; what is done is kept. Continue with the same command'
}
