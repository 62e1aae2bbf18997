/** Where a model is wanted; what is left out is not asked by. */
export interface ModelNeed {
  readonly stage?: string | undefined
  readonly role?: string | undefined
  /** `draft`, `refine`, or a pass of the host's own. */
  readonly pass?: string | undefined
}

/** A model for calls of a stage, role and pass; null is any. */
export interface ModelChoice {
  readonly stage: string | null
  readonly role: string | null
  readonly pass: string | null
  /** As written: `provider/model`, or a model that the catalog knows by name; see resolve-model.ts. */
  readonly model: string
}

/** Another profile that takes over while a budget is nearly used. */
export interface StepDown {
  readonly to: string
  /** From this percent of the limit on, of what is spent and presumed. */
  readonly atPercent: number
  /** The budget that is looked at; null for each that applies to the call. */
  readonly budget: string | null
}

/** A named choice of models per stage, role and pass. */
export interface Profile {
  readonly name: string
  readonly choices: readonly ModelChoice[]
  readonly stepDown: StepDown | null
}

/**
 * The choice of a profile for a call; undefined where it has none. The most specific one wins: stage with role and pass,
 * stage with role, stage with pass, stage, role with pass, role, pass, and last the default.
 */
export function chooseModel(profile: Profile, need: ModelNeed): ModelChoice | undefined {
  let best: ModelChoice | undefined
  let bestRank = -1
  for (const choice of profile.choices) {
    const isFor =
      (choice.stage === null || choice.stage === need.stage) &&
      (choice.role === null || choice.role === need.role) &&
      (choice.pass === null || choice.pass === need.pass)
    const rank = rankOf(choice)
    if (isFor && rank > bestRank) [best, bestRank] = [choice, rank]
  }
  return best
}

/** A stage outweighs role and pass together, a role outweighs a pass. */
export function rankOf({ stage, role, pass }: ModelChoice): number {
  return (stage === null ? 0 : 4) + (role === null ? 0 : 2) + (pass === null ? 0 : 1)
}

/** The profile and those that it steps down to, in that order. */
export function stepsOf(profiles: ReadonlyMap<string, Profile>, first: Profile): Profile[] {
  const next = first.stepDown === null ? undefined : profiles.get(first.stepDown.to)
  return next === undefined ? [first] : [first, ...stepsOf(profiles, next)]
}
