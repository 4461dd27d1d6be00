/** The part of istanbul-lib-instrument that is used. */
declare module 'istanbul-lib-instrument' {
  interface Options {
    readonly esModules: boolean
    readonly compact: boolean
    readonly coverageVariable: string
  }

  export function createInstrumenter(options: Options): {
    instrumentSync(code: string, filename: string): string
  }
}
