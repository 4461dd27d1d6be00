import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { openModel, type Model } from '../models/open.js'
import type { ModelSpec } from '../spec/experiment.js'
import type { WritableStore } from '../store/store.js'
import { download, downloadPath } from './download.js'
import type { OnEvent } from './event.js'

const RETRY = 500

/** Opens the model of a spec; one with an address is downloaded into the store's cache first, by one process at a time. */
export async function resolveModel(
  { checkpoint, engine }: ModelSpec,
  store: WritableStore,
  signal: AbortSignal,
  onEvent: OnEvent
): Promise<Model> {
  const cacheDir = join(store.root, 'cache')
  const path = isAddress(checkpoint) ? await fetchOnce(checkpoint, cacheDir, store, signal, onEvent) : checkpoint
  return openModel({ checkpoint: path, engine, cacheDir })
}

/** Where the checkpoint is, or will be. */
export function checkpointPath({ checkpoint }: ModelSpec, root: string): string {
  return isAddress(checkpoint) ? downloadPath(join(root, 'cache'), checkpoint) : checkpoint
}

async function fetchOnce(
  url: string,
  folder: string,
  store: WritableStore,
  signal: AbortSignal,
  onEvent: OnEvent
): Promise<string> {
  let claim = store.claim(`download ${url}`)
  while (!claim) {
    await sleep(RETRY, undefined, { signal })
    claim = store.claim(`download ${url}`)
  }
  try {
    return await download({
      url,
      folder,
      signal,
      onProgress: (received, total) => {
        onEvent({ type: 'download', url, received, total })
      }
    })
  } finally {
    claim.release()
  }
}

function isAddress(checkpoint: string): boolean {
  return checkpoint.startsWith('https://')
}
