import type { ClientBase, QueryResult } from 'pg'

/** A statement with its parameters. One with a name is parsed and planned once for each connection. */
export interface Statement {
  readonly name?: string
  readonly text: string
  readonly values?: readonly unknown[]
  /** With `array`, rows are arrays of their cells. */
  readonly rowMode?: 'array'
}

export type Row = Readonly<Record<string, unknown>>

/**
 * Sends statements at once, and gives their rows in order: one round trip where the connection pipelines.
 * @throws the first error; in a transaction those after it have done nothing
 */
export async function sendAll(client: ClientBase, statements: readonly Statement[]): Promise<QueryResult<Row>[]> {
  const sent = statements.map(({ values, ...statement }) =>
    client.query<Row>({ ...statement, ...(values !== undefined && { values: [...values] }) }),
  )
  const results = await Promise.allSettled(sent)
  return results.map((result) => {
    if (result.status === 'rejected') throw result.reason
    return result.value
  })
}

export type Cell = number | bigint | boolean | string | Uint8Array | null

/** Inserts rows by one array for each column; `columns` are names with their types, `rest` is what follows the rows. */
export function insert(
  schema: string,
  table: string,
  columns: readonly string[],
  rows: readonly (readonly Cell[])[],
  rest = '',
): Statement[] {
  if (rows.length === 0) return []
  const parts = columns.map((column) => column.split(' '))
  const arrays = parts.map(([, type], index) => `$${index + 1}::${type}[]`)
  const names = parts.map(([name]) => `"${name}"`)
  return [
    {
      name: `insert_${table}`,
      text: `INSERT INTO ${schema}.${table} (${names.join(', ')}) SELECT * FROM unnest(${arrays.join(', ')}) ${rest}`,
      values: columns.map((_, index) => rows.map((row) => row[index] ?? null)),
    },
  ]
}
