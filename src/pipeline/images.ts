import { join } from 'node:path'

/** The folder where a run's images lie as PNG files. It is there once a stage has made images. */
export function imagesFolder(root: string, runId: string): string {
  return join(root, 'images', runId)
}
