import { DatabaseSync } from 'node:sqlite'
import { describe, expect, onTestFinished, test } from 'vitest'
import { CommitQueue } from './commit-queue.ts'
import { schemaVersion } from './schema.ts'

/** A queue over a table of numbers, and the commits that it made; `meets` says whether another process has written. */
function queue(beforeCommit: () => void = () => undefined, meets: () => boolean = () => false) {
  const database = new DatabaseSync(':memory:')
  onTestFinished(() => database.close())
  database.exec(`CREATE TABLE numbers (n INTEGER NOT NULL) STRICT; PRAGMA user_version = ${schemaVersion}`)
  const commits = { begun: 0, committed: 0, rolledBack: 0 }
  const hooks = {
    begun: () => {
      commits.begun += 1
      return meets()
    },
    beforeCommit,
    committed: () => void (commits.committed += 1),
    rolledBack: () => void (commits.rolledBack += 1),
  }
  const insert = (n: number): number => Number(database.prepare('INSERT INTO numbers VALUES (?)').run(n).lastInsertRowid)
  const numbers = (): number[] =>
    database
      .prepare('SELECT n FROM numbers ORDER BY rowid')
      .all()
      .map((row) => Number(row['n']))
  return { queue: new CommitQueue(database, 'numbers.db', hooks), insert, numbers, commits, database }
}

describe('group commit', () => {
  test('writes what is asked for at once in one transaction, in its order', async () => {
    const { queue: writes, insert, numbers, commits } = queue()
    const all = [1, 2, 3].map((n) => writes.run(() => insert(n)))
    expect(numbers()).toEqual([])
    expect(await Promise.all(all)).toEqual([1, 2, 3])
    expect(numbers()).toEqual([1, 2, 3])
    expect(commits).toEqual({ begun: 1, committed: 1, rolledBack: 0 })
  })

  test('answers only after the commit', async () => {
    const { queue: writes, insert, database } = queue()
    let open: boolean | undefined
    await writes.run(() => insert(1)).then(() => (open = database.isTransaction))
    expect(open).toBe(false)
  })

  test('leaves long work for the next transaction, so that others get their turn', async () => {
    const { queue: writes, insert, commits } = queue()
    const long = (): void => {
      const until = performance.now() + 12
      while (performance.now() < until) insert(0)
    }
    await Promise.all([writes.run(long), writes.run(long), writes.run(long)])
    expect(commits.committed).toBe(3)
  })

  test('an import that has met another process leaves the lock free for a moment before each of its turns', async () => {
    let freeMs = 0
    let committedAt = Number.NaN
    const {
      queue: writes,
      insert,
      commits,
    } = queue(undefined, () => {
      if (commits.begun > 1) freeMs += performance.now() - committedAt
      return commits.begun === 1
    })
    for (let turn = 0; turn <= 40; turn += 1) {
      await writes.run(() => insert(turn), true)
      committedAt = performance.now()
    }
    // Forty waits of one to three milliseconds; to come back at once takes less than a tenth of one.
    expect(freeMs).toBeGreaterThan(25)
  })

  test('a job that fails is undone and told so; those before and after it are written once', async () => {
    const { queue: writes, insert, numbers } = queue()
    const failing = (): never => {
      insert(99)
      throw new Error('no')
    }
    const jobs = [() => insert(1), () => insert(2), failing, () => insert(3), failing, () => insert(4)]
    const results = await Promise.allSettled(jobs.map((job) => writes.run<number>(job)))
    expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'rejected', 'fulfilled', 'rejected', 'fulfilled'])
    expect(numbers().toSorted()).toEqual([1, 2, 3, 4])
  })

  test('what fails just before the commit undoes the whole transaction, and the next one goes on', async () => {
    let failures = 1
    const {
      queue: writes,
      insert,
      numbers,
      commits,
    } = queue(() => {
      if (failures-- > 0) throw new Error('sums')
    })
    const results = await Promise.allSettled([writes.run(() => insert(1)), writes.run(() => insert(2))])
    expect(results.map(({ status }) => status)).toEqual(['rejected', 'rejected'])
    expect(await writes.run(() => insert(3))).toBe(1)
    expect(numbers()).toEqual([3])
    expect(commits).toMatchObject({ committed: 1, rolledBack: 1 })
  })

  test('is idle once nothing waits', async () => {
    const { queue: writes, insert, numbers } = queue()
    for (const n of [1, 2, 3]) void writes.run(() => insert(n))
    await writes.idle()
    expect(numbers()).toEqual([1, 2, 3])
    await writes.idle()
  })

  test('a commit that the file refuses is told to all that were in it', async () => {
    const { queue: writes, insert, numbers, database } = queue()
    database.exec('PRAGMA foreign_keys = ON; CREATE TABLE parents (id INTEGER PRIMARY KEY) STRICT')
    database.exec('CREATE TABLE children (parent INTEGER REFERENCES parents (id) DEFERRABLE INITIALLY DEFERRED) STRICT')
    const orphan = (): void => database.exec('INSERT INTO children VALUES (7)')
    const results = await Promise.allSettled([writes.run(() => insert(1)), writes.run(orphan)])
    expect(results).toMatchObject([
      { status: 'rejected', reason: { code: 'PURSER_LEDGER_UNAVAILABLE' } },
      { status: 'rejected', reason: { code: 'PURSER_LEDGER_UNAVAILABLE' } },
    ])
    expect(numbers()).toEqual([])
    expect(await writes.run(() => insert(2))).toBe(1)
  })
})
