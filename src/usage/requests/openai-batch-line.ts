import { asFields, asText, type Fields } from '../readers/fields.ts'

/** A request, or a line of a batch's input, which holds one: https://platform.openai.com/docs/guides/batch */
export function batchBody(fields: Fields): { readonly fields: Fields; readonly serviceTiers?: readonly string[] } {
  const inner = asFields(fields['body'])
  if (inner === undefined || asText(fields['custom_id']) === undefined) return { fields }
  return { fields: inner, serviceTiers: ['batch'] }
}
