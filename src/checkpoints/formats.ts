import { EpdError } from '../errors.js'
import { foreignKind } from './file-kinds.js'
import type { CheckpointFile, Content, Format } from './format.js'
import { PickleError } from './pickle-values.js'
import { PICKLE } from './pickle-file.js'
import { SAFETENSORS } from './safetensors.js'
import { TORCH_LEGACY } from './torch-legacy.js'
import { TORCH_ZIP } from './torch-zip.js'
import { ZIPPED_CHECKPOINT } from './zipped-checkpoint.js'

/** Every format of checkpoint files that can be read. The first that recognises a file reads it. */
export const FORMATS: readonly Format[] = [SAFETENSORS, ZIPPED_CHECKPOINT, TORCH_ZIP, TORCH_LEGACY, PICKLE]

/** The format of a file; undefined where none of the list recognises it. */
export function formatOf(file: CheckpointFile, formats: readonly Format[] = FORMATS): Format | undefined {
  return formats.find(({ recognises }) => recognises(file))
}

/** The content of a file, whatever its format. @throws EpdError `checkpoint-invalid` */
export function readContent(file: CheckpointFile, formats: readonly Format[] = FORMATS): Content {
  const format = formatOf(file, formats)
  if (!format) throw unrecognised(file, formats)
  try {
    const others = formats.filter(other => other !== format)
    return format.read(file, inner => readContent(inner, others))
  } catch (error) {
    throw explained(error, file.path)
  }
}

function unrecognised({ bytes, path }: CheckpointFile, formats: readonly Format[]): EpdError {
  const found = foreignKind(bytes, path) ?? `it begins with the bytes ${bytes.subarray(0, 4).toString('hex')}`
  const names = [...new Set(formats.map(({ name }) => name))].sort()
  const expected = [names.slice(0, -1).join(', '), ...names.slice(-1)].filter(part => part !== '').join(' or ')
  return new EpdError('checkpoint-invalid', `${path}: is not a checkpoint (${found}); expected ${expected}`)
}

function explained(error: unknown, path: string): unknown {
  if (error instanceof EpdError) return error
  const reason = error instanceof Error ? error.message : String(error)
  if (error instanceof PickleError)
    return new EpdError('checkpoint-invalid', `${path}: cannot be read as a checkpoint: ${reason}`)
  return new EpdError('checkpoint-invalid', `${path}: is damaged (${reason}); download or copy it again`, {
    cause: error
  })
}
