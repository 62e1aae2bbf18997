import { asFields } from './fields.ts'

/** A response, and the tier that its envelope tells. */
export interface Enveloped {
  readonly body: unknown
  readonly serviceTier?: 'batch'
}

/**
 * Takes a response out of a line of OpenAI's batch output (`{ custom_id, response: { body } }`), whose body does not
 * say that it was served at the batch rate: https://platform.openai.com/docs/guides/batch
 */
export function openBatchLine(body: unknown): Enveloped {
  const line = asFields(body)
  if (line?.['custom_id'] === undefined) return { body }
  const inner = asFields(asFields(line['response'])?.['body'])
  return inner === undefined ? { body } : { body: inner, serviceTier: 'batch' }
}
