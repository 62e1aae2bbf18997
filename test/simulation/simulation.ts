import { createHash } from 'node:crypto'
import type { ChargeId } from '../../src/ledger/charge.ts'
import type { LedgerEvent, Store } from '../../src/stores/store.ts'
import { foresee, type Reply } from './apply.ts'
import type { BudgetMaker } from './budgets.ts'
import { checkEvents, checkPast, checkState } from './checks.ts'
import { Client, type Heard } from './client.ts'
import type { Clock } from './clock.ts'
import { GivenAnswers } from './given-answers.ts'
import { isAlone, lookUp } from './look-up.ts'
import { Mismatch, same, textOf } from './mismatch.ts'
import { Model } from './model.ts'
import { removeBatch } from './model-ledger.ts'
import { type Operation, Operations } from './operations.ts'
import type { Random } from './random.ts'
import { noiseIn, sendAll } from './requests.ts'
import type { SimulatedLedger, Trouble } from './simulated-ledger.ts'

export interface SimulationSummary {
  readonly operations: number
  readonly grants: number
  readonly denials: number
  /** How often what went wrong. */
  readonly troubles: Readonly<Record<string, number>>
  readonly events: Readonly<Record<string, number>>
  /** The same for the same seed on every store. */
  readonly trace: string
}

interface Request {
  readonly client: Client
  readonly operation: Operation
}

/** What a step brings, chosen before it begins so that a seed means the same on every store. */
interface Fate {
  readonly trouble: Trouble | 'none'
  readonly restart: 'closed' | 'killed' | 'none'
  readonly removes: boolean
  readonly way: number
  /** From 0 to 1: the handle that serves, and the one that is looked at. */
  readonly serving: number
  readonly checking: number
}

/** One run: what a seed makes of a clock, clients, troubles and a ledger. */
export class Simulation {
  readonly #random: Random
  readonly #clock: Clock
  readonly #ledger: SimulatedLedger
  readonly #model = new Model()
  readonly #operations: Operations
  readonly #clients: readonly Client[]
  readonly #order = { next: 0 }
  readonly #onLine: ((line: string) => void) | undefined
  readonly #hash = createHash('sha256')
  readonly #lastLines: string[][] = []
  readonly #counts = { operations: 0, grants: 0, denials: 0 }
  readonly #events: Record<string, number> = {}
  readonly #troubles: Record<string, number> = {}
  readonly #given = new GivenAnswers()
  readonly #listening = new WeakSet<Store>()
  #heard: LedgerEvent[] = []
  /** Whether events of this step may have been told to nobody. */
  #isDeaf = false
  #lastSeq = 0

  constructor(random: Random, clock: Clock, ledger: SimulatedLedger, budgets: BudgetMaker, onLine: ((line: string) => void) | undefined) {
    this.#onLine = onLine
    this.#random = random
    this.#clock = clock
    this.#ledger = ledger
    this.#operations = new Operations(random, this.#model, budgets)
    this.#clients = Array.from({ length: random.between(1, 8) }, (_, index) => new Client(`client ${index + 1}`, random))
  }

  async begin(budgets: BudgetMaker): Promise<void> {
    this.#model.now = this.#clock.now
    const [client] = this.#clients
    if (client === undefined) return
    this.#note('begin')
    await this.#serve(
      budgets.first().map((budget) => ({ client, operation: { kind: 'define', budget } })),
      0,
    )
    await this.#check(this.#store(0))
  }

  async step(step: number): Promise<void> {
    const holds = [...this.#model.holds.values()].filter(({ state }) => state === 'open').map(({ expiresAt }) => expiresAt)
    this.#clock.tick(
      this.#model.budgets.map(({ budget }) => budget),
      holds,
    )
    this.#model.now = this.#clock.now
    this.#note(`step ${step} at ${new Date(this.#clock.now).toISOString()}`)
    const fate = this.#fate()
    await this.#restart(fate)
    if (fate.removes) await this.#remove(this.#store(fate.serving))
    else {
      const requests = this.#requests(step)
      const struck = fate.trouble === 'none' ? [] : this.#strike(fate.trouble, requests)
      const calm = requests.filter((request) => !struck.includes(request))
      await this.#serve(calm, step, fate.serving)
      if (fate.trouble !== 'none') await this.#suffer({ ...fate, trouble: fate.trouble }, struck, step)
    }
    const store = this.#store(fate.checking)
    await this.#check(store)
    if (step % 50 === 0) same('verify', [], (await store.verify({ repair: false })).discrepancies)
    if (step % 20 === 0) await checkPast(store, this.#model, this.#clock, this.#random.between(0, 40 * 86_400_000))
  }

  summary(): SimulationSummary {
    const trace = this.#hash.copy().digest('hex').slice(0, 16)
    return { ...this.#counts, troubles: { ...this.#troubles }, events: { ...this.#events }, trace }
  }

  /** The last twenty steps, one line for each thing that happened. */
  history(): string {
    return this.#lastLines.map((lines) => lines.join('\n  ')).join('\n')
  }

  #fate(): Fate {
    const random = this.#random
    return {
      trouble: random.weighted({ none: 92, disturbed: 3, refused: 2.5, lost: 2.5 }),
      restart: random.weighted({ none: 98.2, closed: 0.9, killed: 0.9 }),
      removes: random.chance(0.012),
      way: random.next(),
      serving: random.next(),
      checking: random.next(),
    }
  }

  #requests(step: number): Request[] {
    return this.#clients.flatMap((client) => {
      const operation = client.ask(step, () => this.#operations.next())
      return operation === undefined ? [] : [{ client, operation }]
    })
  }

  /** The requests that trouble comes upon. */
  #strike(trouble: Trouble, requests: readonly Request[]): Request[] {
    const struck = requests.filter(() => this.#random.chance(0.75))
    const [alone, ...others] = struck.filter(({ operation }) => isAlone(operation))
    return alone === undefined || trouble !== 'lost' ? struck : struck.filter((request) => !others.includes(request))
  }

  async #serve(requests: readonly Request[], step: number, serving = 0): Promise<void> {
    const { replies } = await sendAll(
      this.#store(serving),
      requests.map(({ operation }) => operation),
      this.#clock.now,
    )
    this.#take(requests, replies, step)
  }

  async #suffer(
    { trouble, way, serving }: Fate & { readonly trouble: Trouble },
    requests: readonly Request[],
    step: number,
  ): Promise<void> {
    this.#troubles[trouble] = (this.#troubles[trouble] ?? 0) + 1
    const [noise, told] = [await noiseIn(this.#store(serving)), this.#heard.length]
    const index = this.#index(serving)
    const operations = requests.map(({ operation }) => operation)
    const replies = await this.#ledger.befall({ trouble, way, index, operations, now: this.#clock.now })
    const noiseNow = await noiseIn(this.#store(serving))
    if (trouble === 'disturbed') this.#take(requests, replies ?? [], step)
    if (trouble === 'refused') {
      same('what was refused', { noise, answered: [] }, { noise: noiseNow, answered: replies?.filter((reply) => 'answer' in reply) ?? [] })
      // A process that died may have told what never reached the disk.
      if (replies === undefined) this.#heard.length = told
      for (const request of requests) this.#tell(request, 'error', 'refused', step)
    }
    if (trouble === 'lost') {
      if (noiseNow <= noise) throw new Mismatch('what was lost', 'more noise', noiseNow)
      this.#isDeaf = true
      const found = await Promise.all(operations.map((operation) => lookUp(this.#store(serving), this.#model, operation)))
      for (const [at, request] of requests.entries()) {
        foresee(this.#model, request.operation, found[at], this.#order)
        this.#tell(request, 'nothing', 'lost', step)
      }
    }
  }

  /** Answers come in. */
  #take(requests: readonly Request[], replies: readonly Reply[], step: number): void {
    same('answers', requests.length, replies.length)
    for (const [index, request] of requests.entries()) {
      const reply = replies[index]
      if (reply === undefined) continue
      this.#tally(reply)
      this.#given.hear(request.operation, reply)
      foresee(this.#model, request.operation, reply, this.#order)
      this.#tell(request, 'answer', summaryOf(reply), step)
    }
  }

  #tell({ client, operation }: Request, heard: Heard, came: string, step: number): void {
    this.#note(`${client.name}: ${textOf(operation)} → ${came}`)
    this.#counts.operations += 1
    client.heard(operation, heard, step)
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
    const unplaced = this.#model.charges.filter(({ seq }) => seq === undefined)
    await Promise.all(unplaced.map(async (charge) => void (charge.seq = (await store.charge(charge.id as ChargeId))?.seq)))
    const events = await store.events(this.#lastSeq, 10_000)
    this.#lastSeq = events.at(-1)?.seq ?? this.#lastSeq
    for (const event of events) {
      this.#events[event.kind] = (this.#events[event.kind] ?? 0) + 1
      this.#note(`event ${event.kind} ${textOf(event.body)}`)
    }
    checkEvents(this.#model, events)
    const heard = this.#heard.toSorted((a, b) => a.seq - b.seq)
    this.#heard = []
    if (!this.#isDeaf) same('listen', events, heard)
    this.#isDeaf = false
  }

  #index(choice: number): number {
    return Math.floor(choice * this.#ledger.stores().length)
  }

  #store(choice: number): Store {
    for (const store of this.#ledger.stores()) {
      if (!this.#listening.has(store)) store.listen((event) => void this.#heard.push(event))
      this.#listening.add(store)
    }
    const store = this.#ledger.stores()[this.#index(choice)]
    if (store === undefined) throw new Error('No store is open.')
    return store
  }

  async #restart({ restart }: Fate): Promise<void> {
    if (restart === 'none') return
    this.#note(restart)
    this.#troubles[restart] = (this.#troubles[restart] ?? 0) + 1
    await this.#ledger.restart(restart)
  }

  #note(line: string): void {
    if (line.startsWith('step') || this.#lastLines.length === 0) this.#lastLines.push([])
    if (this.#lastLines.length > 20) this.#lastLines.shift()
    this.#lastLines.at(-1)?.push(line)
    this.#hash.update(line)
    this.#onLine?.(line)
  }
}

/** An answer without numbers that a store gives out as it likes: a transaction that fails may use some up. */
function summaryOf(reply: Reply): string {
  if ('code' in reply) return reply.code
  if (Array.isArray(reply.answer)) return textOf(reply.answer.map(({ outcome, id }: { outcome: string; id: string }) => ({ outcome, id })))
  const { seeding: _, record: __, revision: ___, version: ____, ...answer } = (reply.answer ?? {}) as Record<string, unknown>
  return textOf(answer)
}
