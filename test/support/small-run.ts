import { beforeAll, expect } from 'vitest'
import { epdRun, smallSpec, temporaryFolder, type Line } from './cli.js'

/** A small spec, and a store in which it has been run to its end before the first test of the file. */
export function smallRun(): { readonly spec: string; readonly whole: string } {
  const [spec, whole] = [smallSpec('psnr, rmse'), temporaryFolder()]
  beforeAll(async () => {
    expect(await epdRun(['run', spec, '--store', whole, '--json'])).toMatchObject({ code: 0, stderr: '' })
  }, 60_000)
  return { spec, whole }
}

/** Whether a line says that a stage has stored so many seeds. */
export function stored(stage: string, seeds: number): (line: Line) => boolean {
  return line => line.type === 'progress' && line.stage === stage && Number(line.stored) >= seeds
}
