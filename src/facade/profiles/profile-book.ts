import type { BudgetStatus } from '../../budgets/budget-status.ts'
import { PurserError } from '../../errors.ts'
import type { Labels } from '../../ledger/charge.ts'
import { parseLabels } from '../../ledger/labels.ts'
import { knownProfiles } from '../../runs/profiles/parse-profiles.ts'
import { type ModelNeed, type Profile, stepsOf } from '../../runs/profiles/profile.ts'
import { resolveModel } from '../../runs/profiles/resolve-model.ts'
import { stepDown, stepText } from '../../runs/profiles/step-down.ts'
import type { Run } from '../../runs/run.ts'
import type { ModelName } from '../../usage/requests/call-request.ts'
import { checkFields, checkValue, type FieldKinds, mapping, text } from '../check-fields.ts'
import { contextLabels } from '../label-context.ts'
import type { LedgerHost } from '../ledger-host.ts'
import { currentRun } from '../runs/run-scope.ts'
import { type OpenProfiles, readOpenProfiles } from './open-profiles.ts'
import { ChosenProfiles, type ProfileInForce } from './chosen-profiles.ts'
import { StepDownNews } from './step-down-news.ts'

/** What a model is wanted for. What is left out is taken from the labels of the code that runs. */
export interface ModelQuestion extends ModelNeed {
  /** Whose profile is asked; the label `project` unless said otherwise. */
  readonly project?: string | undefined
  /** Labels of the call, by which budgets apply. */
  readonly labels?: Labels | undefined
  /** A profile to ask in place of the one in force. */
  readonly profile?: string | undefined
}

/** The profile that a run began with. */
export type BegunWith = Pick<Run, 'profile' | 'profileSince'>

/** The model that a profile says. */
export interface ModelAnswer {
  readonly provider: string
  readonly model: string
  /** The profile that it comes from. */
  readonly profile: string
  /** The profile in force, where that has stepped down. */
  readonly steppedDownFrom?: string
  /** Why it has, with the figures of the budget. */
  readonly because?: string
}

export interface ProfileUseOptions {
  /** Only for this project; for all that have none of their own unless given. */
  readonly project?: string
  /** Who changes it, for the event log. */
  readonly author?: string
}

const questionKinds: FieldKinds<ModelQuestion> = { stage: text, role: text, pass: text, project: text, labels: mapping, profile: text }
const useKinds: FieldKinds<ProfileUseOptions> = { project: text, author: text }

/**
 * The profiles of a ledger: which models are used for which calls, changed while programs run.
 * @example
 * const { provider, model } = await purser.profiles.model({ stage: 'review', role: 'director', pass: 'refine' })
 */
export class ProfileBook {
  readonly #host: LedgerHost
  readonly #profiles: ReadonlyMap<string, Profile>
  readonly #chosen: ChosenProfiles
  readonly #news: StepDownNews
  /** @throws PURSER_BAD_ARGUMENT naming the field that is wrong */
  constructor(host: LedgerHost, options: OpenProfiles) {
    this.#host = host
    this.#profiles = readOpenProfiles(options)
    this.#chosen = new ChosenProfiles(host, options.profile ?? null)
    this.#news = new StepDownNews(host.store)
  }

  /** Every profile, in the order in which they are defined. */
  list(): readonly Profile[] {
    return [...this.#profiles.values()]
  }

  /** @throws PURSER_NOT_FOUND naming the nearest one */
  get(name: string): Profile {
    checkValue('The name of a profile', name, text)
    const found = this.#profiles.get(name)
    if (found !== undefined) return found
    throw new PurserError('PURSER_NOT_FOUND', `There is no profile "${name}" (${knownProfiles(this.#profiles, name)}).`)
  }

  /** The profile in force now, for a project or for all others. */
  inForce(project?: string): Promise<ProfileInForce> {
    if (project !== undefined) checkValue('The project', project, text)
    return this.#host.run(() => this.#chosen.inForce(project))
  }

  /** The projects that have a profile of their own. */
  projects(): Promise<ReadonlyMap<string, string>> {
    return this.#host.run(() => this.#chosen.ofProjects())
  }

  /**
   * Puts a profile into force, from the next call on; null gives the choice back to what is above it: of a project to that
   * for all, of all to the configuration. Gives what was in force before.
   * @throws PURSER_NOT_FOUND, PURSER_BAD_ARGUMENT, PURSER_LEDGER_READ_ONLY
   */
  async use(name: string | null, options: ProfileUseOptions = {}): Promise<ProfileInForce> {
    checkFields<ProfileUseOptions>('the options', options, useKinds, '{ project: "film" }')
    const { project, author = 'sdk' } = options
    if (name !== null) this.get(name)
    if (project !== undefined) parseLabels({ project })
    return this.#host.run(async () => {
      const before = await this.#chosen.inForce(project)
      await this.#chosen.choose(name, project, { author, before: before.name })
      return before
    })
  }

  /** The models of the profile in force for some labels, and of those that it steps down to; none where none is in force. */
  async models(labels: Labels): Promise<ModelName[]> {
    const { name } = await this.#chosen.inForce(labels['project'])
    const profile = name === null ? undefined : this.#profiles.get(name)
    const choices = profile === undefined ? [] : stepsOf(this.#profiles, profile).flatMap((step) => step.choices)
    return [...new Set(choices.map(({ model }) => model))].flatMap((written) => {
      const found = resolveModel(this.#host.catalog(), written, Date.now())
      return found.kind === 'known' ? [{ provider: found.provider, model: found.model }] : []
    })
  }

  /**
   * The model for a call, by the profile in force at this moment, which is read each time. Where a budget is nearly used,
   * a profile may step down to another one; it does so no longer once the budget's next window begins.
   * @throws PURSER_NOT_FOUND where no profile is in force, or it names no model for the call; PURSER_BAD_ARGUMENT
   */
  model(question: ModelQuestion = {}): Promise<ModelAnswer> {
    checkFields<ModelQuestion>('the question', question, questionKinds, '{ stage: "review", pass: "refine" }')
    const run = currentRun(this.#host.store.location) ?? { profile: null, profileSince: null }
    return this.#host.run(() => this.#model(question, run))
  }

  /** The same for the code of a run, which goes by the profile that it began with until another one is put into force. */
  modelWithin(run: BegunWith, question: ModelQuestion): Promise<ModelAnswer> {
    checkFields<ModelQuestion>('the question', question, questionKinds, '{ stage: "review", pass: "refine" }')
    return this.#host.run(() => this.#model(question, run))
  }

  async #model(question: ModelQuestion, run: BegunWith): Promise<ModelAnswer> {
    const { stage, role, pass, project } = question
    const own = { ...(project && { project }), ...(stage && { stage }), ...(role && { role }), ...(pass && { pass }) }
    const labels = parseLabels({ ...contextLabels(), ...own, ...question.labels })
    const need = { stage: stage ?? labels['stage'], role: role ?? labels['role'], pass: pass ?? labels['pass'] }
    const asked = question.profile ?? (await this.#begunWith(run, project ?? labels['project']))
    const first = asked === undefined ? await this.#profileFor(project ?? labels['project']) : this.get(asked)
    const budgets = first.stepDown === null ? [] : await this.#budgetsOf(labels)
    const found = stepDown(this.#profiles, first, need, budgets)
    if (found === undefined) throw noModel(first, need)
    for (const step of found.steps) await this.#news.tell(step)
    const { provider, model } = this.#split(found.choice.model)
    const last = found.steps.at(-1)
    if (last === undefined) return { provider, model, profile: first.name }
    return { provider, model, profile: last.to, steppedDownFrom: first.name, because: found.steps.map(stepText).join(' ') }
  }

  async #begunWith({ profile, profileSince }: BegunWith, project: string | undefined): Promise<string | undefined> {
    if (profile === null) return undefined
    const chosenAt = await this.#chosen.lastChosenAt(project)
    return chosenAt > (profileSince ?? Number.NEGATIVE_INFINITY) ? undefined : profile
  }

  /** A model without a price is used all the same, as its owner wrote it. */
  #split(written: string): { provider: string; model: string } {
    const found = resolveModel(this.#host.catalog(), written, Date.now())
    if (found.provider !== null) return { provider: found.provider, model: found.model }
    const { message } = found as Extract<typeof found, { kind: 'unknown' }>
    throw new PurserError('PURSER_NOT_FOUND', `Nobody knows whose model "${written}" is; write it as provider/model. ${message}`)
  }

  async #profileFor(project: string | undefined): Promise<Profile> {
    const { name, by } = await this.#chosen.inForce(project)
    if (name === null) {
      const what = this.#profiles.size === 0 ? 'none is defined; add `profiles:` to purser.yaml' : 'choose one with `purser profiles use`'
      throw new PurserError('PURSER_NOT_FOUND', `No profile is in force, so no model can be named: ${what}.`)
    }
    const found = this.#profiles.get(name)
    if (found !== undefined) return found
    const whose = by === 'project' ? `project "${project}"` : 'all projects'
    const known = knownProfiles(this.#profiles, name)
    throw new PurserError(
      'PURSER_NOT_FOUND',
      `Profile "${name}" is in force for ${whose} and is not defined here (${known}); choose another with \`purser profiles use\`.`,
    )
  }

  /** Where the budgets stand that apply to a call; nothing is asked of them. */
  async #budgetsOf(labels: Labels): Promise<readonly BudgetStatus[]> {
    if (!this.#host.isTracking) return []
    return this.#host.store.gate('standing', { labels })
  }
}

function noModel(profile: Profile, need: ModelNeed): PurserError {
  const parts = Object.entries(need).flatMap(([what, name]) => (name === undefined ? [] : [`${what} "${String(name)}"`]))
  const what = parts.length === 0 ? 'calls of no stage, role or pass' : parts.join(', ')
  return new PurserError('PURSER_NOT_FOUND', `Profile "${profile.name}" names no model for ${what}. Give it a default, or say one.`)
}
