import type { SchedulerSampling } from './scheduler.js'

/**
 * A note of what a folder's scheduler does to denoised images and this project does only where it is asked to;
 * undefined where that is nothing.
 */
export function leftOut(sampling: SchedulerSampling | undefined, folder: string): string | undefined {
  if (sampling?.threshold)
    return (
      `${folder}: its scheduler has thresholding, which is left out; dpmpp and unipc have it with ` +
      'thresholding: true, and clipDenoised: false under model says that it is not wanted'
    )
  if (sampling?.clip === undefined) return undefined
  return (
    `${folder}: its scheduler has clip_sample, which is left out; clipDenoised: ${sampling.clip} under ` +
    `model clamps the denoised images (clipSample: ${sampling.clip} of euler as DDIM does), and ` +
    'clipDenoised: false says that it is not wanted'
  )
}
