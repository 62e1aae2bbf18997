import type { EstimateOptions } from '../facade/estimates/estimate-questions.ts'
import type { PlanInput } from '../runs/estimates/plan.ts'
import { answerEstimate, belowTable, type EstimateCommandOptions, flagUnpriced, learnedOf, openForEstimates } from './estimate-answer.ts'
import { comparisonJson, learnedJson } from '../json/estimate-json.ts'
import { comparisonLines, estimateLines, estimateNotes, unknownDifferenceNotes } from './estimate-view.ts'
import { warn, writeJson, writeLines } from './output.ts'
import { readPlanFile } from './read-plan.ts'
import type { Session } from './session.ts'

/** `purser estimate plan.yaml`, also side by side with several profiles. */
export async function estimateFromPlan(session: Session, path: string, options: EstimateCommandOptions): Promise<void> {
  const plan = await readPlanFile(path)
  const { compare, buffer, corrected, profile } = options
  const project = options.project ?? plan.project
  const asked: EstimateOptions = {
    ...(buffer !== undefined && { buffer }),
    ...(corrected === true && { corrected }),
    ...(project !== undefined && { project }),
  }
  const purser = await openForEstimates(session, options)
  const learned = await learnedOf(purser, project)
  if (corrected === true && !('p50' in learned)) {
    warn(`it is not corrected: that takes three earlier runs with an estimate, and there are ${learned.samples}.`)
  }
  const title = `Estimate of ${path === '-' ? 'the plan' : path}`
  const of = project ?? 'runs'
  if (compare === undefined) {
    const made = await purser.estimates.plan(plan, { ...asked, ...(profile !== undefined && { profile }) })
    const lines = session.json ? [] : estimateLines(made.profile === null ? title : `${title}, profile ${made.profile}`, made)
    return answerEstimate(
      session,
      purser,
      { made, learned, of, fields: {}, lines, notes: [] },
      { ...options, project, profile: profile ?? plan.profile },
    )
  }
  const comparison = await purser.estimates.compare(plan, compare, asked)
  flagUnpriced(comparison.estimates)
  if (session.json) return writeJson({ ...comparisonJson(comparison), learned: learnedJson(learned) })
  const notes = [...fixedNotes(plan), ...unknownDifferenceNotes(comparison), ...estimateNotes(comparison.estimates, learned, of)]
  return writeLines([...comparisonLines(title, comparison), ...belowTable(notes)])
}

/** Profiles make no difference to calls whose model the plan names. */
function fixedNotes({ calls }: PlanInput): string[] {
  const fixed = calls.filter(({ model }) => model !== undefined && model !== null).length
  if (fixed === 0) return []
  return [`The plan itself names the model of ${fixed} of its ${calls.length} lines; they cost the same with each profile.`]
}
