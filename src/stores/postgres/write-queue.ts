import type { ClientBase } from 'pg'
import { invariant } from '../../errors.ts'
import { turnMs } from '../store.ts'
import type { Connections } from './connections.ts'
import { NotLoaded } from './known-rows.ts'
import { fromPostgres, isConnectionLost } from './postgres-errors.ts'
import type { Turn } from './turn.ts'
import { sendReads, wantedReads } from './turn-reads.ts'
import { WriterMark } from './writer-mark.ts'
import { beginTurn, endOfTurn, sendEnd } from './write-turn.ts'

/** Work for a transaction. It only reads its arguments and the turn, because it may be decided several times. */
export interface Work<T> {
  /** Called once, before the lock is taken: takes in what it will do, at most so much of it; gives how much that is. */
  readonly take: (most: number) => number
  /** Says which rows it is likely to need. */
  readonly foresee: (turn: Turn) => void
  /** @throws NotLoaded where rows are missing; it is called again when they are there */
  readonly decide: (turn: Turn) => T
}

interface Job {
  readonly work: Work<unknown>
  readonly resolve: (value: unknown) => void
  readonly reject: (error: unknown) => void
}

type Answer = { readonly value: unknown } | { readonly error: unknown }

/** One attempt to write a turn; after it broke off, what is known of it. */
interface Attempt {
  readonly turn: Turn
  readonly number: number
  answers: readonly Answer[]
  /** Whether the commit was sent: then only the server knows what became of it. */
  isSent: boolean
}

/** What a queue needs of its ledger. */
export interface QueueOptions {
  readonly schema: string
  /** How long writing goes on trying while the server cannot be reached, in milliseconds. */
  readonly patienceMs: number
  readonly createTurn: () => Turn
  /** Called once for each turn that became durable. */
  readonly committed: (turn: Turn) => void
}

const retryMs = 100
/** How long the lock is held for bulk work, in milliseconds; how much work fits is learned. */
const goalMs = 2 * turnMs
const limits = { least: 16, first: 128, most: 5000 }
const maxPasses = 50

/**
 * Group commit: everything that was asked for while the last transaction was written goes into the next one, and is
 * answered only after that is durable. A job that fails is answered with its error, and the others are decided without it.
 */
export class WriteQueue {
  readonly #connections: Connections
  readonly #options: QueueOptions
  readonly #mark: WriterMark
  readonly #waiting: Job[] = []
  #draining: Promise<void> | undefined
  #limit = limits.first
  /** How much the jobs of the running transaction came to. */
  #taken = 0

  constructor(connections: Connections, options: QueueOptions) {
    this.#connections = connections
    this.#options = options
    this.#mark = new WriterMark(options.schema)
  }

  /** Does work in the next transaction. */
  run<T>(work: Work<T>): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      this.#waiting.push({ work, resolve: resolve as (value: unknown) => void, reject })
      this.#draining ??= this.#drain()
    })
  }

  /** Resolves when nothing is left to write. */
  async idle(): Promise<void> {
    while (this.#draining !== undefined) await this.#draining
  }

  async #drain(): Promise<void> {
    await nextTurn()
    while (this.#waiting.length > 0) {
      const jobs = this.#take()
      if (jobs.length > 0) await this.#answer(jobs)
      if (this.#waiting.length > 0) await nextTurn()
    }
    this.#draining = undefined
  }

  /** The jobs of the next transaction: some milliseconds of work. */
  #take(): Job[] {
    const jobs: Job[] = []
    const started = performance.now()
    this.#taken = 0
    while (this.#taken < this.#limit && performance.now() - started < turnMs) {
      const job = this.#waiting.shift()
      if (job === undefined) break
      try {
        this.#taken += Math.max(1, job.work.take(this.#limit - this.#taken))
        jobs.push(job)
      } catch (error) {
        job.reject(error)
      }
    }
    return jobs
  }

  async #answer(jobs: readonly Job[]): Promise<void> {
    let answers: readonly Answer[]
    try {
      answers = await this.#write(jobs)
    } catch (error) {
      for (const { reject } of jobs) reject(error)
      return
    }
    for (const [index, { resolve, reject }] of jobs.entries()) {
      const answer = answers[index]
      if (answer !== undefined && 'value' in answer) resolve(answer.value)
      else reject(answer?.error)
    }
  }

  /**
   * Writes jobs in one transaction. Where the connection breaks, nothing is lost: before the commit was sent nothing can
   * be written, so it is done again; after it the server is asked what became of it.
   */
  async #write(jobs: readonly Job[]): Promise<readonly Answer[]> {
    const deadline = performance.now() + this.#options.patienceMs
    for (;;) {
      const attempt: Attempt = { turn: this.#options.createTurn(), number: this.#mark.next(), answers: [], isSent: false }
      try {
        await this.#attempt(jobs, attempt)
        return this.#durable(attempt)
      } catch (error) {
        if (!isConnectionLost(error)) throw fromPostgres(error, this.#connections.location, 'write')
        if (attempt.isSent) {
          const isCommitted = await this.#isCommitted(attempt.number, deadline)
          if (isCommitted === true) return this.#durable(attempt)
          if (isCommitted === undefined) throw fromPostgres(error, this.#connections.location, 'commit')
        } else if (performance.now() > deadline) throw fromPostgres(error, this.#connections.location, 'write')
      }
      await pause(retryMs)
    }
  }

  #durable({ turn, answers }: Attempt): readonly Answer[] {
    this.#options.committed(turn)
    return answers
  }

  async #attempt(jobs: readonly Job[], attempt: Attempt): Promise<void> {
    const client = await this.#connections.writer()
    const { turn } = attempt
    try {
      for (const { work } of jobs) work.foresee(turn)
      await beginTurn(client, this.#options.schema, this.#connections.location, turn)
      const started = performance.now()
      attempt.answers = await this.#decide(client, turn, jobs)
      const end = await endOfTurn(client, this.#options.schema, turn, this.#mark.writes(attempt.number, turn.nowMs))
      attempt.isSent = end.writes
      const state = await sendEnd(client, end.statements)
      turn.dictionaries.keep()
      turn.gate.committed(state)
      client.release()
      this.#learnLimit(performance.now() - started)
    } catch (error) {
      turn.dictionaries.undo()
      turn.gate.forget()
      client.release(true)
      throw error
    }
  }

  /** Decides all jobs in memory, reading what turns out to be missing. */
  async #decide(client: ClientBase, turn: Turn, jobs: readonly Job[]): Promise<readonly Answer[]> {
    for (let pass = 0; pass < maxPasses; pass += 1) {
      const answers = decideAll(turn, jobs)
      if (answers !== undefined) return answers
      turn.undo()
      await sendReads(client, wantedReads(client, this.#options.schema, turn))
    }
    invariant(false, `A transaction still wants rows after ${maxPasses} readings.`)
  }

  /** Whether a transaction whose connection broke is committed; undefined where the server cannot be asked in time. */
  async #isCommitted(number: number, deadline: number): Promise<boolean | undefined> {
    for (;;) {
      try {
        return await this.#connections.once((client) => this.#mark.isCommitted(client, number))
      } catch (error) {
        if (!isConnectionLost(error) || performance.now() > deadline) return undefined
      }
      await pause(retryMs)
    }
  }

  #learnLimit(tookMs: number): void {
    if (this.#taken * 2 < this.#limit && tookMs < goalMs) return
    const factor = Math.min(2, Math.max(0.5, goalMs / tookMs))
    this.#limit = Math.round(Math.min(limits.most, Math.max(limits.least, this.#limit * factor)))
  }
}

/** Answers of all jobs, or undefined where rows are missing. */
function decideAll(turn: Turn, jobs: readonly Job[]): readonly Answer[] | undefined {
  const failed = new Map<Job, Answer>()
  for (;;) {
    const answers: Answer[] = []
    let isMissing = false
    let isSpoiled = false
    for (const job of jobs) {
      const before = turn.steps
      const failure = failed.get(job)
      if (failure !== undefined) {
        answers.push(failure)
        continue
      }
      try {
        answers.push({ value: job.work.decide(turn) })
      } catch (error) {
        // What is decided on top of missing rows does not count, and is only gone through to learn what else is missing.
        if (error instanceof NotLoaded) isMissing = true
        else if (!isMissing) {
          failed.set(job, { error })
          answers.push({ error })
          isSpoiled = turn.steps !== before
          if (isSpoiled) break
        }
      }
    }
    if (isMissing) return undefined
    if (!isSpoiled) return answers
    turn.undo()
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}
