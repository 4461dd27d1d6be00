import type { Command, Option } from 'commander'
import type { ImagesFlags } from './images.js'

/** Options that these commands share with others. */
export interface SharedOptions {
  /** Reads a path, which must be one. */
  readonly path: (given: string) => string
  /** The options of every command that reads a store. */
  readonly shared: readonly Option[]
  readonly allowMismatch: Option
}

/** Adds the commands that make images: those that compare a run's, and those that sample more of them. */
export function addImageCommands(program: Command, { path, shared }: SharedOptions): void {
  const images = program
    .command('images <run>')
    .description(
      "put a run's images of the same seeds beside each other in a PNG: a row for each sample stage, with its solver and NFE"
    )
    .option('--seeds <seeds>', 'the seeds, such as 0-11 or 1,2,5; by default the first that all stages have')
    .option('--stages <names>', 'the sample stages, such as samples,euler; by default all that there is room for')
    .option('--errors', 'show the differences to the reference beside each row, with their scale, and its PSNR')
    .option('--reference <stage>', "the stage to compare with; by default the one that the run's scores compare with")
    .option('-o, --out <file>', 'the .png to write; by default <run>.png', path)
    .action(async (run: string, options: ImagesFlags) => {
      const { images } = await import('./images.js')
      images(run, options)
    })
  for (const option of shared) images.addOption(option)
}
