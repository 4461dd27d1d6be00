/** The name of the stage that holds the images of a sample stage of latents. */
export function decodedName(samples: string): string {
  return `${samples}.decoded`
}
