import { once } from 'node:events'
import { defaultSubjects } from '../../src/ledger/labels.ts'
import { openPostgresStore } from '../../src/stores/postgres/postgres-store.ts'
import { book, booking } from '../ledger/temporary-ledger.ts'

/**
 * A process that books into a ledger on Postgres: `postgres-process.ts URL SCHEMA NAME CALLS WIDTH`. Says `ready`, waits
 * for a line, books CALLS calls with ids NAME-0, NAME-1 …, so many at once, and says each number only once it is
 * answered, with its place in the order of facts.
 */
const [url = '', schema = '', name = '', calls = '0', width = '1'] = process.argv.slice(2)
const store = await openPostgresStore({ url, schema, create: true, timezone: 'UTC', subjects: defaultSubjects })
process.stdout.write('ready\n')
await once(process.stdin, 'data')
let next = 0
await Promise.all(
  Array.from({ length: Number(width) }, async () => {
    while (next < Number(calls)) {
      const n = next++
      const at = Date.UTC(2026, 1, 1 + (n % 28))
      const [booked] = await book(
        store,
        booking({ id: `${name}-${n}`, at, usage: { inputTokens: 3 }, labels: { project: name, run: `run-${n % 10}` } }),
      )
      process.stdout.write(`${n} ${booked?.seq}\n`)
    }
  }),
)
await store.close()
process.exit(0)
