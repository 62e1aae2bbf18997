import { execFile } from 'node:child_process'
import { cpSync, mkdirSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, onTestFinished, test } from 'vitest'
import { book, booking, temporaryFolder } from '../../../test/ledger/temporary-ledger.ts'
import { askForServer, connect, createDatabase, emptySchema } from '../../../test/stores/postgres-database.ts'
import { defaultSubjects } from '../../ledger/labels.ts'
import { openPostgresStore, type PostgresStoreOptions } from './postgres-store.ts'

async function open(place: Pick<PostgresStoreOptions, 'url'> & Partial<PostgresStoreOptions>) {
  const store = await openPostgresStore({ create: true, timezone: 'UTC', subjects: defaultSubjects, ...place })
  onTestFinished(() => store.close())
  return store
}

function changed(url: string, change: (url: URL) => void): string {
  const other = new URL(url)
  change(other)
  return other.href
}

describe('a ledger in a Postgres database', () => {
  test('is created once by all who open it at once, and keeps the settings of its creation', async () => {
    const place = await emptySchema()
    const stores = await Promise.all(
      ['Europe/Paris', 'Asia/Tokyo', 'UTC'].map((timezone) => open({ ...place, timezone, subjects: ['run', 'shot'] })),
    )
    expect(new Set(stores.map(({ timezone }) => timezone)).size).toBe(1)
    expect([...(await open({ ...place, create: false, timezone: 'UTC', subjects: [] })).subjects]).toEqual(['run', 'shot'])
  })

  test('shares its database with other ledgers', async () => {
    const [one, two] = [await open(await emptySchema()), await open(await emptySchema())]
    expect(await book(one, booking({ id: 'call' }))).toMatchObject([{ outcome: 'booked', seq: 1 }])
    expect(await book(two, booking({ id: 'call' }))).toMatchObject([{ outcome: 'booked', seq: 1 }])
  })

  test('is not made where none is asked for', async () => {
    await expect(open({ ...(await emptySchema()), create: false })).rejects.toMatchObject({ code: 'PURSER_NOT_FOUND' })
  })

  test('never shows its password', async () => {
    const place = await emptySchema()
    const { password } = new URL(place.url)
    const store = await open(place)
    expect(store.location).toMatch(/^postgres:\/\/purser:\*\*\*@127\.0\.0\.1:\d+\/test_\w+ \(schema test_\d+\)$/)
    const wrong = changed(place.url, (url) => (url.password = 'not-this-one'))
    const failure: unknown = await open({ ...place, url: wrong }).catch((error: unknown) => error)
    expect(failure).toMatchObject({
      code: 'PURSER_LEDGER_UNAVAILABLE',
      message: expect.stringContaining('refuses this user or password') as string,
    })
    expect(JSON.stringify(failure, Object.getOwnPropertyNames(failure))).not.toContain('not-this-one')
    for (const url of [`postgres://ada:${password}@[/db`, `https://ada:${password}@host/db`, password]) {
      const refusal: unknown = await open({ url }).catch((error: unknown) => error)
      expect(refusal).toMatchObject({ code: 'PURSER_BAD_ARGUMENT' })
      expect(JSON.stringify(refusal, Object.getOwnPropertyNames(refusal))).not.toContain(password)
    }
  })

  test('says what is missing on the way to it', async () => {
    const { url } = await emptySchema()
    const nowhere = changed(url, (other) => (other.pathname = '/nowhere'))
    await expect(open({ url: nowhere })).rejects.toMatchObject({
      code: 'PURSER_NOT_FOUND',
      message: expect.stringContaining('createdb') as string,
    })
    const closed = changed(url, (other) => (other.port = '1'))
    await expect(open({ url: closed })).rejects.toMatchObject({
      code: 'PURSER_LEDGER_UNAVAILABLE',
      message: expect.stringContaining('ECONNREFUSED') as string,
    })
    await expect(open({ url, schema: 'Not; a schema' })).rejects.toMatchObject({ code: 'PURSER_BAD_ARGUMENT' })
  })

  test('needs a role that may make it', async () => {
    const place = await emptySchema()
    const behind = await connect(place.url)
    await behind.query(`CREATE ROLE ${place.schema}_guest LOGIN PASSWORD 'guest'`)
    const url = changed(place.url, (other) => {
      other.username = `${place.schema}_guest`
      other.password = 'guest'
    })
    await expect(open({ ...place, url })).rejects.toMatchObject({
      code: 'PURSER_LEDGER_UNAVAILABLE',
      message: expect.stringContaining('role') as string,
    })
  })

  test('does not mix with the tables of another program', async () => {
    const place = await emptySchema()
    const behind = await connect(place.url)
    await behind.query(`CREATE SCHEMA ${place.schema}; CREATE TABLE ${place.schema}.charges (id integer)`)
    await expect(open(place)).rejects.toMatchObject({
      code: 'PURSER_LEDGER_CORRUPT',
      message: expect.stringContaining('another program') as string,
    })
    const { rows } = await behind.query(`SELECT count(*)::int AS n FROM pg_tables WHERE schemaname = '${place.schema}'`)
    expect(rows).toEqual([{ n: 1 }])
  })

  test('needs a database that keeps every text', async () => {
    const url = await createDatabase(await askForServer(), "TEMPLATE template0 ENCODING 'LATIN1' LOCALE 'C'")
    await expect(open({ url })).rejects.toMatchObject({ message: expect.stringContaining('--encoding=UTF8') as string })
  })

  test('that is newer is not touched, neither when it is opened nor when it was open before', async () => {
    const place = await emptySchema()
    const store = await open(place)
    const behind = await connect(place.url)
    await behind.query(`UPDATE ${place.schema}.ledger SET purser_schema = 99`)
    await expect(open(place)).rejects.toMatchObject({
      code: 'PURSER_LEDGER_NEWER',
      message: expect.stringContaining('schema 99') as string,
    })
    await expect(book(store, booking({ id: 'old' }))).rejects.toMatchObject({ code: 'PURSER_LEDGER_NEWER' })
    const { rows } = await behind.query(`SELECT count(*)::int AS n FROM ${place.schema}.charges`)
    expect(rows).toEqual([{ n: 0 }])
  })

  test('whose tables are dropped while it is open says so', async () => {
    const place = await emptySchema()
    const store = await open(place)
    await (await connect(place.url)).query(`DROP SCHEMA ${place.schema} CASCADE`)
    const gone = { code: 'PURSER_LEDGER_UNAVAILABLE', message: expect.stringContaining('no longer there') as string }
    await expect(book(store, booking({ id: 'a' }))).rejects.toMatchObject(gone)
    await expect(store.span()).rejects.toMatchObject(gone)
  })

  test('is written and read right whatever the database prefers', async () => {
    const url = await createDatabase(await askForServer())
    const behind = await connect(url)
    const name = new URL(url).pathname.slice(1)
    for (const setting of [
      "default_transaction_isolation = 'serializable'",
      'default_transaction_read_only = on',
      'synchronous_commit = off',
      "search_path = ''",
      "bytea_output = 'escape'",
      "DateStyle = 'German'",
      'extra_float_digits = 0',
    ]) {
      await behind.query(`ALTER DATABASE ${name} SET ${setting}`)
    }
    const stores = [await open({ url }), await open({ url })]
    await behind.query(`
      CREATE TABLE public.seen (setting text);
      CREATE FUNCTION public.see() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        INSERT INTO public.seen VALUES (current_setting('synchronous_commit')); RETURN NULL; END $$;
      CREATE TRIGGER see AFTER INSERT ON purser.charges EXECUTE FUNCTION public.see()`)
    const ids = Array.from({ length: 60 }, (_, n) => `call-${n}`)
    await Promise.all(ids.map((id, n) => book(stores[n % 2] as (typeof stores)[0], booking({ id, labels: { run: 'ü' } }))))
    expect((await behind.query('SELECT DISTINCT setting FROM public.seen')).rows).toEqual([{ setting: 'on' }])
    const charges = await Array.fromAsync((stores[0] as (typeof stores)[0]).charges({ subject: { kind: 'run', value: 'ü' } }))
    expect(charges.map(({ id }) => id as string).toSorted()).toEqual(ids.toSorted())
  })
})

test('without the package pg the user is told what to install', async () => {
  const folder = temporaryFolder()
  mkdirSync(join(folder, 'src/stores/postgres'), { recursive: true })
  // An empty folder, so that none is found further up.
  mkdirSync(join(folder, 'node_modules/pg'), { recursive: true })
  const source = resolve(import.meta.dirname, '../..')
  for (const file of ['errors.ts', 'stores/postgres/load-pg.ts']) cpSync(join(source, file), join(folder, 'src', file))
  writeFileSync(
    join(folder, 'main.mjs'),
    "import { loadPg } from './src/stores/postgres/load-pg.ts'\nawait loadPg().catch(({ code, message }) => console.log(code, message))",
  )
  const { stdout } = await promisify(execFile)(process.execPath, [join(folder, 'main.mjs')])
  expect(stdout).toBe('PURSER_BAD_ARGUMENT A ledger on Postgres needs the package pg: npm install pg\n')
})
