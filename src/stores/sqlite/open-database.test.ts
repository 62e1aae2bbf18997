import { execFileSync } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { describe, expect, onTestFinished, test } from 'vitest'
import { book, booking, openBehind, openTemporaryStore, temporaryFolder } from '../../../test/ledger/temporary-ledger.ts'
import type { ErrorCode } from '../../errors.ts'
import type { ChargeId } from '../../ledger/charge.ts'
import type { Store } from '../store.ts'
import { schemaVersion } from './schema.ts'
import { openSqliteStore } from './sqlite-store.ts'

function open(path: string, create = true): Store {
  const store = openSqliteStore({ path, create, timezone: 'UTC', subjects: ['run'] })
  onTestFinished(() => store.close())
  return store
}

function refusal(path: string, create = true): { code: ErrorCode; message: string } {
  try {
    open(path, create)
  } catch (error) {
    return error as { code: ErrorCode; message: string }
  }
  throw new Error(`${path} was opened`)
}

/** A ledger of some pages with `calls` charges, closed. */
async function closedLedger(calls: number): Promise<string> {
  const path = join(temporaryFolder(), 'ledger.db')
  const store = open(path)
  await book(store, ...Array.from({ length: calls }, (_, n) => booking({ id: `c${n}`, labels: { run: `r${n}`, project: `p${n % 50}` } })))
  await store.close()
  return path
}

describe('a ledger file', () => {
  test('is created with its folder, for its owner only', () => {
    const path = join(temporaryFolder(), 'a', 'b', 'ledger.db')
    open(path)
    expect(statSync(path).mode & 0o777).toBe(0o600)
    expect(statSync(`${path}-wal`).mode & 0o777).toBe(0o600)
    expect(statSync(join(path, '..')).mode & 0o777).toBe(0o700)
  })

  test('is not created where that is not asked for', () => {
    const path = join(temporaryFolder(), 'ledger.db')
    expect(refusal(path, false)).toMatchObject({ code: 'PURSER_NOT_FOUND', message: expect.stringContaining(path) as string })
    expect(existsSync(path)).toBe(false)
  })

  test.skipIf(process.platform === 'win32')('is a file, and neither a folder nor a device', () => {
    const folder = temporaryFolder()
    const wrong: [string, string][] = [
      [folder, `${folder} is a folder, and a ledger is a file.`],
      ['/dev/null', '/dev/null is a device, a pipe or a socket, and a ledger is a file.'],
    ]
    for (const [path, message] of wrong) {
      expect(refusal(path)).toMatchObject({ code: 'PURSER_LEDGER_UNAVAILABLE', message: expect.stringContaining(message) as string })
    }
    expect(existsSync('/dev/null-journal')).toBe(false)
  })

  test('begins in an empty file that is there already', async () => {
    const path = join(temporaryFolder(), 'ledger.db')
    writeFileSync(path, '')
    expect(await open(path).span()).toBeUndefined()
  })

  test('keeps zone and subjects of its creation', () => {
    const path = join(temporaryFolder(), 'ledger.db')
    openSqliteStore({ path, create: true, timezone: 'Europe/Paris', subjects: ['run', 'episode'] }).close()
    const again = open(path)
    expect(again.timezone).toBe('Europe/Paris')
    expect([...again.subjects]).toEqual(['run', 'episode'])
  })
})

describe('a file that is no ledger is refused and left as it is', () => {
  test.each([
    ['text', () => 'day,cost\n2026-02-20,3\n'.repeat(100)],
    ['bytes without sense', () => Buffer.alloc(8192, 0xa5)],
    ['a header of SQLite and nothing behind it', () => Buffer.concat([Buffer.from('SQLite format 3\0'), Buffer.alloc(4096, 0xff)])],
  ])('%s', (_, content) => {
    const path = join(temporaryFolder(), 'other')
    writeFileSync(path, content())
    expect(refusal(path)).toMatchObject({ code: 'PURSER_LEDGER_CORRUPT', message: expect.stringContaining('--db') as string })
    expect(readFileSync(path)).toEqual(Buffer.from(content()))
  })

  test('the database of another program', () => {
    const path = join(temporaryFolder(), 'other.db')
    const other = new DatabaseSync(path)
    other.exec('CREATE TABLE notes (text TEXT); INSERT INTO notes VALUES (1)')
    other.close()
    const before = readFileSync(path)
    expect(refusal(path)).toMatchObject({ code: 'PURSER_LEDGER_CORRUPT', message: expect.stringContaining('another program') as string })
    expect(readFileSync(path)).toEqual(before)
  })

  test('a folder', () => {
    const path = join(temporaryFolder(), 'folder')
    mkdirSync(path)
    expect(refusal(path).code).toBe('PURSER_LEDGER_UNAVAILABLE')
  })

  test('a path through a file', () => {
    const file = join(temporaryFolder(), 'file')
    writeFileSync(file, 'x')
    expect(refusal(join(file, 'ledger.db'))).toMatchObject({
      code: 'PURSER_LEDGER_UNAVAILABLE',
      message: expect.stringContaining('cannot be created') as string,
    })
  })
})

describe('a damaged ledger', () => {
  test('that was cut off says so and is left as it is', async () => {
    const path = await closedLedger(500)
    truncateSync(path, Math.floor(statSync(path).size / 2 / 4096) * 4096)
    const size = statSync(path).size
    const code = await Promise.resolve()
      .then(() => Array.fromAsync(open(path).charges({})))
      .then(
        () => 'read',
        (error: unknown) => (error as { code: string }).code,
      )
    expect(code).toBe('PURSER_LEDGER_CORRUPT')
    expect(statSync(path).size).toBe(size)
  })

  test('with overwritten pages fails to verify, and says that it is damaged', async () => {
    const path = await closedLedger(500)
    const bytes = readFileSync(path)
    bytes.fill(0x5a, 4096 * 4, 4096 * 30)
    writeFileSync(path, bytes)
    const verified = Promise.resolve().then(() => open(path).verify({ repair: false }))
    await expect(verified).rejects.toMatchObject({ code: 'PURSER_LEDGER_CORRUPT', message: expect.stringContaining('backup') as string })
  })
})

describe('a ledger of a newer purser', () => {
  test('is not opened and not touched', async () => {
    const path = await closedLedger(1)
    const behind = openBehind(path)
    behind.exec(`PRAGMA user_version = ${schemaVersion + 1}`)
    behind.close()
    const before = readFileSync(path)
    expect(refusal(path)).toMatchObject({
      code: 'PURSER_LEDGER_NEWER',
      message: expect.stringContaining(`schema ${schemaVersion + 1}`) as string,
    })
    expect(readFileSync(path)).toEqual(before)
  })

  test('is no longer written once another process has brought it up to date', async () => {
    const store = openTemporaryStore()
    await book(store, booking({ id: 'before' }))
    const behind = openBehind(store.location)
    behind.exec(`PRAGMA user_version = ${schemaVersion + 1}`)
    await expect(book(store, booking({ id: 'after' }))).rejects.toMatchObject({ code: 'PURSER_LEDGER_NEWER' })
    behind.exec(`PRAGMA user_version = ${schemaVersion}`)
    await book(store, booking({ id: 'again' }))
    expect(await store.charge('after' as ChargeId)).toBeUndefined()
    expect(await store.charge('again' as ChargeId)).toBeDefined()
  })
})

/** Root writes where nobody may; an immutable folder stops it too, where the file system knows such. */
function forbidWriting(folder: string): boolean {
  if (process.getuid?.() !== 0) {
    chmodSync(folder, 0o500)
    onTestFinished(() => chmodSync(folder, 0o700))
    return true
  }
  try {
    execFileSync('chattr', ['+i', folder], { stdio: 'ignore' })
    onTestFinished(() => {
      execFileSync('chattr', ['-i', folder])
    })
    return true
  } catch {
    return false
  }
}

describe('a read-only folder', () => {
  test('takes no new ledger', ({ skip }) => {
    const folder = temporaryFolder()
    skip(!forbidWriting(folder), 'this user may write everywhere, and folders cannot be made immutable here')
    expect(refusal(join(folder, 'ledger.db'))).toMatchObject({
      code: 'PURSER_LEDGER_UNAVAILABLE',
      message: expect.stringContaining('cannot be') as string,
    })
  })

  test('with a ledger in it says that nothing can be written', async ({ skip }) => {
    const path = await closedLedger(1)
    skip(!forbidWriting(join(path, '..')), 'this user may write everywhere, and folders cannot be made immutable here')
    const writing = Promise.resolve().then(() => book(open(path), booking({ id: 'more' })))
    await expect(writing).rejects.toMatchObject({ code: 'PURSER_LEDGER_READ_ONLY' })
  })
})
