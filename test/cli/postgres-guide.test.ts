import { Client } from 'pg'
import { describe, expect, test } from 'vitest'
import { askForServer } from '../stores/postgres-database.ts'
import { createShell, examplesOf } from './guide-examples.ts'
import { newMachine } from './run-purser.ts'

/** Runs statements as psql does: one a line, and `\connect` goes on in another database. */
async function runSql(server: string, script: string): Promise<void> {
  const url = new URL(server)
  for (const line of script.trim().split('\n')) {
    const [, database] = /^\\connect (\w+)$/.exec(line) ?? []
    if (database === undefined) await query(url.href, line)
    else url.pathname = `/${database}`
  }
}

async function query(url: string, statement: string): Promise<void> {
  const client = new Client({ connectionString: url })
  await client.connect()
  try {
    await client.query(statement)
  } finally {
    await client.end()
  }
}

describe.skipIf(process.platform === 'win32')('the guide to Postgres', () => {
  test('every example runs on a server, with no more rights than the page says, and prints what it says', async () => {
    const server = await askForServer()
    const { host, hostname } = new URL(server)
    const here = (text: string): string => text.replaceAll('db.example:5432', host).replaceAll('db.example', hostname)
    const run = createShell(newMachine())
    const env = { PURSER_DB: here('postgres://ledger@db.example:5432/spend'), PGPASSWORD: 'change-me' }
    const examples = examplesOf('postgres.md')
    expect(examples.map(({ kind }) => kind)).toContain('sql')
    for (const { kind, commands, output } of examples) {
      if (kind === 'sql') await runSql(server, commands)
      else {
        const printed = await run(here(commands), env)
        if (output !== undefined) expect(printed).toBe(output.trimEnd())
      }
    }
  })
})
