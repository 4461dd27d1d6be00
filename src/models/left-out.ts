/** Schedulers of diffusers that clip the denoised images unless their settings say otherwise. */
const CLIPPING: readonly unknown[] = [
  ...['DDIMScheduler', 'DDIMInverseScheduler', 'DDIMParallelScheduler', 'DDPMScheduler', 'DDPMParallelScheduler'],
  'UnCLIPScheduler'
]

/** What a folder's scheduler does to denoised images and this does not unless it is asked to; undefined where that is nothing. */
export function leftOut(scheduler: Readonly<Record<string, unknown>> | undefined, folder: string): string | undefined {
  if (!scheduler) return undefined
  const { _class_name: name, clip_sample: clip = CLIPPING.includes(name), clip_sample_range: range = 1 } = scheduler
  if (scheduler.thresholding === true)
    return `${folder}: its scheduler has thresholding, which is left out; dpmpp and unipc have it with thresholding: true, and clipDenoised: false under model says that it is not wanted`
  if (clip !== true) return undefined
  return `${folder}: its scheduler has clip_sample, which is left out; clipDenoised: ${String(range)} under model clamps the denoised images (clipSample: ${String(range)} of euler as DDIM does), and clipDenoised: false says that it is not wanted`
}
