import type { Html } from '../html/html.js'
import type { ReportData } from './data.js'

/** A part of a report; `registry.ts` lists them in their order. */
export interface Section {
  /** The end of its address within the page: lower-case letters and dashes. */
  readonly id: string
  /** Its heading. */
  readonly title: string
  /** What is behind the heading, without one; undefined where the runs have nothing to show there. */
  readonly render: (data: ReportData) => Promise<Html | undefined> | Html | undefined
}
