import { resolve } from 'node:path'
import { EpdError } from '../errors.js'
import { executorNamed } from '../executors/registry.js'
import { packageVersion } from '../pipeline/version.js'
import { ordersFolder } from '../store/folders.js'
import { probe, type ProbeAnswer } from '../work/probe.js'
import { engineTable } from './doctor.js'
import { executionFrom } from './execution.js'
import type { DoctorFlags } from './flags.js'
import { onInterrupt } from './interrupt.js'
import { print, printJson, tell } from './output.js'
import { printable } from './printable.js'

/** Asks for one worker, and prints what it says of the machine that it ran on. */
export async function doctorOf(options: DoctorFlags): Promise<void> {
  const execution = executionFrom(undefined, options)
  if (!execution) throw new EpdError('usage', 'expected --executor')
  const { executor: name, jobs } = execution
  const descriptor = executorNamed(name)
  const root = resolve(options.store)
  const { signal, release } = onInterrupt(() => 'Interrupted')
  try {
    const answer = await probe({
      ...{ root, signal, interval: descriptor.interval },
      executor: descriptor.open(execution, { orders: ordersFolder(root), jobs, workerArguments: [] }),
      onStanding: standing => {
        if (!options.json && standing === 'waiting') tell(`the probe waits for ${name} to run it`)
      }
    })
    if (options.json) printJson(answer)
    else print(page(answer))
  } finally {
    release()
  }
}

function page({ host, node, version, engines }: ProbeAnswer): string {
  const differences = [
    ...(version === packageVersion()
      ? []
      : [`epd-run ${version} there, ${packageVersion()} here: install one version`]),
    ...(node === process.version ? [] : [`Node ${node} there, ${process.version} here`])
  ]
  return [
    printable(`A worker ran on ${host} and can write into the store.`),
    ...differences,
    '',
    engineTable(engines)
  ].join('\n')
}
