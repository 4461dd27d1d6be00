import { quote } from './problem.js'

/** The bytes that a name may have: file systems take 255, and endings are put behind it. */
export const NAME_BYTES = 200

/** Names that Windows keeps for devices, whatever ending they have. */
const DEVICE = /^(con|prn|aux|nul|conin\$|conout\$|(com|lpt)[0-9¹²³])(\.|$)/i

/** What is wrong with a name that files are called by, as "expected ..., found ..."; undefined where nothing is. */
export function wrongFileName(name: string): string | undefined {
  const bytes = Buffer.byteLength(name)
  if (bytes > NAME_BYTES)
    return `expected a name of at most ${NAME_BYTES} bytes, as file systems take, found ${quote(name)} of ${bytes}; shorten it`
  if (DEVICE.test(name))
    return `expected a name that every system takes, found ${quote(name)}, which Windows keeps for a device; choose another`
  if (/[. ]$/.test(name))
    return `expected a name that every system takes, found ${quote(name)}, whose end Windows drops; choose another`
  return undefined
}
