import { hasZodFastifySchemaValidationErrors, isResponseSerializationError } from 'fastify-type-provider-zod'
import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify'
import { z } from 'zod'
import { errorRegistry, PurserError } from '../errors.ts'

/** An error as RFC 9457 has it: `application/problem+json`. */
export const problemShape = z.strictObject({
  type: z.string().describe('a name of the error; the reference of errors explains it'),
  title: z.string(),
  status: z.int(),
  detail: z.string().describe('what is wrong, with its figures, and the next step'),
  code: z.string().describe('see the reference of errors'),
  instance: z.string().optional().describe('the request, as logs name it'),
})

export type Problem = z.infer<typeof problemShape>

const mediaType = 'application/problem+json; charset=utf-8'

/** Answers an error; what nobody foresaw is told without its text, which may hold anything. */
export function sendProblem(error: unknown, request: FastifyRequest, reply: FastifyReply): void {
  const problem = problemOf(error, request)
  if (problem.status >= 500) request.log.error({ err: error, code: problem.code }, problem.detail)
  void reply.status(problem.status).type(mediaType).send(JSON.stringify(problem))
}

function problemOf(error: unknown, { id, method, url }: FastifyRequest): Problem {
  if (error instanceof PurserError) return made(error.code, error.message, id)
  if (hasZodFastifySchemaValidationErrors(error)) {
    const [first] = error.validation
    const place = [error.validationContext ?? 'request', ...(first?.instancePath ?? '').split('/').filter(Boolean)].join('.')
    return made('PURSER_BAD_ARGUMENT', `${place}: ${first?.message ?? 'it is not of the documented shape'}.`, id)
  }
  if (isResponseSerializationError(error)) return made('PURSER_INVARIANT', 'The answer is not of the shape that it should have.', id)
  const { statusCode, message } = error as Partial<FastifyError>
  if (statusCode !== undefined && statusCode >= 400 && statusCode < 500) {
    const code = statusCode === 429 ? 'PURSER_RATE_LIMITED' : statusCode === 404 ? 'PURSER_NOT_FOUND' : 'PURSER_BAD_ARGUMENT'
    return { ...made(code, message ?? 'The request cannot be read.', id), status: statusCode }
  }
  return made('PURSER_INVARIANT', `Something went wrong with ${method} ${url.split('?')[0] ?? ''}. The log of the server says more.`, id)
}

/** The problem of a code of the registry. */
export function made(code: PurserError['code'], detail: string, instance?: string): Problem {
  const { status, meaning } = errorRegistry[code]
  return {
    type: `urn:purser:error:${code}`,
    title: meaning,
    status,
    detail,
    code,
    ...(instance !== undefined && { instance }),
  }
}
