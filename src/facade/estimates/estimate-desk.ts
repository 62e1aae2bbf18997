import type { CostEstimate } from '../../runs/cost-estimate.ts'
import type { EstimateComparison } from '../../runs/estimates/compare-estimates.ts'
import type { HistoryEstimate } from '../../runs/estimates/estimate-history.ts'
import type { LearnedCorrection } from '../../runs/estimates/learned-correction.ts'
import type { PlanInput } from '../../runs/estimates/plan.ts'
import type { RepricedRun } from '../../runs/estimates/repriced-run.ts'
import { checkFields, checkValue, type FieldKinds, flag, list, mapping, text, texts } from '../check-fields.ts'
import type { LedgerHost } from '../ledger-host.ts'
import type { ProfileBook } from '../profiles/profile-book.ts'
import type { EstimateOptions, HistoryQuestion, LearnedQuestion, RepriceChoice, RunComparison, SaveOptions } from './estimate-questions.ts'
import type * as Sources from './estimate-sources.ts'

const percent = { is: 'a percent, like 10 or "10%"', holds: (value: unknown) => typeof value === 'number' || typeof value === 'string' }
const instant = { is: 'an instant in milliseconds since 1970', holds: (value: unknown) => Number.isFinite(value) }
const optionKinds: FieldKinds<EstimateOptions> = { buffer: percent, profile: text, project: text, corrected: flag }
const historyKinds: FieldKinds<HistoryQuestion> = {
  project: text,
  stage: text,
  role: text,
  where: list,
  sinceMs: instant,
  untilMs: instant,
  buffer: percent,
}
const choiceKinds = { models: mapping, profile: text, buffer: percent }
const theOptions = 'the options'
const anOption = '{ buffer: 10 }'
const theRun = 'The run'

/**
 * Estimates: what a run will cost, from a plan, from the past, or from a past run under other models. What makes them is
 * loaded on first use.
 * @example
 * await purser.estimates.plan({ calls: [{ stage: 'extract', model: 'openai/gpt-4o-mini', calls: 40, input: 3000, output: 500 }] })
 */
export class EstimateDesk {
  readonly #host: LedgerHost
  readonly #profiles: ProfileBook

  constructor(host: LedgerHost, profiles: ProfileBook) {
    this.#host = host
    this.#profiles = profiles
  }

  /**
   * What a plan comes to, by the prices of now. Calls without a price are named in `unpriced` and left out: the estimate is
   * then a lower bound.
   * @throws PURSER_BAD_ARGUMENT naming the field of the plan that is wrong; PURSER_NOT_FOUND for a profile that is not there
   */
  plan(input: PlanInput, options: EstimateOptions = {}): Promise<CostEstimate> {
    checkFields<EstimateOptions>(theOptions, options, optionKinds, anOption)
    return this.#with(async ({ planEstimate }) => planEstimate(this.#host, this.#profiles, input, options))
  }

  /** What a plan comes to with each of several profiles, side by side. Calls that name a model cost the same with each. */
  compare(input: PlanInput, profiles: readonly string[], options: Omit<EstimateOptions, 'profile'> = {}): Promise<EstimateComparison> {
    checkValue('The list of profiles', profiles, texts)
    checkFields<EstimateOptions>(theOptions, options, optionKinds, anOption)
    return this.#with(async ({ planComparison }) => planComparison(this.#host, this.#profiles, input, profiles, options))
  }

  /**
   * What such runs, or such stages of them, really cost: half of them, and nine of ten. With fewer than three there is no
   * figure.
   * @throws PURSER_BAD_ARGUMENT, PURSER_BAD_QUERY
   */
  history(question: HistoryQuestion = {}): Promise<HistoryEstimate> {
    checkFields<HistoryQuestion>('the question', question, historyKinds, '{ project: "film" }')
    return this.#with(async ({ historyEstimate }) => historyEstimate(this.#host, question))
  }

  /**
   * What a past run would cost under other models, by the prices of now, with the token counts that it had; models count
   * tokens differently, so it is an estimate.
   * @throws PURSER_NOT_FOUND where no call carries the run, or a profile is not there; PURSER_BAD_ARGUMENT for a model that
   * did not serve it
   */
  repriced(run: string, choice: RepriceChoice): Promise<RepricedRun> {
    checkValue(theRun, run, text)
    checkFields('the choice of models', choice, choiceKinds, '{ models: { "gpt-4o": "gpt-4o-mini" } }')
    return this.#with(async ({ repriceRun }) => repriceRun(this.#host, this.#profiles, run, choice))
  }

  /** What a past run would cost with each of several profiles, side by side. @throws as `repriced` does */
  compareRun(run: string, profiles: readonly string[], options: Pick<EstimateOptions, 'buffer'> = {}): Promise<RunComparison> {
    checkValue(theRun, run, text)
    checkValue('The list of profiles', profiles, texts)
    checkFields<Pick<EstimateOptions, 'buffer'>>(theOptions, options, { buffer: percent }, anOption)
    return this.#with(async ({ runComparison }) => runComparison(this.#host, this.#profiles, run, profiles, options.buffer))
  }

  /**
   * What runs of a project came to for each dollar that was estimated, or such a stage of them; without a figure where fewer
   * than three say it.
   */
  learned(question: LearnedQuestion = {}): Promise<LearnedCorrection | { readonly samples: number }> {
    checkFields<LearnedQuestion>('the question', question, { project: text, stage: text }, '{ project: "film" }')
    const { project, stage } = question
    return this.#with(async ({ learnFrom }) => learnFrom(this.#host.store, { project, stage }))
  }

  /**
   * Keeps an estimate with a run that has not begun; one that is not known yet becomes a planned run. With cost tracking off
   * nothing is kept.
   * @throws PURSER_CONFLICT where the run has begun: its estimate is what was foreseen before; PURSER_BAD_LABEL, PURSER_NOT_FOUND
   * for a profile that is not there
   */
  save(run: string, estimate: CostEstimate, options: SaveOptions = {}): Promise<void> {
    checkValue(theRun, run, text)
    checkFields<SaveOptions>(theOptions, options, { project: text, labels: mapping, profile: text, author: text }, '{ project: "film" }')
    return this.#with(async ({ saveEstimate }) => {
      if (options.profile !== undefined) this.#profiles.get(options.profile)
      if (this.#host.isTracking) await saveEstimate(this.#host.store, run, estimate, options)
    })
  }

  #with<T>(work: (sources: typeof Sources) => Promise<T>): Promise<T> {
    return this.#host.run(async () => work(await import('./estimate-sources.ts')))
  }
}
