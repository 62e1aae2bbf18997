import { type InputPath, inputPlace, pathText } from '../../budgets/input-place.ts'
import { PurserError } from '../../errors.ts'
import type { Charge } from '../../ledger/charge.ts'
import { asItStands } from '../../ledger/correction.ts'
import type { CostEstimate } from '../../runs/cost-estimate.ts'
import { compareEstimates, type EstimateComparison } from '../../runs/estimates/compare-estimates.ts'
import { estimateHistory, type HistoryEstimate } from '../../runs/estimates/estimate-history.ts'
import { estimatePlan } from '../../runs/estimates/estimate-plan.ts'
import { corrected } from '../../runs/estimates/learned-correction.ts'
import { parseBuffer, parsePlan } from '../../runs/estimates/parse-plan.ts'
import type { Plan, PlanInput } from '../../runs/estimates/plan.ts'
import { type RepricedRun, Repricing, type Replacements } from '../../runs/estimates/repriced-run.ts'
import type { Profile } from '../../runs/profiles/profile.ts'
import type { LedgerHost } from '../ledger-host.ts'
import type { ProfileBook } from '../profiles/profile-book.ts'
import type { EstimateOptions, HistoryQuestion, RepriceChoice, RunComparison } from './estimate-questions.ts'
import { learnFrom, pastCosts } from './past-runs.ts'
import { asSentence } from '../../text/sentence.ts'

export { learnFrom } from './past-runs.ts'
export { saveEstimate } from './save-estimate.ts'

export async function planEstimate(
  host: LedgerHost,
  profiles: ProfileBook,
  input: PlanInput,
  options: EstimateOptions,
): Promise<CostEstimate> {
  const plan = readPlan(input, options)
  const profile = await profileOf(profiles, plan, options)
  return correctedIf(host, plan, options, estimatePlan(plan, { catalog: host.catalog(), at: Date.now(), profile }))
}

export async function planComparison(
  host: LedgerHost,
  profiles: ProfileBook,
  input: PlanInput,
  names: readonly string[],
  options: EstimateOptions,
): Promise<EstimateComparison> {
  const plan = readPlan(input, options)
  const [catalog, at] = [host.catalog(), Date.now()]
  const named = new Map<string, CostEstimate>()
  for (const name of names) {
    named.set(name, await correctedIf(host, plan, options, estimatePlan(plan, { catalog, at, profile: profiles.get(name) })))
  }
  return compareEstimates(named)
}

export async function historyEstimate(host: LedgerHost, question: HistoryQuestion): Promise<HistoryEstimate> {
  const bufferPercent = bufferOf(question.buffer) ?? 0
  return estimateHistory(await pastCosts(host.store, question), { at: Date.now(), bufferPercent })
}

export async function repriceRun(host: LedgerHost, profiles: ProfileBook, run: string, choice: RepriceChoice): Promise<RepricedRun> {
  const bufferPercent = bufferOf(choice.buffer) ?? 0
  const repricing = new Repricing(host.catalog(), replacementsOf(profiles, choice), Date.now())
  let calls = 0
  for await (const charge of standingChargesOf(host, run)) {
    calls += 1
    repricing.add(charge)
  }
  if (calls === 0) throw new PurserError('PURSER_NOT_FOUND', `No call of the ledger carries the run "${run}".`)
  const repriced = repricing.build(bufferPercent)
  const [unmet] = repriced.unmet
  if (unmet === undefined) return repriced
  throw new PurserError('PURSER_BAD_ARGUMENT', `No call of run "${run}" was served by "${unmet}"; it was by ${repriced.models.join(', ')}.`)
}

export async function runComparison(
  host: LedgerHost,
  profiles: ProfileBook,
  run: string,
  names: readonly string[],
  buffer: number | string | undefined,
): Promise<RunComparison> {
  const repriced = new Map<string, RepricedRun>()
  for (const profile of names) {
    repriced.set(profile, await repriceRun(host, profiles, run, { profile, ...(buffer !== undefined && { buffer }) }))
  }
  const comparison = compareEstimates(new Map([...repriced].map(([name, { estimate }]) => [name, estimate])))
  return { ...comparison, repriced: [...repriced.values()] }
}

function replacementsOf(profiles: ProfileBook, choice: RepriceChoice): Replacements {
  const both = choice as { readonly profile?: string; readonly models?: Readonly<Record<string, string>> }
  if (both.profile !== undefined && both.models === undefined) return { profile: profiles.get(both.profile) }
  const models = new Map(Object.entries(both.models ?? {}))
  const isRight =
    both.profile === undefined && models.size > 0 && [...models.values()].every((model) => typeof model === 'string' && model !== '')
  if (isRight) return { models }
  throw new PurserError('PURSER_BAD_ARGUMENT', 'Say either a profile, or models like { "gpt-4o": "gpt-4o-mini" }.')
}

/** Only a plan that leaves a model out asks for a profile. */
async function profileOf(profiles: ProfileBook, plan: Plan, { profile, project }: EstimateOptions): Promise<Profile | null> {
  const named = profile ?? plan.profile
  if (named !== null) return profiles.get(named)
  if (plan.calls.every(({ model }) => model !== null)) return null
  const { name } = await profiles.inForce(project ?? plan.project ?? undefined)
  return name === null ? null : profiles.get(name)
}

async function correctedIf(host: LedgerHost, plan: Plan, options: EstimateOptions, estimate: CostEstimate): Promise<CostEstimate> {
  if (options.corrected !== true) return estimate
  const learned = await learnFrom(host.store, { project: options.project ?? plan.project ?? undefined, stage: undefined })
  return 'p50' in learned ? corrected(estimate, learned.p50) : estimate
}

function readPlan(input: PlanInput, { buffer }: EstimateOptions): Plan {
  const plan = parsePlan(input, inputPlace(refusePlan))
  return { ...plan, bufferPercent: bufferOf(buffer) ?? plan.bufferPercent }
}

function bufferOf(buffer: number | string | undefined): number | undefined {
  if (buffer === undefined) return undefined
  return parseBuffer(buffer, inputPlace(refuseBuffer))
}

function refusePlan(path: InputPath, predicate: string): never {
  throw new PurserError(
    'PURSER_BAD_ARGUMENT',
    asSentence(`${path.length === 0 ? 'The plan' : `"${pathText(path)}" of the plan`} ${predicate}`),
  )
}

function refuseBuffer(_: InputPath, predicate: string): never {
  throw new PurserError('PURSER_BAD_ARGUMENT', `The buffer ${predicate}.`)
}

/** The calls of a run after their corrections, which carry its label too: those are gathered first, as they are few. */
async function* standingChargesOf({ store }: LedgerHost, run: string): AsyncIterable<Charge> {
  const subject = { kind: 'run', value: run }
  const corrections = new Map<string, Charge[]>()
  for await (const charge of store.charges({ subject })) {
    if (charge.corrects === null) continue
    const before = corrections.get(charge.corrects)
    if (before === undefined) corrections.set(charge.corrects, [charge])
    else before.push(charge)
  }
  for await (const charge of store.charges({ subject })) {
    if (charge.corrects === null) yield asItStands(charge, corrections.get(charge.id) ?? [])
  }
}
