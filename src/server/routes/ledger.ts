import { Readable } from 'node:stream'
import type { FastifyRequest } from 'fastify'
import { z } from 'zod'
import type { Denial, Grant } from '../../budgets/denial.ts'
import { hardBudgetNames } from '../../budgets/hard-budgets.ts'
import type { HoldOutcome } from '../../budgets/find-hold.ts'
import { PurserError } from '../../errors.ts'
import type { OpenLedger } from '../../facade/open-ledger.ts'
import { ledgerOf } from '../../facade/ledger-facts.ts'
import type { Booked } from '../../ledger/book-charge.ts'
import type { GateOperations } from '../../budgets/gate-operations.ts'
import type { ChargeId } from '../../ledger/charge.ts'
import type { ChargeDraft } from '../../ledger/draft-charge.ts'
import { hasRight } from '../../access/roles.ts'
import { type LedgerOperation, ledgerOperations, selectionShape } from '../../stores/remote/ledger-operations.ts'
import { mayOf } from '../../stores/remote/may-write.ts'
import { fromWire, toWire } from '../../stores/remote/wire.ts'
import type { ChargePlace, ChargeSelection, LedgerEvent, Store, Transaction } from '../../stores/store.ts'
import { made } from '../problem.ts'
import type { Server, ServerContext } from '../server-context.ts'

const chargesPerLine = 200
/** Charges that are told with the answer to what wrote them; bulk work does not read them back. */
const mostToldBack = 1000

const questionShape = z.strictObject({
  input: z.unknown().describe('what the operation takes; integers of any size as { "$bigint": "12" }'),
  listens: z.boolean().optional().describe('whether events that are written meanwhile are told with the answer'),
})

const answerShape = z.looseObject({
  answer: z.unknown().optional(),
  events: z.array(z.unknown()).optional(),
  charges: z.array(z.unknown()).optional(),
})

/** Who asks, what they see, and what is done for them where a budget is new. */
export interface LedgerAccess {
  readonly store: Store
  readonly seedAll: () => Promise<void>
}

/** What `Purser.connect` asks: the operations of the store, as whoever asks sees it. */
export function ledgerRoutes(app: Server, context: ServerContext): void {
  app.post(
    '/ledger/open',
    {
      config: { right: 'enter' },
      schema: { tags: ['ledger'], summary: 'What a program is told that connects.', response: { 200: z.looseObject({}) } },
    },
    async ({ purser, principal }) => {
      const ledger = ledgerOf(purser)
      return { answer: toWire(await describe(ledger, { labels: principal.labels, books: hasRight(principal.role, 'book') })) }
    },
  )
  app.post(
    '/ledger/hard-budgets',
    {
      config: { right: 'enter' },
      schema: { tags: ['ledger'], summary: 'To which calls budgets apply that refuse some.', response: { 200: answerShape } },
    },
    async ({ purser, principal }) => {
      const whole = await ledgerOf(context.whole).store.gate('budgets', {})
      const own = hasRight(principal.role, 'see') ? await ledgerOf(purser).store.gate('budgets', {}) : []
      const names = hardBudgetNames(whole.map(({ budget }) => budget))
      const visible = own.filter(({ budget }) => names.includes(budget.name))
      return { answer: toWire({ isAnyHidden: visible.length < names.length, where: visible.map(({ budget }) => budget.where) }) }
    },
  )
  operationRoutes(app, ({ purser }) => ({ store: ledgerOf(purser).store, seedAll: () => purser.budgets.seedAll() }))
}

async function describe(ledger: OpenLedger, { labels, books }: { labels: Readonly<Record<string, string>>; books: boolean }) {
  const { store, options, weekStart, questionZone, isTracking } = ledger
  const { timezone, subjects, isReadOnly, warnings } = store
  return {
    timezone,
    subjects: [...subjects],
    isReadOnly: isReadOnly || !books,
    warnings,
    labels,
    weekStart,
    questionZone,
    isTracking,
    cards: await ledger.prices.cards(),
    serviceTiers: options.serviceTiers ?? {},
    profiles: options.profiles ?? {},
    profile: options.profile,
  }
}

/** A route for each operation, over the ledger of whoever asks. */
export function operationRoutes(app: Server, accessOf: (request: FastifyRequest) => LedgerAccess): void {
  for (const [name, operation] of Object.entries(ledgerOperations) as [string, LedgerOperation][]) {
    app.post(
      `/ledger/${name}`,
      {
        config: { right: operation.right },
        schema: { tags: ['ledger'], summary: operation.summary, body: questionShape, response: { 200: answerShape } },
      },
      async (request) => answer(name, operation, accessOf(request), request),
    )
  }
  app.post(
    '/ledger/charges',
    {
      config: { right: 'see' },
      schema: {
        tags: ['ledger'],
        summary: 'Charges, as lines of JSON that are sent as they are read.',
        body: questionShape,
        response: { 200: z.unknown().describe('lines of JSON: pages of charges, and at last { "end": true } or the error') },
      },
    },
    (request, reply) => {
      const selection = inputOf(selectionShape, request.body.input) as ChargeSelection
      return reply.type('application/x-ndjson').send(Readable.from(chargeLines(accessOf(request).store, selection, request)))
    },
  )
}

async function answer(
  name: string,
  operation: LedgerOperation,
  { store, seedAll }: LedgerAccess,
  { body, principal }: FastifyRequest,
): Promise<z.infer<typeof answerShape>> {
  const { input: given, listens } = body as z.infer<typeof questionShape>
  const input = inputOf(operation.input, given)
  const may = mayOf(hasRight(principal.role, 'manage'))
  const events: LedgerEvent[] = []
  const stop = listens === true ? store.listen((event) => void events.push(event)) : undefined
  try {
    let answered = await operation.run(store, input, may)
    // Who may only book cannot ask for this themselves.
    if (!hasRight(principal.role, 'see') && isUncounted(answered)) {
      await seedAll()
      answered = await operation.run(store, input, may)
    }
    const charges = await writtenCharges(name, store, input, answered)
    // Listeners are told after the answer of the write.
    if (stop !== undefined) await new Promise((resolve) => setImmediate(resolve))
    return {
      ...(answered !== undefined && { answer: toWire(answered) }),
      ...(events.length > 0 && { events: events.map(toWire) }),
      ...(charges.length > 0 && { charges: charges.map(toWire) }),
    }
  } finally {
    stop?.()
  }
}

/** @throws PURSER_BAD_ARGUMENT with the place of what is not of the shape */
function inputOf(shape: z.ZodType, given: unknown): unknown {
  let value: unknown
  try {
    value = fromWire(given)
  } catch (cause) {
    throw new PurserError('PURSER_BAD_ARGUMENT', 'body.input: a field whose name begins with "$" is not of its form.', { cause })
  }
  const checked = shape.safeParse(value)
  if (checked.success) return value
  const [first] = checked.error.issues
  throw new PurserError('PURSER_BAD_ARGUMENT', `${['body', 'input', ...(first?.path ?? [])].join('.')}: ${first?.message ?? 'wrong'}.`)
}

/** Whether a budget has still to count what was booked before it was made. */
function isUncounted(answered: unknown): boolean {
  const { granted, kind } = (answered ?? {}) as Partial<Grant & Denial>
  return (granted as boolean | undefined) === false && kind === 'unavailable'
}

/** What was written, for who has no right to look it up, and so that nobody needs to ask for it again. */
async function writtenCharges(name: string, store: Store, input: unknown, answered: unknown): Promise<unknown[]> {
  const ids = name === 'transact' ? ownIds(input as Transaction, answered as readonly Booked[]) : heldIds(name, input, answered)
  const charges = await Promise.all(ids.map((id) => store.charge(id)))
  return charges.filter((charge) => charge !== undefined)
}

/** Of ids that were booked before, only those of calls that were told in full. */
function ownIds({ bookings = [], maxMs }: Transaction, booked: readonly Booked[]): ChargeId[] {
  if (maxMs !== undefined || booked.length > mostToldBack) return []
  const told = [...bookings]
  return booked.flatMap(({ id, outcome }, index) =>
    outcome === 'booked' || told[index]?.onExisting === 'same' ? [id, ...partIds(told[index]?.otherParts)] : [],
  )
}

function heldIds(name: string, input: unknown, answered: unknown): ChargeId[] {
  if (name !== 'settle' && name !== 'resolve') return []
  const { charge } = answered as HoldOutcome
  return charge === null ? [] : [charge as ChargeId, ...partIds((input as GateOperations['settle']['input']).settlement.otherParts)]
}

function partIds(parts: readonly ChargeDraft[] = []): ChargeId[] {
  return parts.map(({ id }) => id)
}

function line(value: unknown): string {
  return `${JSON.stringify(value)}\n`
}

async function* chargeLines(store: Store, selection: ChargeSelection, request: FastifyRequest): AsyncIterable<string> {
  try {
    let page: unknown[] = []
    let place: ChargePlace | undefined
    const goOn = (at: ChargePlace): boolean => {
      place = at
      return true
    }
    for await (const charge of store.charges({ ...selection, goOn })) {
      if (place !== undefined || page.length >= chargesPerLine) {
        yield line({ page, place })
        page = []
        place = undefined
      }
      page.push(toWire(charge))
    }
    yield line({ page, place })
    yield line({ end: true })
  } catch (error) {
    request.log.error({ err: error }, 'Charges could not be read to their end.')
    const code = error instanceof PurserError ? error.code : 'PURSER_INVARIANT'
    const detail = error instanceof PurserError ? error.message : 'Charges could not be read to their end. The log of the server says more.'
    yield line({ error: made(code, detail) })
  }
}
