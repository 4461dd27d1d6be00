/** The part of the library that is used. Its own declarations ask for those of a browser. */
declare module 'opentype.js' {
  /** A step of an outline, in pixels, y downwards: to move, a line, a curve with 1 or 2 control points, or to close. */
  export type Step =
    | { readonly type: 'M' | 'L'; readonly x: number; readonly y: number }
    | { readonly type: 'Q'; readonly x1: number; readonly y1: number; readonly x: number; readonly y: number }
    | {
        readonly type: 'C'
        readonly x1: number
        readonly y1: number
        readonly x2: number
        readonly y2: number
        readonly x: number
        readonly y: number
      }
    | { readonly type: 'Z' }
  export interface Font {
    charToGlyphIndex(character: string): number
    getAdvanceWidth(text: string, size: number): number
    getPath(text: string, x: number, y: number, size: number): { readonly commands: readonly Step[] }
  }
  const library: { parse(file: ArrayBuffer): Font }
  export default library
}
