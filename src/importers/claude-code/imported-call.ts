import type { Basis, ChargeInput, Labels } from '../../ledger/charge.ts'
import { parseUsd } from '../../money/nanos.ts'
import type { Meter } from '../../usage/meters.ts'
import { acceptableLabels } from '../acceptable-labels.ts'
import type { ImportedCall } from '../importer.ts'
import type { TranscriptCall } from './transcript-call.ts'

type Writable<T> = { -readonly [K in keyof T]: T[K] }

/** Turns calls of transcripts into charges. Calls of one session share one labels object, which makes booking them cheap. */
export function createCallMapper(labels: Labels, basis: Basis): (call: TranscriptCall) => ImportedCall {
  const labelsOf = createLabels(labels)
  return (call) => {
    const charge: Writable<ChargeInput> = {
      at: call.at,
      provider: 'anthropic',
      model: call.model,
      usage: usageOf(call),
      labels: labelsOf(call),
      basis,
    }
    if (call.responseId === '') charge.id = call.ownId
    else charge.responseId = call.responseId
    if (call.serviceTier !== '') charge.serviceTier = call.serviceTier
    if (call.speed !== '') charge.speed = call.speed
    if (call.region !== '') charge.region = call.region
    if (call.stopReason !== '') charge.stopReason = call.stopReason
    if (call.reportedUsd !== '') charge.reportedNanos = parseUsd(call.reportedUsd)
    if (call.warnings.length > 0) charge.warnings = call.warnings
    return { charge, onExisting: 'supersede', rank: call.rank }
  }
}

function usageOf(call: TranscriptCall): ChargeInput['usage'] {
  const usage: { [K in Meter]?: number } = {}
  if (call.inputTokens > 0) usage.inputTokens = call.inputTokens
  if (call.cacheReadTokens > 0) usage.cacheReadTokens = call.cacheReadTokens
  if (call.cacheWrite5mTokens > 0) usage.cacheWrite5mTokens = call.cacheWrite5mTokens
  if (call.cacheWrite1hTokens > 0) usage.cacheWrite1hTokens = call.cacheWrite1hTokens
  if (call.outputTokens > 0) usage.outputTokens = call.outputTokens
  if (call.reasoningTokens > 0) usage.reasoningTokens = call.reasoningTokens
  if (call.searches > 0) usage.searches = call.searches
  return usage
}

function createLabels(given: Labels): (call: TranscriptCall) => Labels {
  const known = new Map<string, Labels>()
  return ({ project, session, branch }) => {
    const key = `${session}\n${branch}\n${project}`
    let labels = known.get(key)
    if (labels === undefined) {
      labels = { ...acceptableLabels({ project, session, branch }), ...given }
      known.set(key, labels)
    }
    return labels
  }
}
