import { canvasOf, type Canvas, type Colour } from './canvas.js'
import { colourAt, differencePicture, differences, scaleTop } from './differences.js'
import { fitted, fittedSize, inColour } from './fitted.js'
import { textWidth, wrapText, type Lettering } from './lettering.js'
import { MOST_PIXELS, type Raster } from './raster.js'
import type { Picture } from './resize.js'

/** Images of one origin, with what is said of it. */
export interface SheetRow {
  readonly name: string
  /** What is to be known of it, a line each. */
  readonly about: readonly string[]
  /** The result that is compared, such as a PSNR. */
  readonly result?: string
  /** One a column; undefined where there is none. All have one size. */
  readonly pictures: readonly (Picture | undefined)[]
}

/** Rows of images, the same seeds in columns. */
export interface Sheet {
  readonly title: string
  /** What stands before the names of the columns. */
  readonly unit: string
  readonly columns: readonly string[]
  readonly rows: readonly SheetRow[]
  /** The one of the rows that differences are taken to and drawn beside the others; without it, none are. */
  readonly reference?: SheetRow
  /** Sentences below. */
  readonly notes: readonly string[]
}

const PAPER: Colour = [255, 255, 255]
const INK: Colour = [24, 24, 27]
const FAINT: Colour = [105, 105, 115]
const LINE: Colour = [226, 226, 230]
const MISSING: Colour = [244, 244, 246]

const TITLE: Lettering = { size: 17, bold: true }
const HEAD: Lettering = { size: 13, bold: true }
const NAME: Lettering = { size: 13, bold: true }
const TEXT: Lettering = { size: 12 }
const RESULT: Lettering = { size: 12, bold: true }

const MARGIN = 20
/** Between two images, and between the images and what stands beside them. */
const [GAP, BESIDE] = [6, 24]
const LINE_HEIGHT = 17
/** The most pixels that the names of rows take from left to right. */
const MOST_LABEL = 250
/** The least width of all together, so that the notes have room. */
const LEAST_WIDTH = 460

/**
 * Draws images in rows, with the names of rows and columns, and beside each row its differences to one of them, all by
 * the same scale. Text is drawn with a font of its own, so that the same sheet has the same pixels on every machine.
 * @throws RangeError for a sheet without rows or columns, or one of more than 2^26 pixels
 */
export function drawSheet(sheet: Sheet): Raster {
  const layout = laidOut(sheet)
  const canvas = canvasOf(layout.width, layout.height, PAPER)
  canvas.text(sheet.title, { ...TITLE, x: MARGIN, y: MARGIN + 14, colour: INK })
  drawHeads(canvas, sheet, layout)
  sheet.rows.forEach((row, i) => {
    drawRow(canvas, row, layout, i)
  })
  layout.notes.forEach((line, i) => {
    canvas.text(line, { ...TEXT, x: MARGIN, y: layout.notesTop + (i + 1) * LINE_HEIGHT - 4, colour: FAINT })
  })
  return canvas.raster
}

/** Where everything stands, in pixels. */
interface Layout {
  readonly width: number
  readonly height: number
  readonly cell: { readonly height: number; readonly width: number }
  readonly labels: readonly (readonly LabelLine[])[]
  readonly labelWidth: number
  /** The left sides of the images, and of the differences where there are any. */
  readonly left: readonly number[]
  /** Where the names of columns stand, and the first row. */
  readonly columnsAt: number
  readonly rowsTop: number
  /** The height of a row, and what lies from one row to the next. */
  readonly rowHeight: number
  readonly pitch: number
  readonly notesTop: number
  readonly notes: readonly string[]
  readonly errors?: Errors
}

/** Differences to the reference, by row and column, and the top of their scale. */
interface Errors {
  readonly top: number
  readonly maps: readonly (readonly (Picture | undefined)[])[]
}

interface LabelLine {
  readonly text: string
  readonly lettering: Lettering
  readonly colour: Colour
}

function laidOut(sheet: Sheet): Layout {
  const { rows, columns, title, unit } = sheet
  const first = rows.flatMap(({ pictures }) => pictures.flatMap(picture => picture ?? [])).at(0)
  if (!first || columns.length === 0) throw new RangeError('a sheet needs images')
  const cell = fittedSize(first.height, first.width)
  const errors = errorsOf(sheet)
  const labels = rows.map(labelOf)
  const widest = Math.max(...labels.flat().map(({ text, lettering }) => textWidth(text, lettering)))
  const labelWidth = Math.ceil(Math.max(widest, textWidth(unit, TEXT)))
  const block = columns.length * (cell.width + GAP) - GAP
  const left = [MARGIN + labelWidth + 14]
  if (errors) left.push(left[0] + Math.max(block, Math.ceil(textWidth(HEADING, HEAD))) + BESIDE)
  const right = left[left.length - 1] + Math.max(block, errors ? SCALE_WIDTH : 0)
  const width = Math.ceil(Math.max(right, LEAST_WIDTH, MARGIN + textWidth(title, TITLE)) + MARGIN)
  const columnsAt = MARGIN + 14 + 58
  const rowsTop = columnsAt + 8
  const lines = Math.max(...labels.map(label => label.length))
  const rowHeight = Math.max(cell.height, lines * LINE_HEIGHT + GAP)
  const pitch = rowHeight + GAP
  const notesTop = rowsTop + rows.length * pitch + 8
  const notes = sheet.notes.flatMap(note => wrapText(note, width - 2 * MARGIN, TEXT))
  const height = notesTop + notes.length * LINE_HEIGHT + MARGIN
  if (width * height > MOST_PIXELS) throw new RangeError(`${width}x${height} pixels are more than a picture holds`)
  return {
    ...{ width, height, cell, labels, labelWidth, left, columnsAt, rowsTop, rowHeight, pitch, notesTop, notes, errors }
  }
}

function labelOf({ name, about, result }: SheetRow): LabelLine[] {
  const lines = (text: string, lettering: Lettering, colour: Colour) =>
    wrapText(text, MOST_LABEL, lettering).map(line => ({ text: line, lettering, colour }))
  return [
    ...lines(name, NAME, INK),
    ...about.flatMap(text => lines(text, TEXT, FAINT)),
    ...(result === undefined ? [] : lines(result, RESULT, INK))
  ]
}

function errorsOf({ rows, reference }: Sheet): Errors | undefined {
  if (!reference) return undefined
  const found = rows.map(row =>
    row.pictures.map((picture, i) => {
      const truth = reference.pictures[i]
      return row === reference || !picture || !truth ? undefined : differences(picture, truth)
    })
  )
  const top = scaleTop(found.flat().flatMap(values => values ?? []))
  const maps = found.map((row, i) =>
    row.map((values, j) => {
      const picture = rows[i].pictures[j]
      return values && picture && differencePicture(values, picture.height, picture.width, top)
    })
  )
  return { top, maps }
}

const HEADING = 'images of the same seeds'
/** The headings above the names of columns. */
const HEAD_ABOVE = 24
/** The scale of differences, and its width with its words. */
const BAR = { width: 200, height: 12 }
const SCALE_WIDTH = 270

function drawHeads(canvas: Canvas, { unit, columns, rows, reference }: Sheet, layout: Layout): void {
  const { left, columnsAt, rowsTop, rowHeight, pitch, cell, labelWidth, errors } = layout
  canvas.text(unit, { ...TEXT, x: MARGIN + labelWidth, y: columnsAt, colour: FAINT, align: 'right' })
  for (const start of left)
    columns.forEach((name, i) => {
      const x = start + i * (cell.width + GAP) + cell.width / 2
      canvas.text(name, { ...TEXT, x, y: columnsAt, colour: FAINT, align: 'middle' })
    })
  canvas.text(HEADING, { ...HEAD, x: left[0], y: columnsAt - HEAD_ABOVE, colour: INK })
  if (!errors || !reference) return
  canvas.text(`difference to ${reference.name}`, { ...HEAD, x: left[1], y: columnsAt - HEAD_ABOVE, colour: INK })
  // The reference has no differences to itself: its place in their column is free for their scale.
  const row = rows.indexOf(reference)
  drawScale(canvas, left[1], rowsTop + row * pitch + Math.round(rowHeight / 2) - BAR.height, errors.top)
}

/** The scale of differences: its colours go by the square root, so that a quarter of the most stands in the middle. */
function drawScale(canvas: Canvas, x: number, y: number, top: number): void {
  const { width, height } = BAR
  for (let i = 0; i < width; i++) canvas.fill(x + i, y, 1, height, colourAt(i / (width - 1)))
  frame(canvas, x, y, width, height)
  const tick = { ...TEXT, y: y + height + 14, colour: FAINT }
  canvas.text('0', { ...tick, x })
  canvas.text(String(top / 4), { ...tick, x: x + width / 2, align: 'middle' })
  canvas.text(`${top} and more`, { ...tick, x: x + width - textWidth(String(top), TEXT) })
}

function drawRow(canvas: Canvas, { pictures }: SheetRow, layout: Layout, index: number): void {
  const { rowsTop, rowHeight, pitch, labels, labelWidth, left, cell, errors } = layout
  const top = rowsTop + index * pitch
  const label = labels[index]
  const centred = (height: number) => top + Math.round((rowHeight - height) / 2)
  const begin = centred(label.length * LINE_HEIGHT)
  label.forEach(({ text, lettering, colour }, i) => {
    const y = begin + (i + 1) * LINE_HEIGHT - 4
    canvas.text(text, { ...lettering, x: MARGIN + labelWidth, y, colour, align: 'right' })
  })
  const place = (start: number, column: number) => start + column * (cell.width + GAP)
  pictures.forEach((picture, i) => {
    drawCell(canvas, place(left[0], i), centred(cell.height), layout, picture && inColour(picture))
  })
  const maps = errors?.maps[index]
  if (maps?.some(map => map))
    maps.forEach((map, i) => {
      drawCell(canvas, place(left[1], i), centred(cell.height), layout, map)
    })
}

function drawCell(canvas: Canvas, x: number, y: number, { cell }: Layout, picture: Picture | undefined): void {
  if (picture) canvas.picture(x, y, fitted(picture))
  else canvas.fill(x, y, cell.width, cell.height, MISSING)
  frame(canvas, x - 1, y - 1, cell.width + 2, cell.height + 2)
}

/** A thin line around, so that light images end where they end. */
function frame(canvas: Canvas, x: number, y: number, width: number, height: number): void {
  canvas.fill(x, y, width, 1, LINE)
  canvas.fill(x, y + height - 1, width, 1, LINE)
  canvas.fill(x, y, 1, height, LINE)
  canvas.fill(x + width - 1, y, 1, height, LINE)
}
