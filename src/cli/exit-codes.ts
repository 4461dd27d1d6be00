/** What the process exits with, where it is not 0. */
export const EXIT = {
  failed: 1,
  wrongUsage: 2,
  /** 128 + SIGINT, as shells count. */
  interrupted: 130,
  /** 128 + SIGPIPE: nobody reads what is printed any more. */
  unheard: 141
} as const
