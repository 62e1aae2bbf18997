import { createHash } from 'node:crypto'
import type { ChargeId } from '../../src/ledger/charge.ts'
import type { LedgerEvent, Store } from '../../src/stores/store.ts'
import { foresee, type Reply, replyOf, send } from './apply.ts'
import { BudgetMaker } from './budgets.ts'
import { checkEvents, checkPast, checkState } from './checks.ts'
import { Client, type Fault, faulty } from './client.ts'
import { Clock } from './clock.ts'
import { Mismatch, same, textOf } from './mismatch.ts'
import { Model } from './model.ts'
import { removeBatch } from './model-ledger.ts'
import { type Operation, Operations } from './operations.ts'
import { Random } from './random.ts'

/** A ledger to be simulated; `again` opens it once more, as another process would. */
export interface SimulatedLedger {
  readonly store: Store
  readonly again?: () => Promise<Store>
}

export interface SimulationSettings {
  readonly seed: number
  readonly steps: number
  /** At most this many budgets are in force. */
  readonly budgets?: number
  readonly create: (now: () => number) => Promise<SimulatedLedger>
  readonly onProgress?: (step: number, summary: () => SimulationSummary) => void
  /** Told of each thing that happens. */
  readonly onLine?: (line: string) => void
}

export interface SimulationSummary {
  readonly operations: number
  readonly grants: number
  readonly denials: number
  readonly events: Readonly<Record<string, number>>
  /** The same for the same seed on every store. */
  readonly trace: string
}

interface Request {
  readonly client: Client
  readonly operation: Operation
  readonly fault: Fault
}

/** One run: what a seed makes of a clock, clients, faults and a ledger. */
class Simulation {
  readonly #random: Random
  readonly #clock: Clock
  readonly #model = new Model()
  readonly #operations: Operations
  readonly #clients: readonly Client[]
  readonly #order = { next: 0 }
  readonly #again: SimulatedLedger['again']
  readonly #onLine: SimulationSettings['onLine']
  readonly #hash = createHash('sha256')
  readonly #lastLines: string[][] = []
  readonly #counts = { operations: 0, grants: 0, denials: 0 }
  readonly #events: Record<string, number> = {}
  #stores: Store[]
  #heard: LedgerEvent[] = []
  #lastSeq = 0

  constructor(random: Random, clock: Clock, { store, again }: SimulatedLedger, budgets: BudgetMaker, onLine: SimulationSettings['onLine']) {
    this.#onLine = onLine
    this.#random = random
    this.#clock = clock
    this.#again = again
    this.#stores = [store]
    this.#operations = new Operations(random, this.#model, budgets)
    this.#clients = Array.from({ length: random.between(1, 8) }, (_, index) => new Client(`client ${index + 1}`, random))
    this.#listen(store)
  }

  async begin(budgets: BudgetMaker): Promise<void> {
    this.#model.now = this.#clock.now
    if (this.#again !== undefined) await this.#openAnother()
    const [client] = this.#clients
    if (client === undefined) return
    this.#note('begin')
    await this.#serve(
      this.#store(),
      budgets.first().map((budget) => ({ client, operation: { kind: 'define', budget }, fault: 'none' })),
    )
    await this.#check(this.#store())
  }

  async step(step: number): Promise<void> {
    const random = this.#random
    const holds = [...this.#model.holds.values()].filter(({ state }) => state === 'open').map(({ expiresAt }) => expiresAt)
    this.#clock.tick(
      this.#model.budgets.map(({ budget }) => budget),
      holds,
    )
    this.#model.now = this.#clock.now
    this.#note(`step ${step} at ${new Date(this.#clock.now).toISOString()}`)
    // Choices are made on every store alike, so that a seed means the same everywhere.
    const [restarts, removes, choice, another] = [random.chance(0.01), random.chance(0.012), random.next(), random.next()]
    if (restarts) await this.#restart()
    const store = this.#store(choice)
    if (removes) await this.#remove(store)
    else await this.#serve(store, this.#requests(step), step)
    await this.#check(this.#store(another))
    if (step % 50 === 0) same('verify', [], (await store.verify({ repair: false })).discrepancies)
    if (step % 20 === 0) await checkPast(store, this.#model, this.#clock, random.between(0, 40 * 86_400_000))
  }

  summary(): SimulationSummary {
    return { ...this.#counts, events: { ...this.#events }, trace: this.#hash.copy().digest('hex').slice(0, 16) }
  }

  /** The last twenty steps, one line for each thing that happened. */
  history(): string {
    return this.#lastLines.map((lines) => lines.join('\n  ')).join('\n')
  }

  #requests(step: number): Request[] {
    return this.#clients.flatMap((client) => {
      const operation = client.ask(step, () => this.#operations.next())
      return operation === undefined ? [] : [{ client, operation, fault: client.fault() }]
    })
  }

  /** All requests of a step are under way at once; a store serves them in the order in which they come. */
  async #serve(store: Store, requests: readonly Request[], step = 0): Promise<void> {
    const now = this.#clock.now
    const replies = await Promise.all(
      requests.map(async ({ operation, fault }): Promise<Reply | undefined> => {
        let sent: Promise<unknown> | undefined
        const told = await replyOf(
          send(
            faulty(store, fault, (answering) => void (sent = answering)),
            operation,
            now,
          ),
        )
        if (fault !== 'none') same(`${operation.kind} with a fault`, true, 'code' in told)
        return sent && replyOf(sent)
      }),
    )
    for (const [index, { client, operation, fault }] of requests.entries()) {
      const reply = replies[index]
      this.#note(`${client.name}: ${textOf(operation)}${fault === 'none' ? '' : ` [${fault}]`} → ${summaryOf(reply)}`)
      this.#counts.operations += 1
      if (reply !== undefined) {
        this.#tally(reply)
        foresee(this.#model, operation, reply, this.#order)
      }
      client.answered(operation, fault, step)
    }
  }

  #tally(reply: Reply): void {
    const { granted } = ('answer' in reply && typeof reply.answer === 'object' ? reply.answer : {}) as { granted?: boolean }
    if (granted === true) this.#counts.grants += 1
    if (granted === false) this.#counts.denials += 1
  }

  async #remove(store: Store): Promise<void> {
    const { batches } = this.#operations
    if (batches.length === 0) return
    const batch = this.#random.pick(batches)
    this.#note(`remove ${batch} → ${await store.removeBatch(batch)}`)
    removeBatch(this.#model, batch)
  }

  async #check(store: Store): Promise<void> {
    await checkState(store, this.#model)
    for (const charge of this.#model.charges) charge.seq ??= (await store.charge(charge.id as ChargeId))?.seq
    const events = await store.events(this.#lastSeq, 10_000)
    this.#lastSeq = events.at(-1)?.seq ?? this.#lastSeq
    for (const event of events) {
      this.#events[event.kind] = (this.#events[event.kind] ?? 0) + 1
      this.#note(`event ${event.kind} ${textOf(event.body)}`)
    }
    checkEvents(this.#model, events)
    const heard = this.#heard.toSorted((a, b) => a.seq - b.seq)
    this.#heard = []
    same('listen', events, heard)
  }

  #store(choice = 0): Store {
    const store = this.#stores[Math.floor(choice * this.#stores.length)]
    if (store === undefined) throw new Error('No store is open.')
    return store
  }

  async #restart(): Promise<void> {
    this.#note('restart')
    if (this.#again === undefined) return
    for (const store of this.#stores) await store.close()
    this.#stores = []
    await this.#openAnother()
    await this.#openAnother()
  }

  async #openAnother(): Promise<void> {
    const store = await this.#again?.()
    if (store === undefined) return
    this.#stores.push(store)
    this.#listen(store)
  }

  #listen(store: Store): void {
    store.listen((event) => void this.#heard.push(event))
  }

  #note(line: string): void {
    if (line.startsWith('step') || this.#lastLines.length === 0) this.#lastLines.push([])
    if (this.#lastLines.length > 20) this.#lastLines.shift()
    this.#lastLines.at(-1)?.push(line)
    this.#hash.update(line)
    this.#onLine?.(line)
  }
}

function summaryOf(reply: Reply | undefined): string {
  if (reply === undefined) return 'never arrived'
  if ('code' in reply) return reply.code
  const { seeding: _, record: __, ...answer } = (reply.answer ?? {}) as Record<string, unknown>
  return textOf(answer)
}

/**
 * Runs one seed, and compares the store with the model after every step.
 * @throws an Error whose message is the report: seed, step, operation, expected, actual, and the last twenty steps
 */
export async function runSimulation({
  seed,
  steps,
  budgets: count = 5,
  create,
  onProgress,
  onLine,
}: SimulationSettings): Promise<SimulationSummary> {
  const random = new Random(seed)
  const clock = new Clock(random)
  const maker = new BudgetMaker(random, count)
  const simulation = new Simulation(random, clock, await create(() => clock.now), maker, onLine)
  let step = 0
  try {
    await simulation.begin(maker)
    while (step < steps) {
      step += 1
      await simulation.step(step)
      onProgress?.(step, () => simulation.summary())
    }
  } catch (error) {
    throw new Error(reportOf(seed, step, error, simulation.history()), { cause: error })
  }
  return simulation.summary()
}

function reportOf(seed: number, step: number, error: unknown, history: string): string {
  const lines = [`seed ${seed}, step ${step}`]
  if (error instanceof Mismatch) lines.push(`operation ${error.operation}`, `expected  ${error.expected}`, `actual    ${error.actual}`)
  else lines.push(error instanceof Error ? (error.stack ?? error.message) : String(error))
  return [...lines, '', 'the last steps:', history].join('\n')
}
