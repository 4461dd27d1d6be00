import type { Tensor, Tree } from './tensor.js'

/** A file that was read into memory. */
export interface CheckpointFile {
  readonly bytes: Buffer
  /** Its path, for messages. */
  readonly path: string
}

/** The content of a checkpoint file: plain data, or, where its format has nothing else, tensors under their names. */
export type Content =
  | { readonly kind: 'tree'; readonly tree: Tree }
  | {
      readonly kind: 'tensors'
      readonly tensors: ReadonlyMap<string, Tensor>
      /** The texts that the file carries beside its tensors. @throws EpdError `checkpoint-invalid` */
      readonly metadata: () => Readonly<Partial<Record<string, string>>>
    }

/** A format of checkpoint files. Reading never runs code. */
export interface Format {
  /** Its name, as messages list what was expected. */
  readonly name: string
  /** Whether a file is of this format, told by its bytes. Formats are asked in the order of their list. */
  readonly recognises: (file: CheckpointFile) => boolean
  /**
   * @param inner reads a file within this one by any other format of the list
   * @throws EpdError `checkpoint-invalid`, or any other error where the file is damaged
   */
  readonly read: (file: CheckpointFile, inner: (file: CheckpointFile) => Content) => Content
}
