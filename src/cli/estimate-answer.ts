import type { LearnedQuestion } from '../facade/estimates/estimate-questions.ts'
import type { Purser } from '../purser.ts'
import type { CostEstimate } from '../runs/cost-estimate.ts'
import type { LearnedCorrection } from '../runs/estimates/learned-correction.ts'
import { commandAuthor } from './command-author.ts'
import { labelsOf } from './call-options.ts'
import { estimateJson, learnedJson } from '../json/estimate-json.ts'
import { estimateNotes } from './estimate-view.ts'
import type { PeriodOptions } from '../reports/asked-period.ts'
import { answerOrSay, note, writeJson, writeLines } from './output.ts'
import { exitCodes } from './report-error.ts'
import type { Session } from './session.ts'
import { wrapNotes } from './terminal.ts'
import { isTracking } from './tracking-off.ts'

/** The options of `purser estimate`. */
export interface EstimateCommandOptions extends PeriodOptions {
  readonly compare?: readonly string[]
  readonly profile?: string
  readonly buffer?: string
  readonly project?: string
  readonly corrected?: true
  readonly history?: true
  readonly stage?: string
  readonly role?: string
  readonly where?: readonly string[]
  readonly run?: string
  readonly models?: readonly string[]
  readonly save?: string
  readonly label?: readonly string[]
}

export type Learned = LearnedCorrection | { readonly samples: number }

/** An estimate that is to be told. */
export interface EstimateAnswer {
  readonly made: CostEstimate
  readonly learned: Learned
  /** Whose past was learned from, for people. */
  readonly of: string
  /** Fields of the JSON beside those of every estimate. */
  readonly fields: Readonly<Record<string, unknown>>
  readonly lines: readonly string[]
  /** Before those that every estimate has. */
  readonly notes: readonly string[]
}

/** The ledger; where there is none yet one of this process, as a plan can be priced without a past. */
export function openForEstimates(session: Session, { save }: EstimateCommandOptions): Promise<Purser> {
  const isSaved = save !== undefined && session.config.trackingEnabled
  if (isSaved) return session.open({ create: true, prices: true, profiles: true, announce: true })
  const inMemory = session.hasLedger() ? {} : { inMemory: true as const }
  return session.open({ create: false, prices: true, profiles: true, ...inMemory })
}

export function learnedOf(purser: Purser, project: string | undefined, stage?: string): Promise<Learned> {
  const question: LearnedQuestion = { ...(project !== undefined && { project }), ...(stage !== undefined && { stage }) }
  return purser.estimates.learned(question)
}

/** Keeps an estimate with a run where that is asked, and tells it. */
export async function answerEstimate(
  session: Session,
  purser: Purser,
  { made, learned, of, fields, lines, notes }: EstimateAnswer,
  options: SavingOptions,
): Promise<void> {
  const save = await savedWith(session, purser, made, options)
  flagUnpriced([made])
  const saved = save === null ? [] : [`It is kept with run ${save}.`]
  await answerOrSay(saved.join(''), () =>
    session.json
      ? writeJson({ ...estimateJson(made), learned: learnedJson(learned), ...fields, saved: save })
      : writeLines([...lines, ...belowTable([...notes, ...estimateNotes([made], learned, of), ...saved])]),
  )
}

type SavingOptions = { readonly [K in 'save' | 'project' | 'label' | 'profile']?: EstimateCommandOptions[K] | null | undefined }

/** Keeps an estimate with the run that is asked; null where none is, or where nothing is kept of runs. */
async function savedWith(
  session: Session,
  purser: Purser,
  made: CostEstimate,
  { save = null, project, label, profile }: SavingOptions,
): Promise<string | null> {
  if (save === null) return null
  if (!(await isTracking(session))) {
    note(`Cost tracking is off, so the estimate is not kept with run ${save}.`)
    return null
  }
  await purser.estimates.save(save, made, {
    ...(project != null && { project }),
    ...(label != null && { labels: labelsOf({ label }) }),
    ...(profile != null && { profile }),
    author: commandAuthor(),
  })
  return save
}

/** What has no price is an answer of its own to who asks by exit code. */
export function flagUnpriced(estimates: readonly CostEstimate[]): void {
  if (estimates.some(({ unpriced }) => unpriced.length > 0)) process.exitCode = exitCodes.unpriced
}

export function belowTable(notes: readonly string[]): string[] {
  return notes.length === 0 ? [] : ['', ...wrapNotes(notes)]
}
