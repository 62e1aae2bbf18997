import { setTimeout as wait } from 'node:timers/promises'
import { formatAmount } from '../../budgets/amount-text.ts'
import type { Denial } from '../../budgets/denial.ts'
import { limitText } from '../../runs/cap.ts'
import type { Cap, LimitReached, Run } from '../../runs/run.ts'
import { runHoldPrefix } from '../../runs/run-hold-prefix.ts'
import type { QueuePlace } from '../../runs/run-queue.ts'
import type { Store } from '../../stores/store.ts'
import { capitalised } from '../../text/sentence.ts'
import { type HeldRun, releaseGone, RunHold, runAsked } from './run-hold.ts'
import type { RunAdmission } from './run-options.ts'
import type { RunTurns } from './run-turns.ts'

/** How often a run that waits looks whether it may go. */
const lookMs = 200

/** What is left of a run to be admitted: what it may still spend, and what is foreseen that it will. */
export interface Remaining {
  readonly cap: Cap | null
  readonly estimate: Cap
}

export type Admitted =
  | { readonly granted: true; readonly hold: RunHold; readonly admission: RunAdmission }
  | { readonly granted: false; readonly limit: LimitReached | null; readonly message: string }

export interface AdmissionTerms {
  readonly place: QueuePlace
  readonly signal: AbortSignal
  /** What somebody wants of the run that waits. */
  readonly wanted: () => Run['wanted']
  readonly maxConcurrent: number | undefined
  readonly queue: string
  readonly waitMs: number
  /** Told each time the run begins to wait, and for what. */
  readonly onWait: (message: string, limit: LimitReached | null) => Promise<void>
  readonly seedAll: () => Promise<void>
}

interface Wait {
  readonly message: string
  readonly limit: LimitReached | null
}

/** Lets a run in: its turn among others, its estimate against every budget, and its place and cap. */
export class RunAdmissions {
  readonly #store: Store
  readonly #turns: RunTurns

  constructor(store: Store, turns: RunTurns) {
    this.#store = store
    this.#turns = turns
  }

  async admit(run: Run, remaining: Remaining, terms: AdmissionTerms): Promise<Admitted> {
    const started = performance.now()
    const turn = await this.#untilTurn(terms, started)
    if (turn.isOver && turn.waitedFor !== null) return this.#refused(turn.waitedFor, terms)
    const queues = await this.#queuesAhead(run)
    let waitsFor: string | undefined = queues[0]
    let because: Wait | undefined
    for (;;) {
      const isTurn = waitsFor === undefined || (await this.#turns.isFirst(terms.place, queueOf(waitsFor)))
      const answer = isTurn ? await this.#askAgain(run, remaining, terms.seedAll) : undefined
      if (answer?.granted === true || (answer !== undefined && answer.action !== 'queue')) {
        if (waitsFor !== undefined) await this.#turns.leave(terms.place, queueOf(waitsFor))
        if (!answer.granted) return this.#refused(refusalOf(answer, remaining), terms)
        return admitted(answer, performance.now() - started, because ?? turn.waitedFor)
      }
      const now = answer === undefined ? waitingBehind(waitsFor) : waitingForRoom(refusalOf(answer, remaining))
      if (answer !== undefined && waitsFor !== answer.budget) {
        if (waitsFor !== undefined) await this.#turns.leave(terms.place, queueOf(waitsFor))
        waitsFor = answer.budget
        await this.#turns.isFirst(terms.place, queueOf(waitsFor))
      }
      if (because === undefined || (because.limit === null && now.limit !== null)) await terms.onWait(now.message, now.limit)
      because = now
      if (await pauseEnds(terms, started)) {
        if (waitsFor !== undefined) await this.#turns.leave(terms.place, queueOf(waitsFor))
        return this.#refused(because, terms)
      }
    }
  }

  /** Waits for the run's turn in its queue; gives what it waited for where it may not wait any longer. */
  async #untilTurn(terms: AdmissionTerms, started: number): Promise<{ waitedFor: Wait | null; isOver: boolean }> {
    const { place, queue, maxConcurrent, onWait } = terms
    if (maxConcurrent === undefined) return { waitedFor: null, isOver: false }
    const message = `It waits for its turn: at most ${maxConcurrent} runs of the queue "${queue}" run at the same time.`
    let waitedFor: Wait | null = null
    while (!(await this.#turns.take(place, queue, maxConcurrent))) {
      if (waitedFor === null) await onWait(message, null)
      waitedFor = { message, limit: null }
      if (await pauseEnds(terms, started)) return { waitedFor, isOver: true }
    }
    return { waitedFor, isOver: false }
  }

  /** Budgets that queue runs, and that others wait for already: nobody overtakes them. */
  async #queuesAhead({ labels }: Run): Promise<string[]> {
    const budgets = await this.#store.gate('standing', { labels })
    const waited: string[] = []
    for (const { budget, onLimit } of budgets) {
      if (onLimit === 'queue' && (await this.#turns.isWaitedFor(queueOf(budget)))) waited.push(budget)
    }
    return waited
  }

  async #refused({ message, limit }: Wait, { place, queue, maxConcurrent }: AdmissionTerms): Promise<Admitted> {
    if (maxConcurrent !== undefined) await this.#turns.leave(place, queue)
    return { granted: false, message, limit }
  }

  /** Asks once more where runs hold what is asked whose process is gone. */
  async #askAgain(run: Run, remaining: Remaining, seedAll: () => Promise<void>): Promise<HeldRun | Denial> {
    const answer = await this.#ask(run, remaining, seedAll)
    const isHeld = !answer.granted && (answer.kind === 'contended' || answer.kind === 'exhausted')
    if (!isHeld || !(await releaseGone(this.#store, (other) => this.#turns.isLeft(other)))) return answer
    return this.#ask(run, remaining, seedAll)
  }

  /**
   * Asks every budget for the estimate, and for the least there is of what nobody estimated, so that no run begins where
   * nothing is left; and then for the cap. Where the cap does not fit and the estimate does, as much is
   * held as fits, and the run is warned.
   */
  async #ask(run: Run, { cap, estimate }: Remaining, seedAll: () => Promise<void>): Promise<HeldRun | Denial> {
    const { labels } = run
    for (let held = cap; ;) {
      const { decision } = await this.#store.gate('why', { asked: runAsked(labels, { ...least, ...estimate }) })
      const answer = decision.granted ? await RunHold.reserve(this.#store, holdIdOf(run), labels, held) : decision
      if (answer.granted) {
        const warnings = [...(decision.granted ? decision.warnings : []), ...answer.warnings]
        const distinct = warnings.filter(({ budget }, index) => warnings.findIndex((other) => other.budget === budget) === index)
        return { ...answer, warnings: held === cap ? distinct : [...distinct, shortened(cap, held)] }
      }
      if (answer.kind === 'unavailable') {
        await seedAll()
        continue
      }
      const less = decision.granted ? fitting(held, estimate, answer) : undefined
      if (less === undefined) return answer
      held = less
    }
  }
}

/** What a run asks for that does not say how much it needs. */
const least: Required<Cap> = { cost: 1n, tokens: 1n, calls: 1n }

/** What a refusal says; of a run that asked for nothing in particular only that nothing is left. */
function refusalOf(denial: Denial, { cap, estimate }: Remaining): Wait {
  const { metric, message } = denial
  const isOpen = metric !== 'concurrency' && estimate[metric] === undefined && cap?.[metric] === undefined
  if (!isOpen) return { message, limit: limitOf(denial) }
  const limit = { ...limitOf(denial), asked: null }
  const text = limitText(limit)
  return { message: `${capitalised(text)}.`, limit }
}

/** Waits a moment; true where the run may not wait any longer. */
async function pauseEnds({ signal, wanted, waitMs }: AdmissionTerms, started: number): Promise<boolean> {
  if (signal.aborted || wanted() !== null || performance.now() - started >= waitMs) return true
  await wait(lookMs * (0.75 + Math.random() / 2))
  return signal.aborted || wanted() !== null
}

function queueOf(budget: string): string {
  return `budget ${budget}`
}

function waitingForRoom({ message, limit }: Wait): Wait {
  return { message: `It waits for room. ${message}`, limit }
}

function waitingBehind(budget: string | undefined): Wait {
  return { message: `It waits behind other runs for room in budget "${budget}".`, limit: null }
}

function admitted({ hold, warnings }: HeldRun, ms: number, waitedFor: Wait | null): Admitted {
  const waitedMs = Math.round(ms)
  const verdict = waitedFor !== null ? 'queued' : warnings.length > 0 ? 'warned' : 'granted'
  return { granted: true, hold, admission: { verdict, warnings: warnings.map(({ message }) => message), waitedMs, waitedFor } }
}

/** Each start of a run has a hold of its own. */
function holdIdOf({ id, attempt }: Run): string {
  return `${runHoldPrefix(id)}${attempt}`
}

/** A smaller cap that a budget has room for, where what is foreseen fits into it. */
function fitting(cap: Cap | null, estimate: Cap, { metric, room }: Denial): Cap | undefined {
  if (cap === null || metric === 'concurrency') return undefined
  const [held, foreseen] = [cap[metric], estimate[metric]]
  if (held === undefined || foreseen === undefined || foreseen === 0n || room < foreseen || room >= held) return undefined
  return { ...cap, [metric]: room }
}

function shortened(cap: Cap | null, held: Cap | null): HeldRun['warnings'][number] {
  const shorter = (Object.keys(held ?? {}) as (keyof Cap)[]).filter((metric) => held?.[metric] !== cap?.[metric])
  const texts = shorter.map((metric) => `${formatAmount(metric, held?.[metric] ?? 0n)} of its ${formatAmount(metric, cap?.[metric] ?? 0n)}`)
  return { budget: 'run', message: `Budgets have room for ${texts.join(' and ')} only, so the run may spend no more than that.` }
}

/** The figures of a refusal. */
export function limitOf(denial: Denial): LimitReached {
  const { budget, metric, scope, limit, spent, held, presumed, asked, resetsAt, isWithheld } = denial
  return { budget, metric, scope, limit, spent, held, presumed, asked, resetsAt, ...(isWithheld === true && { isWithheld }) }
}
