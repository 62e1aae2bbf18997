import type { Fields } from './fields.ts'
import { addOutput, addPrompt } from './token-buckets.ts'
import type { UsageDraft } from './usage-draft.ts'

/** How one of OpenAI's APIs names its counts. */
export interface TokenNames {
  readonly input: string
  readonly output: string
  readonly inputDetails: readonly string[]
  readonly outputDetails: readonly string[]
}

export const chatNames: TokenNames = {
  input: 'prompt_tokens',
  output: 'completion_tokens',
  inputDetails: ['prompt_tokens_details'],
  outputDetails: ['completion_tokens_details'],
}

/** Responses, images and transcriptions; some of them write `token` without an s in the details. */
export const responseNames: TokenNames = {
  input: 'input_tokens',
  output: 'output_tokens',
  inputDetails: ['input_tokens_details', 'input_token_details'],
  outputDetails: ['output_tokens_details', 'output_token_details'],
}

const knownInputDetails = new Set([
  'cached_tokens',
  'cache_write_tokens',
  'cached_tokens_details',
  'audio_tokens',
  'image_tokens',
  'video_tokens',
  'text_tokens',
])
const knownOutputDetails = new Set([
  'reasoning_tokens',
  'audio_tokens',
  'image_tokens',
  'text_tokens',
  // Both are part of the output total, and rejected ones are billed as output like any other.
  'accepted_prediction_tokens',
  'rejected_prediction_tokens',
])

/** The fields of a usage that these names stand for, in every spelling. */
export const responseFields = [
  'input_tokens',
  'output_tokens',
  'total_tokens',
  'input_tokens_details',
  'input_token_details',
  'output_tokens_details',
  'output_token_details',
] as const

/** What a dialect of the API counts beside OpenAI's own fields. */
export interface TokenExtras {
  /** Cached prompt tokens reported outside the details. */
  readonly cached?: number
  /** Reasoning reported outside the details, on top of the output total. */
  readonly extraReasoning?: number
  /** Image output where the details do not split the output. */
  readonly outputMedium?: 'image' | 'audio'
  /** Where the total exceeds prompt and completion without an explanation, the rest is output. */
  readonly restIsOutput?: boolean
}

/**
 * Counts that OpenAI's APIs share. The input total includes cached, audio and image tokens; the output total includes
 * reasoning, audio, and accepted and rejected predictions. Where the total shows that reasoning comes on top of the
 * output (xAI: https://docs.x.ai/docs/key-information/consumption-and-rate-limits), it is added to it.
 */
export function addOpenAiTokens(draft: UsageDraft, usage: Fields, names: TokenNames, extras: TokenExtras = {}): void {
  const input = draft.required(usage, names.input, 'usage.')
  const output = draft.required(usage, names.output, 'usage.')
  const inputDetails = draft.part(usage, names.inputDetails, 'usage.')
  const outputDetails = draft.part(usage, names.outputDetails, 'usage.')
  addInput(draft, input, inputDetails, names, extras.cached ?? 0)
  const where = `usage.${names.outputDetails[0]}.`
  const inDetails = draft.count(outputDetails, 'reasoning_tokens', where)
  const extra = extras.extraReasoning ?? 0
  const added = reconcile(draft, usage, { input, output, reasoning: inDetails, extra }, extras.restIsOutput === true)
  const total = output + added
  addOutput(draft, {
    label: `usage.${names.output}`,
    total,
    audio: extras.outputMedium === 'audio' && outputDetails === undefined ? total : draft.count(outputDetails, 'audio_tokens', where),
    image: extras.outputMedium === 'image' && outputDetails === undefined ? total : draft.count(outputDetails, 'image_tokens', where),
    reasoning: inDetails + extra,
  })
  draft.reportUnknown(outputDetails, knownOutputDetails, where)
}

function addInput(draft: UsageDraft, total: number, details: Fields | undefined, names: TokenNames, cachedElsewhere: number): void {
  const where = `usage.${names.inputDetails[0]}.`
  const audio = draft.count(details, 'audio_tokens', where)
  const image = draft.count(details, 'image_tokens', where)
  const video = draft.count(details, 'video_tokens', where)
  const text = draft.count(details, 'text_tokens', where)
  const cachedBy = draft.part(details, ['cached_tokens_details'], where)
  const by = `${where}cached_tokens_details.`
  if (text > 0 && text + audio + image + video !== total) {
    draft.warn(
      'sum-mismatch',
      `usage.${names.input} is ${total}, but its text, audio, image and video tokens sum to ${text + audio + image + video}.`,
    )
  }
  addPrompt(draft, {
    label: `usage.${names.input}`,
    total,
    audio,
    image,
    video,
    cached: draft.count(details, 'cached_tokens', where) || cachedElsewhere,
    cachedBy:
      cachedBy === undefined
        ? undefined
        : { audio: draft.count(cachedBy, 'audio_tokens', by), image: draft.count(cachedBy, 'image_tokens', by), video: 0 },
    cacheWrite: draft.count(details, 'cache_write_tokens', where),
  })
  draft.reportUnknown(details, knownInputDetails, where)
}

interface Sides {
  readonly input: number
  readonly output: number
  readonly reasoning: number
  readonly extra: number
}

/** What the provider's total says about the output beyond its own count: reasoning on top of it, or nothing. */
function reconcile(draft: UsageDraft, usage: Fields, sides: Sides, restIsOutput: boolean): number {
  const said = draft.count(usage, 'total_tokens', 'usage.')
  const { input, output, reasoning, extra } = sides
  if (said === 0 || said === input + output || said === input + output + extra) return extra
  if (reasoning > 0 && said === input + output + reasoning) return reasoning
  const rest = said - input - output
  if (rest > 0 && restIsOutput) {
    draft.warn(
      'sum-mismatch',
      `usage.total_tokens is ${said}, prompt and completion sum to ${input + output}; the other ${rest} are counted as output, as thinking that the completion leaves out.`,
    )
    return rest
  }
  draft.warn('sum-mismatch', `usage.total_tokens is ${said}, but input and output sum to ${input + output + extra}.`)
  return extra
}
