import { catalogue } from '../../src/store/catalogue.js'
import { EXAMPLE_QUERIES } from '../../src/store/example-queries.js'

/** The tables and views of a store, a heading each, with what each column holds. */
export function tablesPart(): string {
  return catalogue()
    .map(({ name, kind, row, columns }) => {
      const rows = columns.map(column => `| \`${column.name}\` | ${column.what} |`)
      return [
        `### The ${kind} \`${name}\``,
        '',
        `A row is ${row}.`,
        '',
        '| column | what |',
        '| --- | --- |',
        ...rows
      ].join('\n')
    })
    .join('\n\n')
}

/** Questions with the SQL that answers them. */
export function queriesPart(): string {
  return EXAMPLE_QUERIES.map(({ title, sql }) => `${title}:\n\n\`\`\`sql\n${sql}\n\`\`\``).join('\n\n')
}
