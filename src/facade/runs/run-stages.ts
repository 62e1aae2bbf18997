import { hash } from 'node:crypto'
import { PurserError } from '../../errors.ts'
import type { Labels } from '../../ledger/charge.ts'
import { parseCap } from '../../runs/cap.ts'
import type { Stage } from '../../runs/run.ts'
import { type Kept, keptStages, writeStage } from '../../runs/run-documents.ts'
import type { Store } from '../../stores/store.ts'
import type { StageOptions } from './run-options.ts'
import { parseEstimate, spentOf } from './run-spending.ts'

const maxKeptBytes = 64 * 1024

/** The stages of one run, as they are kept: which are finished, and what they gave. */
export class RunStages {
  readonly #store: Store
  readonly #run: string
  readonly #known: Map<string, Kept<Stage>>
  /** Keys that this execution has used; each stands for one stage. */
  readonly #used = new Set<string>()

  private constructor(store: Store, run: string, known: Map<string, Kept<Stage>>) {
    this.#store = store
    this.#run = run
    this.#known = known
  }

  static async load(store: Store, run: string): Promise<RunStages> {
    const kept = await keptStages(store, run)
    const stages = kept.map(({ value }) => value)
    const known = new Map<string, Kept<Stage>>()
    for (const { value, version } of kept) known.set(value.key, { value: await withSpent(store, value, stages), version })
    return new RunStages(store, run, known)
  }

  /** A stage as it stands before it runs. @throws PURSER_BAD_ARGUMENT for one that ran already in this execution */
  describe(name: string, options: StageOptions, labels: Labels): Stage {
    const key = options.key ?? keyOf(name, labels)
    if (this.#used.has(key)) {
      throw new PurserError(
        'PURSER_BAD_ARGUMENT',
        `The stage "${key}" has run already in this run. Give each its own \`labels\`, such as its scene, or a \`key\`.`,
      )
    }
    this.#used.add(key)
    const before = this.#known.get(key)?.value
    return {
      run: this.#run,
      key,
      name,
      labels,
      state: 'running',
      order: before?.order ?? this.#known.size + 1,
      attempt: (before?.attempt ?? 0) + 1,
      startedAt: Date.now(),
      endedAt: null,
      cap: options.budget === undefined ? null : parseCap('budget', options.budget),
      estimateNanos: options.estimate === undefined ? null : parseEstimate('estimate', options.estimate, Date.now()).costNanos,
      message: null,
      spent: before?.spent ?? null,
      kept: null,
    }
  }

  /** A stage that failed may be tried again by the same code. */
  free(key: string): void {
    this.#used.delete(key)
  }

  /**
   * A stage that was finished before, unless it is to run again.
   * @throws PURSER_CONFLICT where its host wants what it gave and that was not kept: to pay for it twice is the host's to say
   */
  finished(key: string, { keep = false, again = false }: StageOptions): Stage | undefined {
    const known = this.#known.get(key)?.value
    if (known?.state !== 'completed' || again) return undefined
    if (!keep || known.kept !== null) return known
    throw new PurserError(
      'PURSER_CONFLICT',
      `The stage "${key}" was finished before, and what it gave was not kept. Run it without \`keep\`, or give it \`again: true\` to run, and pay for, it once more.`,
    )
  }

  /** @throws PURSER_CONFLICT where another process executes the run now */
  async write(stage: Stage): Promise<void> {
    const version = this.#known.get(stage.key)?.version ?? 0
    // Known before it is written, so that the next stage gets the next place.
    this.#known.set(stage.key, { value: stage, version: version + 1 })
    await this.#store.transact({ documents: [writeStage(stage, version)] })
  }
}

/**
 * A stage whose process was killed has not written down what its calls came to; its charges say so, unless other stages have
 * its name and labels.
 */
async function withSpent(store: Store, stage: Stage, all: readonly Stage[]): Promise<Stage> {
  const { run, name, labels, state } = stage
  const isAlone = all.every((other) => other === stage || keyOf(other.name, other.labels) !== keyOf(name, labels))
  return state === 'running' && isAlone ? { ...stage, spent: await spentOf(store, run, { ...labels, stage: name }) } : stage
}

/** Name and labels, such as `extract scene=s1`. */
function keyOf(name: string, labels: Labels): string {
  const parts = Object.entries(labels).map(([key, value]) => `${key}=${value}`)
  const key = [name, ...parts.toSorted()].join(' ')
  return key.length <= 200 ? key : `${name.slice(0, 100)} ${hash('sha256', key).slice(0, 32)}`
}

/** What a stage gave, as it is kept; undefined where it is no JSON, or too much of it. Nothing is kept as nothing. */
export function keptResult(value: unknown): Stage['kept'] | undefined {
  if (value === undefined) return { value }
  let text: string | undefined
  try {
    text = JSON.stringify(value)
  } catch {
    return undefined
  }
  return text === undefined || Buffer.byteLength(text) > maxKeptBytes ? undefined : { value: JSON.parse(text) as unknown }
}
