/** The part of a terminal (ECMA-48) that lines in place need: text, line feeds, CUU, EL and colours. */
export class Screen {
  private lines: string[] = ['']
  private row = 0
  private column = 0

  constructor(
    public columns: number,
    public rows: number
  ) {}

  hasColors(): boolean {
    return true
  }

  write(text: string): void {
    for (const [, up, erase, colour, character] of text.matchAll(
      /\u001b\[(\d+)A|(\u001b\[K)|(\u001b\[\d+m)|([\s\S])/gu
    )) {
      if (up) this.row = Math.max(this.row - Number(up), this.top())
      else if (erase) this.erase()
      else if (!colour) this.put(character)
    }
  }

  /** All lines that were ever on the screen, the newest last, without empty ones behind it. */
  text(): string[] {
    const lines = this.lines.map(line => line.trimEnd())
    return lines.slice(0, lines.findLastIndex(line => line !== '') + 1)
  }

  /** Makes the terminal narrower or wider, as those do that break lines anew. */
  resize(columns: number): void {
    const broken = (line: string) => line.match(new RegExp(`.{1,${columns}}`, 'gsu')) ?? ['']
    const before = this.lines.slice(0, this.row).flatMap(broken).length
    this.lines = this.lines.flatMap(broken)
    this.columns = columns
    this.row = before
  }

  private top(): number {
    return Math.max(this.lines.length - this.rows, 0)
  }

  private erase(): void {
    this.lines[this.row] = this.lines[this.row].slice(0, this.column)
  }

  private put(character: string): void {
    if (character === '\r') this.column = 0
    else if (character === '\n') this.newLine()
    else {
      if (this.column === this.columns) this.newLine()
      const line = this.lines[this.row].padEnd(this.column)
      this.lines[this.row] = line.slice(0, this.column) + character + line.slice(this.column + 1)
      this.column += 1
    }
  }

  private newLine(): void {
    this.row += 1
    this.column = 0
    if (this.row === this.lines.length) this.lines.push('')
  }
}
