import { EpdError } from '../../errors.js'
import { ChangedFile, openVerified } from '../../files/verified.js'
import type { OnnxFile, RunSettings } from '../engine.js'
import type { Session } from '../session.js'
import { onDevices } from './network.js'
import type { OnnxProvider } from './providers.js'
import { openSession, type SessionOptions } from './session.js'

/**
 * Opens an ONNX file of somebody else's on each of the devices; it is run only if it still is the one that was named.
 */
export function openFile(file: OnnxFile, provider: OnnxProvider, settings: RunSettings): Promise<Session> {
  return onDevices(provider, settings, options => openNamed(file, options))
}

async function openNamed({ onnx, files }: OnnxFile, options: Omit<SessionOptions, 'path'>): Promise<Session> {
  try {
    return await openVerified(files, () => openSession({ ...options, path: onnx }))
  } catch (error) {
    if (!(error instanceof ChangedFile)) throw error
    throw new EpdError('checkpoint-invalid', `${error.path}: has changed since this run began; run again`)
  }
}
