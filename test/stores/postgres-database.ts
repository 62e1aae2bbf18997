import { randomBytes } from 'node:crypto'
import { Client } from 'pg'
import { inject, onTestFinished } from 'vitest'

let asked: Promise<string> | undefined
let created = 0

/** The URL of the server that all test files share. @throws with the reason, where Postgres cannot run here */
export async function askForServer(): Promise<string> {
  const response = await fetch(inject('postgresDoor'))
  const text = await response.text()
  if (!response.ok) throw new Error(text)
  return text
}

/** A database for the tests of one file, and a schema in it that no other test uses. All is gone with the server. */
export async function emptySchema(): Promise<{ readonly url: string; readonly schema: string }> {
  asked ??= askForServer().then((server) => createDatabase(server))
  return { url: await asked, schema: `test_${(created += 1)}` }
}

/** A new database on a server. */
export async function createDatabase(server: string, options = ''): Promise<string> {
  const url = new URL(server)
  const name = `test_${randomBytes(8).toString('hex')}`
  const client = new Client({ connectionString: server })
  await client.connect()
  await client.query(`CREATE DATABASE ${name} ${options}`)
  await client.end()
  url.pathname = `/${name}`
  return url.href
}

/** A connection of one's own, to look behind a ledger or to disturb it. */
export async function connect(url: string): Promise<Client> {
  const client = new Client({ connectionString: url })
  client.on('error', () => undefined)
  await client.connect()
  onTestFinished(() => client.end().catch(() => undefined))
  return client
}
