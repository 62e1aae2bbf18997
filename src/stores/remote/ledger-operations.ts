import { z } from 'zod'
import type { GateOperation, GateOperations } from '../../budgets/gate-operations.ts'
import type { Settlement } from '../../budgets/settle.ts'
import type { ChargeId } from '../../ledger/charge.ts'
import type { RollupQuery, Store, Transaction } from '../store.ts'
import { checkDraft, draftShape, idShape, ignoreShape } from './charge-shapes.ts'
import { gateShapes } from './gate-shapes.ts'
import { assertMayIgnore, assertMayWrite, type May } from './may-write.ts'

/**
 * One thing that a program elsewhere may ask of a store: who may, what it takes, whether it writes, and how it is answered.
 * Rights are those of the server's keys; `enter` is everybody's who has one.
 */
export interface LedgerOperation {
  readonly right: 'enter' | 'see' | 'book' | 'manage'
  readonly writes: boolean
  readonly summary: string
  readonly input: z.ZodType
  /** The input has passed the shape. */
  readonly run: (store: Store, input: unknown, may: May) => Promise<unknown>
}

const text = z.string().max(4096)
const whole = z.int()

const transaction = z.strictObject({
  bookings: z
    .array(
      z.strictObject({
        draft: draftShape,
        otherParts: z.array(draftShape).optional(),
        onExisting: z.enum(['same', 'duplicate', 'compare', 'supersede']),
        rank: z.union([z.literal(0), z.literal(1)]),
        ignore: ignoreShape.optional(),
      }),
    )
    .max(10_000)
    .optional(),
  maxMs: z.number().min(0).optional(),
  batch: text.optional(),
  documents: z
    .array(z.strictObject({ kind: text, key: text, body: z.unknown(), expectedVersion: whole.min(0).optional() }))
    .max(1000)
    .optional(),
  events: z
    .array(z.strictObject({ kind: text, body: z.record(z.string(), z.unknown()) }))
    .max(1000)
    .optional(),
})

const rollup = z.strictObject({
  source: z.discriminatedUnion('rows', [
    z.strictObject({ rows: z.literal('days') }),
    z.strictObject({ rows: z.literal('slots') }),
    z.strictObject({ rows: z.literal('subjects'), subject: text, value: text.optional() }),
  ]),
  from: z.number(),
  to: z.number(),
  byTime: z.boolean(),
  byMeter: z.boolean(),
})

/** Which charges are asked for. */
export const selectionShape = z.object({
  sinceMs: z.number().optional(),
  untilMs: z.number().optional(),
  batch: text.optional(),
  subject: z.strictObject({ kind: text, value: text }).optional(),
  backwards: z.boolean().optional(),
  after: z.strictObject({ at: z.number(), seq: z.number() }).optional(),
})

/** What series and skus are called that rows name by number, for whoever cannot ask for each. */
function withNames(store: Store, rows: unknown, series: Iterable<number>, skus: Iterable<number>): unknown {
  return { rows, series: named(series, (id) => store.series(id)), skus: named(skus, (id) => store.sku(id)) }
}

function named<T>(numbers: Iterable<number>, nameOf: (id: number) => T): [number, T][] {
  return [...new Set(numbers)].map((id) => [id, nameOf(id)])
}

function toTransaction(input: unknown, may: May): Transaction {
  const given = input as Transaction
  for (const { draft, otherParts = [] } of given.bookings ?? []) for (const each of [draft, ...otherParts]) checkDraft(each, Date.now())
  assertMayWrite(given, may)
  return given
}

const rights: Readonly<Record<GateOperation, LedgerOperation['right']>> = {
  reserve: 'book',
  split: 'book',
  raise: 'book',
  settle: 'book',
  resolve: 'book',
  release: 'book',
  extend: 'book',
  why: 'see',
  hold: 'enter',
  holds: 'see',
  define: 'manage',
  remove: 'manage',
  // A new budget counts what was booked before it, whoever asks for that.
  seed: 'enter',
  budgets: 'see',
  status: 'see',
  standing: 'see',
  lapse: 'enter',
}

function gateOperation<K extends GateOperation>(operation: K): LedgerOperation {
  return {
    right: rights[operation],
    writes: !['why', 'hold', 'holds', 'budgets', 'status', 'standing'].includes(operation),
    summary: `Asks the gate: ${operation}.`,
    input: gateShapes[operation],
    run: (store, input, { manages }) => {
      const settlement = (input as { settlement?: Settlement }).settlement
      if (!manages) assertMayIgnore(settlement?.ignore ?? [])
      for (const each of settlement === undefined ? [] : [settlement.draft, ...(settlement.otherParts ?? [])]) checkDraft(each, Date.now())
      return store.gate(operation, input as GateOperations[K]['input'])
    },
  }
}

const gateOperations = Object.fromEntries(
  (Object.keys(gateShapes) as GateOperation[]).map((operation) => [operation, gateOperation(operation)]),
) as Readonly<Record<GateOperation, LedgerOperation>>

function reading<T extends z.ZodType>(
  summary: string,
  input: T,
  run: (store: Store, input: z.output<T>, may: May) => Promise<unknown>,
): LedgerOperation {
  return { right: 'see', writes: false, summary, input, run: (store, given, may) => run(store, given as z.output<T>, may) }
}

const kindShape = z.strictObject({ kind: text })

/** Everything that is asked of a store over HTTP, by name, but charges, which are sent as they are read. */
export const ledgerOperations = {
  ...gateOperations,
  transact: {
    right: 'book',
    writes: true,
    summary: 'Books charges, and writes documents and events, in one transaction.',
    input: transaction,
    run: (store, input, may) => store.transact(toTransaction(input, may)),
  },
  learned: reading('What holds have come to, by what budgets learn from.', z.strictObject({}), (store) => store.learned()),
  document: reading('One document.', z.strictObject({ kind: text, key: text }), async (store, { kind, key }, may) => {
    may.readDocuments(kind)
    return store.document(kind, key)
  }),
  documents: reading('The documents of a kind.', kindShape, async (store, { kind }, may) => {
    may.readDocuments(kind)
    return store.documents(kind)
  }),
  charge: reading('One charge.', z.strictObject({ id: idShape }), (store, { id }) => store.charge(id as ChargeId)),
  corrections: reading('The corrections of a charge.', z.strictObject({ id: idShape }), (store, { id }) =>
    store.corrections(id as ChargeId),
  ),
  events: reading(
    'Facts of the event log after a place.',
    z.strictObject({ afterSeq: whole.min(0), limit: whole.min(0).max(10_000) }),
    (store, { afterSeq, limit }) => store.events(afterSeq, limit),
  ),
  rollups: reading('Sums of series and skus, as of one moment.', z.array(rollup).max(1000), async (store, queries) => {
    const answers = await store.rollups(queries as readonly RollupQuery[])
    const rows = answers.flat()
    return withNames(
      store,
      answers,
      rows.map(({ series }) => series),
      rows.map(({ sku }) => sku),
    )
  }),
  subjectRows: reading(
    'Which values of a subject stand where.',
    z.object({ subject: text, from: z.number(), to: z.number(), byTime: z.boolean() }),
    async (store, query) => {
      const answer = await store.subjectRows(query)
      return withNames(
        store,
        answer,
        answer.rows.map(([, , series]) => series),
        answer.rows.map(([, , , sku]) => sku),
      )
    },
  ),
  sharedCosts: reading(
    'What the charges of one subject cost, by another.',
    z.strictObject({ kind: text, value: text, by: text }),
    async (store, query) => {
      const costs = await store.sharedCosts(query)
      return withNames(
        store,
        costs,
        [],
        costs.map(({ sku }) => sku),
      )
    },
  ),
  hasSubject: reading('Whether any charge carries a kind of subject.', kindShape, (store, { kind }) => store.hasSubject(kind)),
  span: reading('The first and the last instant that a charge was made at.', z.strictObject({}), (store) => store.span()),
  removeBatch: {
    right: 'manage',
    writes: true,
    summary: 'Takes an import out of the ledger again.',
    input: z.strictObject({ batch: text }),
    run: (store, input) => store.removeBatch((input as { batch: string }).batch),
  },
  verify: {
    right: 'manage',
    writes: true,
    summary: 'Works every sum out anew.',
    input: z.strictObject({ repair: z.boolean() }),
    run: (store, input) => store.verify(input as { repair: boolean }),
  },
} as const satisfies Readonly<Record<string, LedgerOperation>>

export type LedgerOperationName = keyof typeof ledgerOperations
