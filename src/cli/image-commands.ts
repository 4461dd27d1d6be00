import { InvalidArgumentError } from 'commander'
import type { ImagesFlags } from './images.js'
import { allowMismatch, path, STORE_OPTIONS, type CommandOfMany } from './options.js'
import type { SampleFlags } from './sample.js'

/** Adds the commands that make images: those that compare a run's, and those that sample more of them. */
export function addImageCommands(program: CommandOfMany): void {
  program
    .command('images <run>')
    .description(
      "put a run's images of the same seeds beside each other in a PNG: a row for each sample stage, with its solver and NFE"
    )
    .option('--seeds <seeds>', 'the seeds, such as 0-11 or 1,2,5; by default the first that all stages have')
    .option('--stages <names>', 'the sample stages, such as samples,euler; by default all that there is room for')
    .option('--errors', 'show the differences to the reference beside each row, with their scale, and its PSNR')
    .option('--reference <stage>', "the stage to compare with; by default the one that the run's scores compare with")
    .option('-o, --out <file>', 'the .png to write; by default <run>.png', path)
    .addOptions(STORE_OPTIONS)
    .action(async (run: string, options: ImagesFlags) => {
      const { images } = await import('./images.js')
      images(run, options)
    })

  program
    .command('sample <predictor>')
    .description(
      'sample images with a predictor or a table, by its name or RUN/STAGE: a PNG for each seed, or an .npz; the same command goes on where it was interrupted'
    )
    .requiredOption('--seeds <seeds>', 'the seeds, one an image, such as 0-49999')
    .option(
      '--model <model>',
      'a checkpoint or .onnx (a path, an address, hf:owner/name), or a mapping as a spec has it; by default what it was distilled for'
    )
    .option(
      '--prompts <file>',
      'prompts for a model that reads them: .csv with a column text, or .txt with one a line',
      path
    )
    .option(
      '--labels <classes>',
      'classes for a model that has some, such as 0-9; by default those that the seeds draw'
    )
    .option('--batch <count>', 'the most samples that the model is given at once; by default 64', count)
    .option('-o, --out <path>', 'a folder, or an .npz; by default a folder named as the predictor', path)
    .addOptions([allowMismatch, ...STORE_OPTIONS])
    .action(async (predictor: string, options: SampleFlags) => {
      const { sample } = await import('./sample.js')
      await sample(predictor, options)
    })
}

function count(given: string): number {
  if (/^[1-9]\d*$/.test(given)) return Number(given)
  throw new InvalidArgumentError('expected a whole number from 1 on')
}
